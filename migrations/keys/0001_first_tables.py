"""The first tables of the keys silo."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "mailbox",
        sa.Column("submission", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("submission", name=op.f("pk_mailbox")),
    )
    op.create_table(
        "secrets",
        sa.Column("pseudonym", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", "purpose", name=op.f("pk_secrets")),
    )
    op.create_index(op.f("ix_secrets_epoch"), "secrets", ["epoch"])
    op.create_table(
        "space_secrets",
        sa.Column("locator", sa.LargeBinary(length=32), nullable=False),
        sa.Column("submission", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("locator", name=op.f("pk_space_secrets")),
    )
    op.create_index(op.f("ix_space_secrets_submission"), "space_secrets", ["submission"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("space_secrets")
    op.drop_table("secrets")
    op.drop_table("mailbox")
