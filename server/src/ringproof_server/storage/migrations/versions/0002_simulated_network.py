"""The simulated telephone network and its virtual handsets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PLANNED = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    _create_calls()
    _create_messages()
    _create_handsets()
    _create_callbacks()


def downgrade() -> None:
    for name in (
        "simulated_callbacks",
        "simulated_handset_events",
        "simulated_handsets",
        "simulated_messages",
        "simulated_calls",
    ):
        op.drop_table(name)


def _create_calls() -> None:
    op.create_table(
        "simulated_calls",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("attempt_id", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("behaviour", sa.Text, nullable=False),
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("caller_id_shown", sa.Text),
        sa.Column("dial_timeout", sa.Integer, nullable=False),
        sa.Column("document_url", sa.Text, nullable=False),
        sa.Column("events_url", sa.Text, nullable=False),
        sa.Column("placed_at", sa.BigInteger, nullable=False),
        sa.Column("rings_at", sa.BigInteger),
        sa.Column("answers_at", sa.BigInteger),
        sa.Column("answered_by", sa.Text),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("end_reason", sa.Text, nullable=False),
        sa.Column("cancel_takes", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("rang_at", sa.BigInteger),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("hang_up_at", sa.BigInteger),
        sa.Column("hang_ups", sa.Integer, nullable=False),
        sa.Column("heard", sa.Text),
        sa.Column("talk_ends_at", sa.BigInteger),
        sa.Column("keys", sa.Text, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("document_claimed_until", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
    )
    _create_due_index("simulated_calls")
    op.create_index("ix_simulated_calls_attempt_id", "simulated_calls", ["attempt_id"])
    op.create_index("ix_simulated_calls_number", "simulated_calls", ["number"])


def _create_messages() -> None:
    op.create_table(
        "simulated_messages",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("attempt_id", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("behaviour", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("events_url", sa.Text, nullable=False),
        sa.Column("placed_at", sa.BigInteger, nullable=False),
        sa.Column("arrived_at", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger),
    )
    _create_due_index("simulated_messages")
    op.create_index("ix_simulated_messages_attempt_id", "simulated_messages", ["attempt_id"])


def _create_handsets() -> None:
    op.create_table(
        "simulated_handsets",
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("behaviour", sa.Text, nullable=False),
        sa.Column("delay_ms", sa.Integer, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("placements", sa.Integer, nullable=False),
        sa.Column("last_seq", sa.Integer, nullable=False),
    )
    op.create_table(
        "simulated_handset_events",
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text),
        sa.Column("state", sa.Text),
        sa.Column("caller_id", sa.Text),
        sa.Column("ring_ms", sa.Integer),
        sa.Column("answered", sa.Boolean),
        sa.Column("heard", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("text", sa.Text),
    )


def _create_callbacks() -> None:
    row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "simulated_callbacks",
        sa.Column("id", row_number, primary_key=True, autoincrement=True),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("delivered_at", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger),
    )
    _create_due_index("simulated_callbacks")
    op.create_index("ix_simulated_callbacks_subject_id", "simulated_callbacks", ["subject_id"])


def _create_due_index(table: str) -> None:
    op.create_index(f"ix_{table}_due_at", table, ["due_at"], sqlite_where=_PLANNED, postgresql_where=_PLANNED)
