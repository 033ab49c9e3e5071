"""The clinic changes what it publishes while somebody is on their way: they go on with what they began with."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.config import ROOT
from app.front.directory import Directory
from app.front.models import Submission
from app.front.published import publish_profile
from app.front.published_directory import publish_directory
from app.profiles.loader import load_all
from app.profiles.models import PublishableProfile
from tests.factories.directory import named
from tests.factories.house import House, clinic_directory
from tests.factories.patient import CHECK, FILTER, SLOT, Patient, parcel_of

NEW_NAME = "Une tout autre consultation"


@pytest.fixture
def app(house: House) -> Flask:
    return house.patient_app()


def changed_profile() -> PublishableProfile:
    """Return psychiatry with another name for its first act, and without its second one."""
    shipped = load_all(ROOT / "specialties")["psychiatry"]
    first, second, *others = shipped.profile.acts
    renamed = first.model_copy(update={"name": first.name.model_copy(update={"fr": NEW_NAME})})
    remote = second.model_copy(update={"place": "remote"})
    profile = shipped.profile.model_copy(update={"acts": (renamed, remote, *others)})
    return PublishableProfile(profile=profile, paths=shipped.paths)


def publishes(house: House, what: PublishableProfile | Directory) -> None:
    """Publish, and let the processes' view of it age."""
    with house.db.writing("front") as session:
        if isinstance(what, Directory):
            publish_directory(session, what, house.clock())
        else:
            publish_profile(session, what, house.clock())
    house.clock.forward(seconds=6)


@pytest.mark.parametrize("act", ["0101", "0102"])
def test_a_journey_stays_on_the_profile_it_began_with(house: House, app: Flask, act: str) -> None:
    patient = Patient(app)
    patient.walks_to(SLOT, act)
    publishes(house, changed_profile())
    patient.takes(patient.offered("slot")[4])
    patient.gives()
    patient.continues()
    assert NEW_NAME not in patient.page.text
    parcel = parcel_of(house, patient.token)
    assert patient.sends().heading == "Votre rendez-vous est pris"
    with house.db.reading("front") as session:
        row = session.scalars(select(Submission)).one()
    assert NEW_NAME not in str(parcel.opened(row.sealed_care, "care.answers", "care"))


def test_the_first_page_shows_what_is_published_now(house: House, app: Flask) -> None:
    patient = Patient(app)
    patient.walks_to(CHECK)
    publishes(house, changed_profile())
    page = patient.opens("/r/01")
    assert NEW_NAME in page.text
    assert "0102" not in patient.offered("act")
    assert patient.continues().path == "/r/03", "answers about one version were taken for another's"


def without(directory: Directory, room: str, person: str | None = None) -> Directory:
    """Return a directory without a room, and without a practitioner."""
    gone = named(person) if person else None
    return directory.model_copy(
        update={
            "version": directory.version + 1,
            "rooms": tuple(one for one in directory.rooms if one.id != named(room)),
            "practitioners": tuple(one for one in directory.practitioners if one.id != gone),
            "hours": tuple(one for one in directory.hours if one.practitioner != gone),
        }
    )


@pytest.mark.parametrize("gone", [("1", None), ("2", "A. Exemple")])
def test_a_slot_whose_room_or_practitioner_left_is_lost_kindly(
    house: House, app: Flask, gone: tuple[str, str | None]
) -> None:
    patient = Patient(app)
    patient.walks_to(SLOT)
    patient.presses(FILTER, {"practitioner": "A. Exemple"})
    patient.takes(patient.offered("slot")[4])
    patient.gives()
    patient.continues()
    publishes(house, without(without(clinic_directory(), gone[0], gone[1]), "2" if gone[0] == "1" else "1"))
    for number in range(1, CHECK + 1):
        assert patient.opens(f"/r/{number:02d}").status == 200
    page = patient.sends()
    assert page.path == f"/r/{SLOT:02d}"
    assert "Choisissez-en un autre" in page.errors["slot"]
    patient.presses(FILTER, {"practitioner": "00"})
    assert patient.takes(patient.offered("slot")[2]).path == f"/r/{CHECK:02d}"
    assert patient.continues().heading == "Votre rendez-vous est pris"
