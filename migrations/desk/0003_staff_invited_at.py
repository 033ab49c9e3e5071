"""When each account was last invited: a new one is not yet a second person."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change. Accounts that are there count as old: nothing waited for two persons before."""
    op.add_column("staff", sa.Column("invited_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("staff", "invited_at")
