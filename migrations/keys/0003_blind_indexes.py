"""Blind indexes of contacts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "blind_indexes",
        sa.Column("pseudonym", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=8), nullable=False),
        sa.Column("epoch", sa.String(length=4), nullable=False),
        sa.Column("value", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", "field", "epoch", name=op.f("pk_blind_indexes")),
    )
    op.create_index(op.f("ix_blind_indexes_value"), "blind_indexes", ["value"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("blind_indexes")
