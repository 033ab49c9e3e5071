"""Which event of the ledger each secret was taken out for; on PostgreSQL, the clinic's one way to a secret.

Two functions, as those of 0002. `note_openings` writes the trace; `opened_secrets` gives the secrets of an event's
trace only once that trace is committed, so that who takes a secret out can't roll the trace back. A row of the
caller's own transaction, or of any part of it between savepoints, was written by an id of transaction that is not
done. A row holds the lower 32 bits of that id; what it is short of is taken from the snapshot's end, which every id
that is done lies before. Ids below 3 are those of rows that were frozen long ago. A trace serves for a minute, by
the server's clock. On SQLite, which knows no rights, `app.vault.openings` makes the same statements.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FUNCTIONS = {
    "public.note_openings(uuid, uuid[], text[])": """
        CREATE FUNCTION public.note_openings(event uuid, pseudonyms uuid[], purposes text[])
        RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            INSERT INTO public.openings (event, pseudonym, purpose, at)
            SELECT note_openings.event, asked.pseudonym, asked.purpose, timezone('UTC', clock_timestamp())
            FROM unnest(note_openings.pseudonyms, note_openings.purposes) AS asked (pseudonym, purpose)
            ON CONFLICT DO NOTHING
        $$
    """,
    "public.opened_secrets(uuid)": """
        CREATE FUNCTION public.opened_secrets(event uuid)
        RETURNS TABLE (pseudonym uuid, purpose text, withdrawn boolean, epoch text, wrapped bytea)
        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            WITH noted AS MATERIALIZED (
                SELECT opening.pseudonym, opening.purpose, opening.xmin::text::bigint AS writer,
                    pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS coming
                FROM public.openings AS opening
                WHERE opening.event = opened_secrets.event
                    AND opening.at > timezone('UTC', clock_timestamp()) - interval '1 minute'
            ), aged AS MATERIALIZED (
                SELECT noted.*, (coming % 4294967296 - writer + 4294967296) % 4294967296 AS ago FROM noted
            ), durable AS MATERIALIZED (
                SELECT aged.pseudonym, aged.purpose FROM aged
                WHERE CASE
                    WHEN writer < 3 THEN true
                    WHEN ago BETWEEN 1 AND 2147483647 AND ago < coming
                        THEN pg_xact_status((coming - ago)::text::xid8) IS NOT DISTINCT FROM 'committed'
                    ELSE false END
            )
            SELECT durable.pseudonym, durable.purpose, gone.pseudonym IS NOT NULL,
                CASE WHEN gone.pseudonym IS NULL THEN kept.epoch END,
                CASE WHEN gone.pseudonym IS NULL THEN kept.wrapped END
            FROM durable
            LEFT JOIN public.withdrawals AS gone
                ON gone.pseudonym = durable.pseudonym AND gone.purpose = durable.purpose
            LEFT JOIN public.secrets AS kept
                ON kept.pseudonym = durable.pseudonym AND kept.purpose = durable.purpose
        $$
    """,
}


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "openings",
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.Column("pseudonym", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("event", "pseudonym", "purpose", name=op.f("pk_openings")),
    )
    op.create_index(op.f("ix_openings_at"), "openings", ["at"])
    if op.get_bind().dialect.name != "postgresql":
        return
    for signature, definition in _FUNCTIONS.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")


def downgrade() -> None:
    """Take the change back."""
    if op.get_bind().dialect.name == "postgresql":
        for signature in _FUNCTIONS:
            op.execute(f"DROP FUNCTION {signature}")
    op.drop_table("openings")
