"""The first tables of the identity silo."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "contacts",
        sa.Column("pseudonym", sa.Uuid(), nullable=False),
        sa.Column("submission", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("pk_contacts")),
        sa.UniqueConstraint("submission", name=op.f("uq_contacts_submission")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("contacts")
