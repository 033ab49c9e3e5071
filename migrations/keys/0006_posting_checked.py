"""What the mailbox refuses: a row for no intake pair, one said to be younger than its pair, one for a closed pair.

A pair's private key is kept while a row needs it. A row that names no pair could never be told to be past, and one
of a past pair that claims today's date would not look late: both are refused by a constraint, on PostgreSQL. The
bounds are the span of a pair (half a day, or the week of releases before), the 3 days that its public key may still
be used (`app.vault.intake.OVERLAP`), and a day for clocks that differ. No sending writes such a row: those that are
there are removed.

Before a private key goes, its pair is closed: `post_secrets` then refuses what is sealed to it, by returning false,
and its sender seals anew. On SQLite `app.vault.posting` does the same.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NAME = "ck_mailbox_epoch"
_DAY = """
    timestamp '2000-01-01' + make_interval(
        years => substr(epoch, 1, 4)::int - 2000, months => substr(epoch, 6, 2)::int - 1,
        days => substr(epoch, 9, 2)::int - 1
    )
"""
_NAMED = f"""
    CASE WHEN epoch ~ '^2[01][0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}}(T12)?$' THEN
        to_char({_DAY}, 'YYYY-MM-DD') = substr(epoch, 1, 10) AND created_at < {_DAY} + interval '5 days'
    WHEN epoch ~ '^2[01][0-9]{{2}}-W[0-9]{{2}}$' THEN
        to_char(to_date(epoch, 'IYYY"-W"IW'), 'IYYY"-W"IW') = epoch
        AND created_at < to_date(epoch, 'IYYY"-W"IW') + 11
    ELSE false END
"""
"""A day or a week that its month or year lacks comes back under another name."""

_SIGNATURE = "public.post_secrets(uuid, text, bytea, timestamp)"
_HEAD = "CREATE FUNCTION public.post_secrets(submission uuid, epoch text, sealed bytea, created_at timestamp)"
_RUNS = "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
_INSERT = """
    INSERT INTO public.mailbox (submission, epoch, sealed, created_at)
    SELECT post_secrets.submission, post_secrets.epoch, post_secrets.sealed, post_secrets.created_at
"""
_OVER = """
    ON CONFLICT (submission) DO UPDATE
    SET epoch = excluded.epoch, sealed = excluded.sealed, created_at = excluded.created_at
"""
_CHECKED = f"""
    {_HEAD} RETURNS boolean {_RUNS} AS $$
        WITH posted AS (
            {_INSERT}
            WHERE NOT EXISTS (
                SELECT FROM public.closed_intakes AS closed WHERE closed.epoch = post_secrets.epoch
            )
            {_OVER}
            RETURNING true
        )
        SELECT EXISTS (SELECT FROM posted)
    $$
"""  # noqa: S608 - the statements above
_BEFORE = f"{_HEAD} RETURNS void {_RUNS} AS $$ {_INSERT} {_OVER} $$"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "closed_intakes",
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_closed_intakes")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DELETE FROM mailbox WHERE NOT ({_NAMED})")  # noqa: S608 - the condition above
        op.create_check_constraint(op.f(_NAME), "mailbox", _NAMED)
        _replace(_CHECKED)


def downgrade() -> None:
    """Take the change back."""
    if op.get_bind().dialect.name == "postgresql":
        _replace(_BEFORE)
        op.drop_constraint(op.f(_NAME), "mailbox")
    op.drop_table("closed_intakes")


def _replace(definition: str) -> None:
    """Make the function anew, whose kind of answer changes; the rights to it are given after the migrations."""
    op.execute(f"DROP FUNCTION {_SIGNATURE}")
    op.execute(definition)
    op.execute(f"REVOKE ALL ON FUNCTION {_SIGNATURE} FROM PUBLIC")
