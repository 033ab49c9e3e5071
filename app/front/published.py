"""Published profiles: immutable versions, in clear. A journey stays on the version it began with."""

import hashlib
import json
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.db import insert_for
from app.front.models import PublishedProfile
from app.profiles.models import PublishableProfile


class UnknownProfileVersion(LookupError):
    """No version of a profile was ever published under this id."""


class ProfileVersionAltered(Exception):
    """A published body no longer has the digest it was published with."""


_parsed: dict[UUID, PublishableProfile] = {}
"""Versions already read by this process. They never change, so each is parsed once; a few hundred are kept."""

_KEPT = 256


def publish_profile(session: Session, publishable: PublishableProfile, now: datetime) -> UUID:
    """Make a profile the current one of its slug and return its version's id.

    The same content is never stored twice: publishing what is current changes nothing, and publishing what an
    older version said rolls back to that version. The caller lints first (`app.profiles.lint.check`).
    """
    body = _canonical(publishable)
    digest = hashlib.sha256(body.encode()).hexdigest()
    _insert(session, publishable.profile.slug, body, digest, now)
    found = select(PublishedProfile.id, PublishedProfile.version).where(PublishedProfile.digest == digest)
    version, number = session.execute(found).one()
    _make_current(session, publishable.profile.slug, number, now)
    return version


def withdraw_profile(session: Session, slug: str, now: datetime) -> None:
    """Take a specialty off the first page. Journeys that began keep their version."""
    standing = PublishedProfile.slug == slug, PublishedProfile.withdrawn_at.is_(None)
    session.execute(update(PublishedProfile).where(*standing).values(withdrawn_at=now))


def current_profiles(session: Session) -> dict[UUID, PublishableProfile]:
    """Return the specialties on offer by version id, in the order of their codes.

    Raises ProfileVersionAltered.
    """
    rows = session.execute(
        select(PublishedProfile.id, PublishedProfile.slug)
        .where(PublishedProfile.withdrawn_at.is_(None))
        .order_by(PublishedProfile.version)
    )
    newest = {row.slug: row.id for row in rows}
    versions = [(version, profile_version(session, version)) for version in newest.values()]
    return dict(sorted(versions, key=lambda pair: pair[1].profile.code))


def profile_version(session: Session, version: UUID) -> PublishableProfile:
    """Return a version by its id, whether or not it is still on offer.

    Raises UnknownProfileVersion and ProfileVersionAltered.
    """
    known = _parsed.get(version)
    if known is not None:
        return known
    row = session.get(PublishedProfile, version)
    if row is None:
        raise UnknownProfileVersion
    if hashlib.sha256(row.body.encode()).hexdigest() != row.digest:
        raise ProfileVersionAltered
    if len(_parsed) >= _KEPT:
        _parsed.clear()
    return _parsed.setdefault(version, PublishableProfile.model_validate_json(row.body))


def version_number(session: Session, version: UUID) -> int:
    """Return the number people read: 1, 2, 3… for each specialty. Raises UnknownProfileVersion."""
    number = session.scalar(select(PublishedProfile.version).where(PublishedProfile.id == version))
    if number is None:
        raise UnknownProfileVersion
    return number


def _canonical(publishable: PublishableProfile) -> str:
    """Write a profile in the one form its digest is taken of: sorted keys, no blanks, UTF-8."""
    document = publishable.model_dump(mode="json")
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _insert(session: Session, slug: str, body: str, digest: str, now: datetime) -> None:
    highest = session.scalar(select(func.max(PublishedProfile.version)).where(PublishedProfile.slug == slug)) or 0
    row = {
        "id": uuid4(),
        "slug": slug,
        "version": highest + 1,
        "digest": digest,
        "body": body,
        "published_at": now,
        "withdrawn_at": None,
    }
    statement = insert_for(session, PublishedProfile).values(row)
    session.execute(statement.on_conflict_do_nothing(index_elements=["digest"]))


def _make_current(session: Session, slug: str, version: int, now: datetime) -> None:
    newer = (
        PublishedProfile.slug == slug,
        PublishedProfile.version > version,
        PublishedProfile.withdrawn_at.is_(None),
    )
    session.execute(update(PublishedProfile).where(*newer).values(withdrawn_at=now))
    this = PublishedProfile.slug == slug, PublishedProfile.version == version
    session.execute(update(PublishedProfile).where(*this).values(withdrawn_at=None))
