"""What is no longer to be opened, and when it is destroyed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "withdrawals",
        sa.Column("pseudonym", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("first_by", sa.Uuid(), nullable=True),
        sa.Column("second_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("pseudonym", "purpose", name=op.f("pk_withdrawals")),
    )
    op.create_index(op.f("ix_withdrawals_due_at"), "withdrawals", ["due_at"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("withdrawals")
