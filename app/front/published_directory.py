"""The clinic's directory as published versions: the patient zone reads it here and nowhere else."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Pool, select
from sqlalchemy.orm import Session

from app.discretion.lexicon import shipped
from app.front.directory import Directory, Hours
from app.front.models import PublishedDirectory

_MINUTES_OF_DAY = 1440

ON_THE_SLIP = ("name", "address", "door", "desk_words", "phone")
"""The fields of a site that stand on an appointment slip, which anybody may find."""

_Stamp = tuple[int, datetime]

_read: WeakKeyDictionary[Pool, tuple[_Stamp, Directory]] = WeakKeyDictionary()
"""The version last read through each database's connections; one small query tells whether it still holds."""


class NoDirectory(LookupError):
    """No directory was ever published."""


class DirectoryFaults(Exception):
    """A directory that contradicts itself. `faults` holds one plain sentence for each thing wrong."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("directory refused:\n" + "\n".join(f"  - {fault}" for fault in faults))
        self.faults = faults


class DirectoryTells(DirectoryFaults):
    """A place tells what is treated or who treats. `places` holds each site's id and the field that tells."""

    def __init__(self, places: list[tuple[UUID, str]]) -> None:
        super().__init__([f"site {site}: {name} would tell on an appointment slip" for site, name in places])
        self.places = places


def check_directory(directory: Directory) -> None:
    """Raise DirectoryFaults for a directory that can't be put in force, DirectoryTells for one that would tell."""
    if faults := list(_faults(directory)):
        raise DirectoryFaults(faults)
    if places := list(_telling(directory)):
        raise DirectoryTells(places)


def publish_directory(session: Session, directory: Directory, now: datetime) -> int:
    """Put a directory in force and return its version; the one in force stays when nothing differs.

    The version it carries is replaced by the next one. Raises DirectoryFaults.
    """
    check_directory(directory)
    stamp = _latest(session)
    latest = stamp[0] if stamp else 0
    if latest and current_directory(session) == directory.model_copy(update={"version": latest}):
        return latest
    numbered = directory.model_copy(update={"version": latest + 1})
    row = PublishedDirectory(version=numbered.version, body=numbered.model_dump_json(), published_at=now)
    session.add(row)
    session.flush()
    return numbered.version


def current_directory(session: Session) -> Directory:
    """Return the directory in force. Raises NoDirectory."""
    stamp = _latest(session)
    if stamp is None:
        raise NoDirectory("no directory is published")
    pool = session.get_bind().engine.pool
    known = _read.get(pool)
    if known is None or known[0] != stamp:
        wanted = PublishedDirectory.version == stamp[0]
        body = session.scalars(select(PublishedDirectory.body).where(wanted)).one()
        known = (stamp, Directory.model_validate_json(body))
        _read[pool] = known
    return known[1]


def _latest(session: Session) -> _Stamp | None:
    newest = select(PublishedDirectory.version, PublishedDirectory.published_at)
    found = session.execute(newest.order_by(PublishedDirectory.version.desc()).limit(1)).first()
    return (found[0], found[1]) if found else None


def _faults(directory: Directory) -> Iterator[str]:
    sites = {site.id for site in directory.sites}
    people = {person.id for person in directory.practitioners}
    if not sites:
        yield "there is no site"
    yield from _twice(directory)
    yield from (f"site {site.id}: unknown time zone" for site in directory.sites if not _is_zone(site.timezone))
    yield from (f"room {room.id}: unknown site" for room in directory.rooms if room.site not in sites)
    for hours in directory.hours:
        yield from (f"hours of {hours.practitioner}: {fault}" for fault in _hours_faults(hours, people, sites))
    yield from _rules_faults(directory)


def _telling(directory: Directory) -> Iterator[tuple[UUID, str]]:
    """Yield what the slip would say that it may not. A street may bear the name of one who treats."""
    own = shipped().with_names([person.name for person in directory.practitioners])
    for site in directory.sites:
        for name in ON_THE_SLIP:
            lexicon = shipped() if name == "address" else own
            if lexicon.first(getattr(site, name)) is not None:
                yield site.id, name


def _twice(directory: Directory) -> Iterator[str]:
    ids = [site.id for site in directory.sites]
    ids += [room.id for room in directory.rooms]
    ids += [person.id for person in directory.practitioners]
    yield from (f"id {found} is given twice" for found, times in Counter(ids).items() if times > 1)


def _hours_faults(hours: Hours, people: set[UUID], sites: set[UUID]) -> Iterator[str]:
    if hours.practitioner not in people:
        yield "unknown practitioner"
    if hours.site not in sites:
        yield "unknown site"
    if not 0 <= hours.weekday <= 6:
        yield "the weekday is not from 0 to 6"
    if not 0 <= hours.starts_minute < hours.ends_minute <= _MINUTES_OF_DAY:
        yield "the minutes are not in order within a day"
    if hours.valid_from and hours.valid_until and hours.valid_until < hours.valid_from:
        yield "the last day comes before the first"


def _rules_faults(directory: Directory) -> Iterator[str]:
    rules = directory.rules
    if rules.notice_hours < 0 or rules.cancel_hours < 0:
        yield "rules: a delay is below zero"
    if rules.horizon_days < 1:
        yield "rules: the agenda reaches no day"
    if not 0 <= rules.call_starts_minute < rules.call_ends_minute <= _MINUTES_OF_DAY:
        yield "rules: the minutes of calls are not in order within a day"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
