"""Which pseudonyms staff said to be one person."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "joins",
        sa.Column("pseudonym", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("pk_joins")),
    )
    op.create_index(op.f("ix_joins_person"), "joins", ["person"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("joins")
