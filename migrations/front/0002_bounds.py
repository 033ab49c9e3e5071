"""Bounds for times that the patient zone writes, on PostgreSQL alone.

Its login may insert `infinity`, or a year that Python has no date for: such a row can't be read any more, and would
stop the intake of all others. SQLite keeps no time but what `app.db` writes.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = ("submissions", "outbox")


def upgrade() -> None:
    """Apply the change."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _TABLES:
        op.create_check_constraint(
            op.f(f"ck_{table}_bounds"), table, "created_at > '2000-01-01' AND created_at < '2200-01-01'"
        )


def downgrade() -> None:
    """Take the change back."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _TABLES:
        op.drop_constraint(op.f(f"ck_{table}_bounds"), table)
