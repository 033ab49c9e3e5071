"""A clinic's files as its administrator meets them: booked, looked at, grown old, destroyed."""

from datetime import timedelta
from uuid import UUID

from app.booking.signed import Signed
from app.clinic import retention
from app.clinic.people import SignedIn
from app.clinic.retention import FileState
from app.worker.shredding import shred
from tests.factories.staffed import Staffed


def booked(clinic: Staffed) -> Signed:
    """Let somebody book a visit three days ahead."""
    return clinic.send("instant", day=(clinic.house.clock() + timedelta(days=3)).date())


def administrator(clinic: Staffed) -> SignedIn:
    """Return the administrator."""
    return next(one for one in clinic.people.values() if one.role == "administrator")


def state_of(clinic: Staffed, sent: Signed | UUID) -> FileState:
    """Return until when a file is kept, as the administrator sees it."""
    visit = sent if isinstance(sent, UUID) else sent.submission
    return retention.read_file(clinic.services, administrator(clinic), visit)[1]


def overview_of(clinic: Staffed) -> retention.Overview:
    """Return what the administrator sees of all files."""
    return retention.overview(clinic.services, administrator(clinic))


def let_pass(clinic: Staffed, duration: timedelta) -> None:
    """Let time go by, and the key of the day change with it."""
    clinic.house.clock.now += duration
    clinic.house.keystore.ensure_epoch(clinic.house.clock())


def destroy(clinic: Staffed) -> int:
    """Let the worker destroy what is due; return of how many people."""
    return shred(clinic.house.db, clinic.house.vault, clinic.house.clock)
