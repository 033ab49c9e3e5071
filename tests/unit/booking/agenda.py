"""What the slot tests share: a published directory, a search, and its answer in local clock times."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.booking.holds import hold
from app.booking.slots import Slot, SlotFilter, SlotPage, find_slots
from app.db import Databases
from app.front import cells
from app.front.directory import Directory
from app.front.models import Hold
from app.front.published_directory import publish_directory
from app.profiles.models import Act
from tests.factories.directory import PARIS, an_act

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
"""A Monday, six o'clock in Paris."""
MONDAY = date(2026, 11, 23)
ANYTHING = SlotFilter(None, None, "any", frozenset(), "any", step_free=False, from_day=MONDAY)


def publish(db: Databases, directory: Directory, now: datetime = NOW) -> Directory:
    """Put a directory in force."""
    with db.writing("front") as session:
        publish_directory(session, directory, now)
    return directory


def search(
    db: Databases, directory: Directory, act: Act | None = None, now: datetime = NOW, limit: int = 10, **wishes: Any
) -> SlotPage:
    """Find slots that match some wishes, and anything else."""
    with db.reading("front") as session:
        return find_slots(session, directory, act or an_act(), replace(ANYTHING, **wishes), now, limit)


def everything(
    db: Databases, directory: Directory, act: Act | None = None, now: datetime = NOW, **wishes: Any
) -> list[Slot]:
    """Return every free slot of the first day that has some."""
    slots = search(db, directory, act, now, limit=400, **wishes).slots
    return [slot for slot in slots if local(slot, directory)[:10] == local(slots[0], directory)[:10]]


def local(slot: Slot, directory: Directory) -> str:
    """Return when a slot starts by its site's clock, as 2026-11-23 09:00."""
    zone = ZoneInfo(directory.site(slot.site).timezone if directory.sites else PARIS)
    return f"{slot.starts_at.astimezone(zone):%Y-%m-%d %H:%M}"


def clock(slots: list[Slot], directory: Directory) -> list[str]:
    """Return the times of day that slots start at."""
    return [local(slot, directory)[11:] for slot in slots]


def book(
    db: Databases, resources: list[UUID], start: datetime, minutes: int, owner: UUID, now: datetime = NOW
) -> None:
    """Take cells as an appointment."""
    with db.writing("front") as session:
        cells.take(session, resources, cells.cell_of(start), minutes // 5, owner, "appointment", None, now=now)


def keep(db: Databases, draft: UUID, slot: Slot, now: datetime = NOW, share_percent: int = 100) -> Hold:
    """Hold a slot for a quarter of an hour."""
    with db.writing("front") as session:
        return hold(session, draft, slot, now, 15, share_percent)
