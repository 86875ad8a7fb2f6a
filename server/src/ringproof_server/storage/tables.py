"""The tables, as SQLAlchemy Core sees them; the migrations build them, a test compares the two.

Times are whole microseconds since 1970 in UTC. Numbers of people are looked up by `number_digest`, a keyed
digest, so that history keeps counting after the plain `number` has been erased. Partial indexes keep what is
still open small, however much history lies beside it; SQLite uses them only for queries that spell the same
condition, which is why each condition is a constant here.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

IS_PENDING: Final = "status = 'pending'"
IS_QUEUED: Final = "state = 'queued'"
IS_CLAIMED: Final = "state IN ('dialing', 'sending')"
AWAITS_HANG_UP: Final = "hang_up_at IS NOT NULL"
IS_PLAIN: Final = "number IS NOT NULL"
IS_ERASED: Final = "number IS NULL"
HAS_REFERENCE: Final = "reference IS NOT NULL"
HAS_REMOTE_ID: Final = "remote_id IS NOT NULL"
IS_UNSENT: Final = "due_at IS NOT NULL"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


applications = Table(
    "applications",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("allowed_origins", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("webhook", Text),
    Column("hook", Text),
    Column("texts", Text),
    UniqueConstraint("name"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("application_id", Text, ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("hint", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    UniqueConstraint("digest"),
    Index(None, "application_id"),
)

verifications = Table(
    "verifications",
    metadata,
    Column("id", Text, primary_key=True),
    Column("application_id", Text, nullable=False),
    Column("number", Text),
    Column("number_digest", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("reference", Text),
    Column("nonce", Text),
    Column("language", Text),
    Column("code_challenge", Text),
    Column("client", Text),
    Column("capabilities", Text, nullable=False),
    Column("payment", Text),
    Column("plan", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("reports", Integer, nullable=False),
    Column("checks", Integer, nullable=False),
    Column("next_check_at", BigInteger),
    Column("code_salt", LargeBinary),
    Column("code_made_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("wake_at", BigInteger),
    Column("proof", Text),
    Column("token_id", Text),
    Column("version", Integer, nullable=False),
    Column("recipients", Text),
    _partial("ix_verifications_plain", "created_at", where=IS_PLAIN),
    _partial("ix_verifications_erased", "created_at", where=IS_ERASED),
    _partial("ix_verifications_pending_number", "number_digest", where=IS_PENDING),
    _partial("ix_verifications_pending_wake", "wake_at", where=IS_PENDING),
    _partial("ix_verifications_reference", "application_id", "reference", "created_at", where=HAS_REFERENCE),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("verification_id", Text, ForeignKey("verifications.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("number_digest", LargeBinary, nullable=False),
    Column("channel", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("call", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("carrier", Text),
    Column("routing_reason", Text),
    Column("remote_id", Text),
    Column("caller_id", Text),
    Column("queued_at", BigInteger, nullable=False),
    Column("claimed_at", BigInteger),
    Column("accepted_at", BigInteger),
    Column("ringing_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("hang_up_at", BigInteger),
    Column("hang_ups", Integer, nullable=False),
    Column("ring_ms", Integer),
    Column("reported", Boolean),
    Column("version", Integer, nullable=False),
    UniqueConstraint("verification_id", "position"),
    Index(None, "number_digest", "queued_at"),
    _partial("ix_attempts_queued", "queued_at", where=IS_QUEUED),
    _partial("ix_attempts_claimed", "claimed_at", where=IS_CLAIMED),
    _partial("ix_attempts_hang_up", "hang_up_at", where=AWAITS_HANG_UP),
    _partial("ix_attempts_remote", "remote_id", "carrier", where=HAS_REMOTE_ID),
)

trace = Table(
    "trace",
    metadata,
    Column("verification_id", Text, ForeignKey("verifications.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_with_rowid=False,
)

seen_events = Table(
    "seen_events",
    metadata,
    Column("carrier", Text, primary_key=True),
    Column("event_key", Text, primary_key=True),
    Column("seen_at", BigInteger, nullable=False),
    Index(None, "seen_at"),
    sqlite_with_rowid=False,
)

pools = Table(
    "pools",
    metadata,
    Column("application_id", Text, ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, nullable=False),
)

caller_ids = Table(
    "caller_ids",
    metadata,
    Column("application_id", Text, ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True),
    Column("e164", Text, primary_key=True),
    Column("healthy", Boolean, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

guesses = Table(
    "guesses",
    metadata,
    Column("verification_id", Text, primary_key=True),
    Column("number_digest", LargeBinary, nullable=False),
    Column("probability", Double, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "number_digest", "at"),
    sqlite_with_rowid=False,
)

failures = Table(
    "failures",
    metadata,
    Column("number_digest", LargeBinary, primary_key=True),
    Column("in_a_row", Integer, nullable=False),
    sqlite_with_rowid=False,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("verification_id", Text, nullable=False),
    Column("result", Text),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "created_at"),
    sqlite_with_rowid=False,
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("public", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("application_id", Text, ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
    Column("number_digest", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("label", Text),
    Column("last_step", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index(None, "number_digest", "application_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("application_id", Text, nullable=False),
    Column("verification_id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("claimed_until", BigInteger),
    Column("tries", Integer, nullable=False),
    Column("delivered_at", BigInteger),
    Column("gave_up_at", BigInteger),
    UniqueConstraint("verification_id", "position"),
    Index(None, "created_at"),
    _partial("ix_outbox_due_at", "due_at", where=IS_UNSENT),
)
