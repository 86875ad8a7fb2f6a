"""The first shape: verifications, attempts, pools, guesses, applications, keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _applications()
    _verifications()
    _attempts()
    _history()
    _pools()
    _guesses()
    _signing_keys()


def downgrade() -> None:
    for table in (
        "signing_keys",
        "failures",
        "guesses",
        "caller_ids",
        "pools",
        "idempotency",
        "seen_events",
        "trace",
        "attempts",
        "verifications",
        "api_keys",
        "applications",
    ):
        op.drop_table(table)


def _applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("allowed_origins", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("name", name=op.f("uq_applications_name")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_api_keys_application_id_applications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_index(op.f("ix_api_keys_application_id"), "api_keys", ["application_id"])


def _verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("code_challenge", sa.Text(), nullable=True),
        sa.Column("client", sa.Text(), nullable=True),
        sa.Column("capabilities", sa.Text(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("step_started_at", sa.BigInteger(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("next_check_at", sa.BigInteger(), nullable=True),
        sa.Column("code_salt", sa.LargeBinary(), nullable=True),
        sa.Column("code_made_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.Column("proof", sa.Text(), nullable=True),
        sa.Column("token_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifications")),
    )
    op.create_index(
        "ix_verifications_plain",
        "verifications",
        ["created_at"],
        sqlite_where=sa.text("number IS NOT NULL"),
        postgresql_where=sa.text("number IS NOT NULL"),
    )
    op.create_index(
        "ix_verifications_erased",
        "verifications",
        ["created_at"],
        sqlite_where=sa.text("number IS NULL"),
        postgresql_where=sa.text("number IS NULL"),
    )
    op.create_index(
        "ix_verifications_pending_number",
        "verifications",
        ["number_digest"],
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_verifications_pending_wake",
        "verifications",
        ["wake_at"],
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_verifications_reference",
        "verifications",
        ["application_id", "reference", "created_at"],
        sqlite_where=sa.text("reference IS NOT NULL"),
        postgresql_where=sa.text("reference IS NOT NULL"),
    )


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("call", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("routing_reason", sa.Text(), nullable=True),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("caller_id", sa.Text(), nullable=True),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("ringing_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("hang_up_at", sa.BigInteger(), nullable=True),
        sa.Column("hang_ups", sa.Integer(), nullable=False),
        sa.Column("ring_ms", sa.Integer(), nullable=True),
        sa.Column("reported", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["verifications.id"],
            name=op.f("fk_attempts_verification_id_verifications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("verification_id", "position", name=op.f("uq_attempts_verification_id_position")),
    )
    op.create_index(
        "ix_attempts_claimed",
        "attempts",
        ["claimed_at"],
        sqlite_where=sa.text("state IN ('dialing', 'sending')"),
        postgresql_where=sa.text("state IN ('dialing', 'sending')"),
    )
    op.create_index(
        "ix_attempts_hang_up",
        "attempts",
        ["hang_up_at"],
        sqlite_where=sa.text("hang_up_at IS NOT NULL"),
        postgresql_where=sa.text("hang_up_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_attempts_number_digest_queued_at"), "attempts", ["number_digest", "queued_at"])
    op.create_index(
        "ix_attempts_queued",
        "attempts",
        ["queued_at"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_attempts_remote",
        "attempts",
        ["remote_id", "carrier"],
        sqlite_where=sa.text("remote_id IS NOT NULL"),
        postgresql_where=sa.text("remote_id IS NOT NULL"),
    )


def _history() -> None:
    op.create_table(
        "trace",
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["verifications.id"],
            name=op.f("fk_trace_verification_id_verifications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("verification_id", "position", name=op.f("pk_trace")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "seen_events",
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("carrier", "event_key", name=op.f("pk_seen_events")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_seen_events_seen_at"), "seen_events", ["seen_at"])
    op.create_table(
        "idempotency",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_idempotency_created_at"), "idempotency", ["created_at"])


def _pools() -> None:
    op.create_table(
        "pools",
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_pools_application_id_applications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_pools")),
    )
    op.create_table(
        "caller_ids",
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("e164", sa.Text(), nullable=False),
        sa.Column("healthy", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_caller_ids_application_id_applications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("application_id", "e164", name=op.f("pk_caller_ids")),
        sqlite_with_rowid=False,
    )


def _guesses() -> None:
    op.create_table(
        "guesses",
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("verification_id", name=op.f("pk_guesses")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_guesses_number_digest_at"), "guesses", ["number_digest", "at"])
    op.create_table(
        "failures",
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("in_a_row", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number_digest", name=op.f("pk_failures")),
        sqlite_with_rowid=False,
    )


def _signing_keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
