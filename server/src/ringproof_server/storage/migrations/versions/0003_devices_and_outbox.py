"""Addresses other than the number, enrolled devices, and events on their way to applications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_UNSENT = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    for name in ("webhook", "hook", "texts"):
        op.add_column("applications", sa.Column(name, sa.Text))
    op.add_column("verifications", sa.Column("recipients", sa.Text))
    # Nothing has ever read it.
    op.drop_column("verifications", "step_started_at")
    _create_devices()
    _create_outbox()


def downgrade() -> None:
    op.drop_table("outbox")
    op.drop_table("devices")
    op.add_column(
        "verifications", sa.Column("step_started_at", sa.BigInteger, nullable=False, server_default="0")
    )
    op.drop_column("verifications", "recipients")
    for name in ("texts", "hook", "webhook"):
        op.drop_column("applications", name)


def _create_devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "application_id",
            sa.Text,
            sa.ForeignKey("applications.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("number_digest", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("last_step", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
    )
    op.create_index("ix_devices_number_digest_application_id", "devices", ["number_digest", "application_id"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("application_id", sa.Text, nullable=False),
        sa.Column("verification_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("claimed_until", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("delivered_at", sa.BigInteger),
        sa.Column("gave_up_at", sa.BigInteger),
        sa.UniqueConstraint("verification_id", "position"),
    )
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"], sqlite_where=_UNSENT, postgresql_where=_UNSENT)
