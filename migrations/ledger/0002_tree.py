"""The ledger's order and its signed heads; and bounds, on PostgreSQL alone, for what every zone's login may insert.

An event at `infinity`, or in a year that Python has no date for, could not be read again and would stop the chain.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BOUNDS = "at > '2000-01-01' AND at < '2200-01-01' AND octet_length(payload) < 1048576"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "leaves",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_leaves")),
        sa.UniqueConstraint("event", name=op.f("uq_leaves_event")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoints")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_check_constraint(op.f("ck_events_bounds"), "events", _BOUNDS)


def downgrade() -> None:
    """Take the change back. Every event stays; the anchors outside still say what its order was."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_events_bounds"), "events")
    op.drop_table("checkpoints")
    op.drop_table("leaves")
