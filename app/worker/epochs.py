"""The daily and weekly turn of keys: made before they are needed, destroyed once nothing needs them."""

from app.clock import Clock
from app.db import Databases
from app.ledger.service import record
from app.vault.door import Vault


def turn_keys(db: Databases, vault: Vault, clock: Clock) -> int:
    """Make today's and this week's keys, move secrets under them, destroy old ones; return how many keys changed.

    To be called often: a call moves secrets, and a later one destroys the keys they left. Raises SiloUnavailable.
    """
    now = clock()
    made = vault.keystore.ensure_epoch(now)
    with db.writing("keys") as session:
        rewrapped = vault.keystore.rewrap(session, now)
    with db.writing("keys") as session:
        old_intake = vault.keystore.destroy_old_intake(session, now)
    for event, kind, names in (
        ("epoch.made", "secrets", made.secrets),
        ("epoch.made", "intake", made.intake),
        ("epoch.destroyed", "secrets", rewrapped.destroyed),
        ("epoch.destroyed", "intake", old_intake),
    ):
        for name in names:
            record(db, now, "worker", event, epoch=name, kind=kind)
    return len(made.secrets) + len(made.intake) + len(rewrapped.destroyed) + len(old_intake)
