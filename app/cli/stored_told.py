"""What identity, care and front hold, compared with the digests that the worker told the ledger of.

Contacts and cases never change, so that each is what was told, or is gone with an event that says so. Of a space
the ledger knows the versions that the worker wrote: one that is older than the newest of these was rolled back.
What its patient wrote after that is not told, and going back from it to the worker's last version is not seen.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.booking.space import SPACE_KEPT
from app.care.models import Case
from app.db import Databases, Silo
from app.desk.models import DeskOutbox
from app.front.models import Space, Submission
from app.identity.models import Contact
from app.ledger.sealed import ContentKeys
from app.ledger.service import events_named
from app.vault import withdrawals

_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_PAGE = 1000
_STORED: Mapping[str, tuple[Silo, Any]] = {
    "contact": ("identity", select(Contact.submission, Contact.pseudonym, Contact.sealed, Contact.created_at)),
    "care": ("care", select(Case.id, Case.pseudonym, Case.sealed, Case.created_at)),
}
"""By kind of file, its silo and what is read there: submission, pseudonym, ciphertext, when."""


@dataclass(frozen=True, order=True, slots=True)
class Fault:
    """What is wrong, and the id of the event, submission or space it is about."""

    kind: str
    place: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What was compared, what could not be, and what is wrong."""

    files: int
    spaces: int
    uncovered: int
    faults: frozenset[Fault]


@dataclass(slots=True)
class _Told:
    """What the ledger says of one submission: by kind, every digest that was told."""

    pseudonym: str
    digests: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    """A stored ciphertext."""

    submission: UUID
    pseudonym: str
    digest: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Written:
    """The newest version of a space that the worker wrote."""

    pseudonym: str
    version: int
    digest: str


def compare(db: Databases, keys: ContentKeys, now: datetime) -> Stored:
    """Compare what is stored with what was told. Raises SiloUnavailable, KeystoreError."""
    told, since = _told(db, keys)
    destroyed = _destroyed(db, keys) | _being_destroyed(db, now)
    with db.reading("front") as session:
        waiting = set(session.scalars(select(Submission.id)))
    faults = set(_of_sending(db, keys, told))
    files = uncovered = 0
    for kind in _STORED:
        rows = _rows(db, kind)
        known = {one: row for one, row in rows.items() if one in told or _is_covered(row, since)}
        files, uncovered = files + len(known), uncovered + len(rows) - len(known)
        faults |= {fault for one in known.values() for fault in _of_row(kind, one, told)}
        gone = told.keys() - rows.keys() - waiting
        faults |= {
            Fault(f"{kind} gone, and no event says destroyed", str(one))
            for one in gone
            if (told[one].pseudonym, kind) not in destroyed
        }
    written = _written(db, keys)
    faults |= set(_of_spaces(db, written, destroyed, _sent_lately(db, keys, now)))
    return Stored(files, len(written), uncovered, frozenset(faults))


def _is_covered(row: _Row, since: datetime | None) -> bool:
    """Say whether the ledger could tell of a row: not of one that is older than all it can still be read of."""
    return since is not None and row.created_at >= since


def _told(db: Databases, keys: ContentKeys) -> tuple[dict[UUID, _Told], datetime | None]:
    """Return what was told of each submission, and since when anything can be read."""
    told: dict[UUID, _Told] = {}
    since = None
    for entry in events_named(db, "submission.kept", _EVER, keys):
        if entry.content is None or not entry.content.subjects:
            continue
        since = since or entry.at
        fields = entry.content.fields
        one = told.setdefault(UUID(fields["submission"]), _Told(entry.content.subjects[0]))
        for kind in ("visit", "contact", "care"):
            one.digests.setdefault(kind, set()).add(fields[f"{kind}_digest"])
    return told, since


def _destroyed(db: Databases, keys: ContentKeys) -> set[tuple[str, str]]:
    found = events_named(db, "purpose.destroyed", _EVER, keys)
    return {
        (subject, entry.content.fields["purpose"])
        for entry in found
        if entry.content is not None
        for subject in entry.content.subjects
    }


