"""A patient zone killed around any commit of a sending: the patient presses again, and it is sent once."""

import pytest
from sqlalchemy import func, select

from app.care.models import Case
from app.db import Silo
from app.desk.models import Visit
from app.front.models import Draft, Hold, SlotCell, Space, Submission
from app.identity.models import Contact
from app.patient.factory import create_patient_app
from app.vault.models import MailboxEntry, SpaceSecret
from app.worker.intake import take_in
from app.worker.reconcile import reconcile
from tests.factories.house import House
from tests.factories.mortal import Killed, MortalDatabases
from tests.factories.patient import CHECK, Patient, parcel_of

COMMITS = ["ledger", "keys", "front"]
"""The order of a sending."""
DEATHS = [(when, nth) for nth in range(1, len(COMMITS) + 1) for when in ("before", "after")]


@pytest.fixture
def mortal(house: House) -> MortalDatabases:
    """The silos of a patient zone that can be killed."""
    return MortalDatabases(house.db)


@pytest.fixture
def patient(house: House, mortal: MortalDatabases) -> Patient:
    """Somebody about to send, before that patient zone."""
    patient = Patient(create_patient_app(house.settings("patient"), mortal, house.clock))
    patient.walks_to(CHECK)
    return patient


def test_a_sending_has_the_commits_that_the_deaths_are_counted_by(
    patient: Patient, mortal: MortalDatabases
) -> None:
    mortal.doom()
    patient.sends()
    assert mortal.commits[: len(COMMITS)] == COMMITS  # then the space's page, which keeps its reader signed in


@pytest.mark.parametrize(("when", "nth"), DEATHS)
def test_pressing_again_sends_once(
    house: House, patient: Patient, mortal: MortalDatabases, when: str, nth: int
) -> None:
    parcel = parcel_of(house, patient.token)
    mortal.doom(**{when: nth})
    with pytest.raises(Killed):
        patient.sends()
    mortal.doom()

    assert patient.sends().path == "/e"

    assert _counts(house) == {
        "drafts": 0,
        "holds": 0,
        "submissions": 1,
        "spaces": 1,
        "mailbox": 1,
        "space_secrets": 1,
    }
    with house.db.reading("front") as session:
        assert set(session.scalars(select(SlotCell.owner))) == {parcel.submission}
    assert take_in(house.db, house.vault, house.clock) == 1
    for silo, model in (("identity", Contact), ("care", Case), ("desk", Visit)):
        assert _count(house, silo, model) == 1  # type: ignore[arg-type]
    with house.db.reading("keys") as session:
        assert house.keystore.get(session, parcel.pseudonym, "care") == parcel.secrets["care"]


def test_pressing_again_makes_the_sealed_secrets_young(
    house: House, patient: Patient, mortal: MortalDatabases
) -> None:
    for minutes in (0, 5):
        house.clock.forward(minutes=minutes)
        mortal.doom(after=2)
        with pytest.raises(Killed):
            patient.sends()

    with house.db.reading("keys") as session:
        [entry], [words] = session.scalars(select(MailboxEntry)), session.scalars(select(SpaceSecret))
    assert entry.created_at == words.created_at == house.clock()
    document = house.keystore.open_intake(entry.epoch, entry.sealed, entry.submission)
    assert document["pseudonym"] == str(parcel_of(house, patient.token).pseudonym)


@pytest.mark.parametrize(("when", "nth"), DEATHS)
def test_a_patient_who_never_presses_again_has_sent_or_has_not(
    house: House, patient: Patient, mortal: MortalDatabases, when: str, nth: int
) -> None:
    mortal.doom(**{when: nth})
    with pytest.raises(Killed):
        patient.sends()
    house.clock.forward(hours=2)
    taken = take_in(house.db, house.vault, house.clock)
    orphans = reconcile(house.db, house.keystore, house.clock, lambda: None, dry_run=False)

    sent = (when, nth) == ("after", len(COMMITS))
    assert taken == int(sent)
    assert len(orphans.mailbox) == int(not sent and (nth > 2 or (when, nth) == ("after", 2)))
    assert _count(house, "keys", MailboxEntry) == 0
    assert _count(house, "keys", SpaceSecret) == _count(house, "desk", Visit) == int(sent)


def _counts(house: House) -> dict[str, int]:
    front = {model.__tablename__: _count(house, "front", model) for model in (Draft, Hold, Submission, Space)}
    return front | {model.__tablename__: _count(house, "keys", model) for model in (MailboxEntry, SpaceSecret)}


def _count(house: House, silo: Silo, model: type) -> int:
    with house.db.reading(silo) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0
