"""A patient's erasing, its taking back and its hastening, as withdrawals: ledger → keys.

The moment the patient pressed is what counts, not that at which the worker came to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.db import Databases
from app.desk.models import Visit
from app.front.models import FrontOutbox
from app.ledger.genuine import say, seconds
from app.ledger.service import PURPOSES
from app.retention import due_of, term_of, was_held
from app.vault import withdrawals
from app.vault.keystore import Keystore
from app.vault.models import Withdrawal
from app.vault.sealing import Context, unseal_json

ERASING = frozenset({"erase", "keep", "destroy"})
"""The acts that are about the file itself."""
LEAST_GRACE = timedelta(hours=1)
"""What is left at least of the grace once the worker comes to an erasing: the patient zone's clock may be slow."""


def carry_erasing(
    db: Databases, keystore: Keystore, row: FrontOutbox, action: str, visit: Visit, now: datetime, kept_days: int
) -> None:
    """Carry one of the three acts, about a visit as it was before it. Again changes nothing.

    Raises SiloUnavailable.
    """
    will = _Will(db, keystore, row.pseudonym, min(row.created_at, now), now)
    if action == "erase":
        _erase(will, visit, kept_days)
    elif action == "keep":
        _keep(will)
    else:
        _destroy(will, visit, kept_days)


def open_withdrawn(db: Databases, keystore: Keystore, row: FrontOutbox, context: Context) -> dict[str, Any]:
    """Open an act that came after its space was withdrawn; the caller's taking out has left the trace.

    Raises SecretMissing, EpochKeyMissing, KeystoreDamaged, Unsealable.
    """
    with db.reading("keys") as session:
        secret = keystore.get(session, row.pseudonym, "space")
    return unseal_json(secret, row.sealed, context)


@dataclass(frozen=True, slots=True)
class _Will:
    """What one patient wants of their file, the moment they pressed, and the worker's own."""

    db: Databases
    keystore: Keystore
    pseudonym: UUID
    pressed: datetime
    now: datetime

    def rows(self) -> Mapping[str, Withdrawal]:
        """Return what is withdrawn, by purpose."""
        with self.db.reading("keys") as session:
            return withdrawals.withdrawals_of(session, self.pseudonym)

    def tell(self, event_name: str, **fields: Any) -> None:
        """Tell the ledger."""
        fields |= {"actor": None, "role": "patient"}
        say(self.db, self.keystore, self.now, "worker", event_name, self.pseudonym, **fields)

    def tell_withdrawn(self, purpose: str, due_at: datetime, *, restricted: bool) -> None:
        """Tell the ledger of a withdrawal."""
        kept = "yes" if restricted else "no"
        self.tell("purpose.withdrawn", origin="patient", purpose=purpose, restricted=kept, due=seconds(due_at))


def _erase(will: _Will, visit: Visit, kept_days: int) -> None:
    held = was_held(visit.state, visit.starts_at, will.pressed, confirmed=visit.confirmed)
    term = term_of(visit.starts_at, visit.minutes, visit.created_at, kept_days)
    least = will.now + LEAST_GRACE
    dues = {of: max(due_of(of, will.pressed, term, held=held), least) for of in sorted(PURPOSES)}
    for purpose, due_at in dues.items():
        will.tell_withdrawn(purpose, due_at, restricted=held and purpose != "space")
    with will.db.writing("keys") as session:
        for purpose, due_at in dues.items():
            withdrawals.withdraw(session, will.pseudonym, [purpose], "patient", will.pressed, due_at)


def _keep(will: _Will) -> None:
    """Take back what the patient withdrew and was not due when they pressed."""
    for row in will.rows().values():
        if row.origin == "patient" and row.due_at > will.pressed:
            will.tell("purpose.restored", purpose=row.purpose, due=seconds(row.due_at))
    with will.db.writing("keys") as session:
        withdrawals.take_back(session, will.pseudonym, will.pressed, "patient")


def _destroy(will: _Will, visit: Visit, kept_days: int) -> None:
    """Not wait for the end of the grace; what is not withdrawn yet is, should the erasing be still to come.

    What the law keeps stays until its term.
    """
    if not will.rows().keys() >= PURPOSES:
        _erase(will, visit, kept_days)
    rows = will.rows()
    soon = [of for of, row in rows.items() if row.due_at <= rows["space"].due_at]
    for purpose in soon:
        will.tell_withdrawn(purpose, will.pressed, restricted=False)
    with will.db.writing("keys") as session:
        withdrawals.withdraw(session, will.pseudonym, soon, "patient", will.pressed, will.pressed)
