"""The tables of the simulated network; points of time are microseconds since 1970 in UTC.

They are not connected to the server's own tables: the network is another party, and its record is what the
server's behaviour is judged by. For the same reason nothing here is unique per attempt: a call placed twice
shows as two rows. Numbers stand here in clear because no subscriber has them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text, text

metadata: Final = MetaData()

IS_PLANNED: Final = text("due_at IS NOT NULL")
"""The condition of the partial indexes, which keeps them small whatever the history."""

_ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def _due_index(name: str) -> Index:
    return Index(name, "due_at", sqlite_where=IS_PLANNED, postgresql_where=IS_PLANNED)


calls: Final = Table(
    "simulated_calls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("attempt_id", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("number", Text, nullable=False),
    # Which call to this handset it is, from 1; with the seed it decides everything that chance decides.
    Column("ordinal", Integer, nullable=False),
    Column("behaviour", Text, nullable=False),
    Column("caller_id", Text, nullable=False),
    Column("caller_id_shown", Text),
    Column("dial_timeout", Integer, nullable=False),
    # Where the next document is; `listening` says what may stand behind it.
    Column("document_url", Text, nullable=False),
    Column("events_url", Text, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    # The plan.
    Column("rings_at", BigInteger),
    Column("answers_at", BigInteger),
    Column("answered_by", Text),
    Column("ends_at", BigInteger, nullable=False),
    Column("end_reason", Text, nullable=False),
    Column("cancel_takes", BigInteger, nullable=False),
    # What happened.
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("rang_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("hang_up_at", BigInteger),
    Column("hang_ups", Integer, nullable=False),
    Column("heard", Text),
    Column("talk_ends_at", BigInteger),
    Column("keys", Text, nullable=False),
    Column("events", Integer, nullable=False),
    # Until then another process is fetching the document.
    Column("document_claimed_until", BigInteger, nullable=False),
    # When this row needs attention; null after the end.
    Column("due_at", BigInteger),
    _due_index("ix_simulated_calls_due_at"),
    Index("ix_simulated_calls_attempt_id", "attempt_id"),
    Index("ix_simulated_calls_number", "number"),
)

messages: Final = Table(
    "simulated_messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("attempt_id", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("behaviour", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("events_url", Text, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("arrived_at", BigInteger),
    # When it arrives or, once it has, is looked at; null when nothing will happen to it any more.
    Column("due_at", BigInteger),
    _due_index("ix_simulated_messages_due_at"),
    Index("ix_simulated_messages_attempt_id", "attempt_id"),
)

handsets: Final = Table(
    "simulated_handsets",
    metadata,
    Column("number", Text, primary_key=True),
    Column("behaviour", Text, nullable=False),
    Column("delay_ms", Integer, nullable=False),
    Column("fault", Text, nullable=False),
    Column("placements", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
)

handset_events: Final = Table(
    "simulated_handset_events",
    metadata,
    Column("number", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("call_id", Text),
    Column("state", Text),
    Column("caller_id", Text),
    Column("ring_ms", Integer),
    Column("answered", Boolean),
    Column("heard", Text),
    Column("channel", Text),
    Column("text", Text),
)

callbacks: Final = Table(
    "simulated_callbacks",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("subject_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("delivered_at", BigInteger),
    # When it is tried (again); null once it was delivered or given up.
    Column("due_at", BigInteger),
    _due_index("ix_simulated_callbacks_due_at"),
    Index("ix_simulated_callbacks_subject_id", "subject_id"),
)
