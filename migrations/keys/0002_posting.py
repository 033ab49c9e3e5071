"""The three functions by which the patient zone posts and fetches sealed secrets, and bounds, on PostgreSQL alone.

They run with the rights of the silo's owner, in which names are looked up nowhere else (CVE-2018-1058), so that
their caller needs no right to a table. On SQLite, which knows no rights, `app.vault.posting` makes the
same statements. The times that the zone may give have bounds: `infinity`, or a year that Python has no date for,
could not be read any more and would stop the worker.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FUNCTIONS = {
    "public.post_secrets(uuid, text, bytea, timestamp)": """
        CREATE FUNCTION public.post_secrets(submission uuid, epoch text, sealed bytea, created_at timestamp)
        RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            INSERT INTO public.mailbox (submission, epoch, sealed, created_at)
            VALUES (post_secrets.submission, post_secrets.epoch, post_secrets.sealed, post_secrets.created_at)
            ON CONFLICT (submission) DO UPDATE
            SET epoch = excluded.epoch, sealed = excluded.sealed, created_at = excluded.created_at
        $$
    """,
    "public.keep_space_secret(bytea, uuid, bytea, timestamp)": """
        CREATE FUNCTION public.keep_space_secret(locator bytea, submission uuid, sealed bytea, created_at timestamp)
        RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            INSERT INTO public.space_secrets AS kept (locator, submission, sealed, created_at)
            VALUES (
                keep_space_secret.locator, keep_space_secret.submission,
                keep_space_secret.sealed, keep_space_secret.created_at
            )
            ON CONFLICT (locator) DO UPDATE
            SET sealed = excluded.sealed, created_at = excluded.created_at
            WHERE kept.submission = excluded.submission
        $$
    """,
    "public.space_secret(bytea)": """
        CREATE FUNCTION public.space_secret(locator bytea) RETURNS TABLE (sealed bytea, submission uuid)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            SELECT kept.sealed, kept.submission FROM public.space_secrets AS kept
            WHERE kept.locator = space_secret.locator
        $$
    """,
}
_BOUNDED = ("mailbox", "space_secrets")


def upgrade() -> None:
    """Apply the change."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for signature, definition in _FUNCTIONS.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    for table in _BOUNDED:
        op.create_check_constraint(
            op.f(f"ck_{table}_bounds"), table, "created_at > '2000-01-01' AND created_at < '2200-01-01'"
        )


def downgrade() -> None:
    """Take the change back."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _BOUNDED:
        op.drop_constraint(op.f(f"ck_{table}_bounds"), table)
    for signature in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
