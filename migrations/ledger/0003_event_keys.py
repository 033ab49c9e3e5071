"""Keys that events are sealed under, each sealed itself to the key of its month."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BOUNDS = "octet_length(envelope) < 4096"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "event_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_keys")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_check_constraint(op.f("ck_event_keys_bounds"), "event_keys", _BOUNDS)


def downgrade() -> None:
    """Take the change back. What was sealed meanwhile can't be read then; its chain can."""
    op.drop_table("event_keys")
