"""Publishing: versions never change, the same content is stored once, and a journey keeps its version."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from app.db import Databases
from app.front.models import Base, PublishedProfile
from app.front.published import (
    ProfileVersionAltered,
    UnknownProfileVersion,
    current_profiles,
    profile_version,
    publish_profile,
    version_number,
    withdraw_profile,
)
from app.profiles.loader import load_profile
from app.profiles.models import PublishableProfile, Text
from tests.unit.profiles.orchard import write

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Databases]:
    databases = Databases({"front": f"sqlite:///{tmp_path / 'front.sqlite'}"})
    Base.metadata.create_all(databases.engine("front"))
    yield databases
    databases.dispose()


@pytest.fixture
def orchard(tmp_path: Path) -> PublishableProfile:
    return load_profile(write(tmp_path))


def renamed(publishable: PublishableProfile, name: str) -> PublishableProfile:
    profile = publishable.profile.model_copy(update={"name": Text(fr=name, en=name)})
    return publishable.model_copy(update={"profile": profile})


def publish(db: Databases, publishable: PublishableProfile, minutes: int = 0) -> UUID:
    with db.writing("front") as session:
        return publish_profile(session, publishable, NOW + timedelta(minutes=minutes))


def current(db: Databases) -> dict[UUID, PublishableProfile]:
    with db.reading("front") as session:
        return current_profiles(session)


def test_a_published_profile_is_read_back_whole(db: Databases, orchard: PublishableProfile) -> None:
    version = publish(db, orchard)

    assert current(db) == {version: orchard}


def test_publishing_the_same_content_again_changes_nothing(db: Databases, orchard: PublishableProfile) -> None:
    first = publish(db, orchard)

    assert publish(db, orchard, minutes=5) == first
    with db.reading("front") as session:
        assert session.scalar(select(func.count()).select_from(PublishedProfile)) == 1
        assert session.scalar(select(PublishedProfile.published_at)) == NOW


def test_a_new_version_is_current_and_the_old_one_stays_readable(
    db: Databases, orchard: PublishableProfile
) -> None:
    old = publish(db, orchard)
    new = publish(db, renamed(orchard, "Verger clos"), minutes=5)

    assert list(current(db)) == [new]
    with db.reading("front") as session:
        assert profile_version(session, old) == orchard
        assert [version_number(session, version) for version in (old, new)] == [1, 2]
        assert list(session.scalars(select(PublishedProfile.withdrawn_at))) == [None, None]


def test_publishing_what_an_older_version_said_rolls_back_to_it(db: Databases, orchard: PublishableProfile) -> None:
    old = publish(db, orchard)
    middle = publish(db, renamed(orchard, "Verger clos"), minutes=5)
    publish(db, renamed(orchard, "Verger nu"), minutes=6)

    assert publish(db, orchard, minutes=7) == old
    assert list(current(db)) == [old]
    assert publish(db, renamed(orchard, "Verger clos"), minutes=8) == middle
    assert list(current(db)) == [middle]


def test_a_withdrawn_specialty_is_not_offered_but_its_journeys_go_on(
    db: Databases, orchard: PublishableProfile
) -> None:
    old = publish(db, orchard)
    new = publish(db, renamed(orchard, "Verger clos"))
    with db.writing("front") as session:
        withdraw_profile(session, "orchard", NOW)

    assert current(db) == {}
    with db.reading("front") as session:
        assert profile_version(session, old) == orchard
    assert publish(db, renamed(orchard, "Verger clos")) == new
    assert list(current(db)) == [new]


def test_specialties_come_in_the_order_of_their_codes(db: Databases, orchard: PublishableProfile) -> None:
    publish(db, orchard)
    meadow = orchard.profile.model_copy(update={"slug": "meadow", "code": "07"})
    publish(db, orchard.model_copy(update={"profile": meadow}))

    assert [p.profile.slug for p in current(db).values()] == ["meadow", "orchard"]


def test_an_unknown_version_is_refused(db: Databases) -> None:
    with db.reading("front") as session:
        with pytest.raises(UnknownProfileVersion):
            profile_version(session, uuid4())
        with pytest.raises(UnknownProfileVersion):
            version_number(session, uuid4())


def test_a_body_changed_behind_our_back_is_refused(db: Databases, orchard: PublishableProfile) -> None:
    version = publish(db, orchard)
    with db.writing("front") as session:
        session.execute(
            update(PublishedProfile).values(
                body=func.replace(PublishedProfile.body, '"path":"no"', '"path":"self"')
            )
        )

    with db.reading("front") as session, pytest.raises(ProfileVersionAltered):
        profile_version(session, version)