def _being_destroyed(db: Databases, now: datetime) -> set[tuple[str, str]]:
    """Return what the worker destroys at this moment: the event that says so follows."""
    with db.reading("keys") as session:
        return {(str(row.pseudonym), row.purpose) for row in withdrawals.due(session, now)}


def _of_sending(db: Databases, keys: ContentKeys, told: Mapping[UUID, _Told]) -> Iterator[Fault]:
    """Yield the submissions that were put away otherwise than they were sent, or that nobody sent."""
    sent: dict[UUID, set[str]] = {}
    for entry in events_named(db, "submission.sent", _EVER, keys):
        if entry.content is not None:
            sent.setdefault(UUID(entry.content.fields["submission"]), set()).add(entry.content.fields["digest"])
    for submission, one in told.items():
        if any(len(digests) > 1 for digests in one.digests.values()):
            yield Fault("told twice, differently", str(submission))
        elif submission not in sent:
            yield Fault("put away, and nobody sent it", str(submission))
        elif _of_three(one) not in sent[submission]:
            yield Fault("put away otherwise than it was sent", str(submission))


def _of_three(told: _Told) -> str:
    """Return the digest that a sending has of these three (`app.booking.send`)."""
    three = (bytes.fromhex(next(iter(told.digests[kind]))) for kind in ("visit", "contact", "care"))
    return hashlib.sha256(b"".join(three)).hexdigest()


def _rows(db: Databases, kind: str) -> dict[UUID, _Row]:
    silo, wanted = _STORED[kind]
    with db.reading(silo) as session:
        found = session.execute(wanted.execution_options(yield_per=_PAGE))
        return {one: _Row(one, str(about), _digest(sealed), at) for one, about, sealed, at in found}


def _of_row(kind: str, row: _Row, told: Mapping[UUID, _Told]) -> Iterator[Fault]:
    one = told.get(row.submission)
    if one is None:
        yield Fault(f"{kind} that no event tells of", str(row.submission))
    elif row.pseudonym != one.pseudonym:
        yield Fault(f"{kind} under another's pseudonym", str(row.submission))
    elif row.digest not in one.digests[kind]:
        yield Fault(f"{kind} altered, exchanged or rolled back", str(row.submission))


def _written(db: Databases, keys: ContentKeys) -> dict[UUID, _Written]:
    newest: dict[UUID, _Written] = {}
    for entry in events_named(db, "space.updated", _EVER, keys):
        if entry.content is None or not entry.content.subjects:
            continue
        fields = entry.content.fields
        space, version = UUID(fields["space"]), fields["version"]
        if space not in newest or newest[space].version <= version:
            newest[space] = _Written(entry.content.subjects[0], version, fields["digest"])
    return newest


def _sent_lately(db: Databases, keys: ContentKeys, now: datetime) -> set[str]:
    """Return the pseudonyms whose space can't have run out."""
    found = events_named(db, "submission.sent", now - SPACE_KEPT, keys)
    return {subject for entry in found if entry.content is not None for subject in entry.content.subjects}


def _of_spaces(
    db: Databases, written: Mapping[UUID, _Written], destroyed: set[tuple[str, str]], lately: set[str]
) -> Iterator[Fault]:
    """Yield the spaces that are older than what the worker wrote. One with something on its way is left alone."""
    with db.reading("desk") as session:
        on_their_way = {str(one) for one in session.scalars(select(DeskOutbox.pseudonym))}
    with db.reading("front") as session:
        wanted = select(Space.id, Space.version, Space.sealed).execution_options(yield_per=_PAGE)
        found = {one: (version, _digest(sealed)) for one, version, sealed in session.execute(wanted)}
    for space, one in written.items():
        version, digest = found.get(space, (None, ""))
        if one.pseudonym in on_their_way or (one.pseudonym, "space") in destroyed:
            continue
        if version is None:
            if one.pseudonym in lately:
                yield Fault("space gone, and no event says destroyed", str(space))
        elif version < one.version:
            yield Fault("space rolled back", str(space))
        elif version == one.version and digest != one.digest:
            yield Fault("space altered", str(space))


def _digest(sealed: bytes) -> str:
    return hashlib.sha256(sealed).hexdigest()
