"""Staff enter a journey for somebody they hear: the same steps and rules, consents read aloud."""

import base64
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.booking.assisted import EnteredVisit, Faults, begin, enter_for_patient, foresee
from app.booking.entrance import enter
from app.booking.journey import Funnel
from app.booking.outlook import Outlook
from app.booking.submission import Entered
from app.front.models import Hold, SlotCell, SpaceSession, Submission
from app.profiles.models import RATHER_NOT
from app.vault.intake import load_intake_key
from app.vault.models import MailboxEntry
from app.vault.tokens import new_token
from app.vault.words import WordsGate
from app.worker.intake import take_in
from tests.factories.house import House
from tests.factories.patient import Parcel
from tests.factories.walk import NO_WISH, UNASKED, a_funnel, first_slot

STAFF = uuid4()


@pytest.fixture
def funnel(house: House) -> Funnel:
    return a_funnel(house)


def spoken(funnel: Funnel, age: str = "34", act: str = "0101") -> dict[str, dict[str, str]]:
    """Return what a patient in no particular case would say at each step."""
    first = {"need": {"act": act}, "situation": {"whom": "01", "standing": "01", "age": age}}
    outlook = foresee(funnel, begin(funnel, new_token()), first)
    said: dict[str, dict[str, str]] = {**first}
    if isinstance(outlook, Outlook):
        asked = outlook.profile.questions_for(outlook.chosen_act, 1)
        slot = (
            first_slot(funnel, outlook, begin(funnel, new_token()))
            if outlook.path == "self"
            else "write".ljust(16, "0")
        )
        said |= {
            "who": {"decision": "01" if outlook.asked_consents else "00"},
            "questions1": UNASKED | {name: RATHER_NOT for name, _ in zip(UNASKED, asked, strict=False)},
            "slot": NO_WISH | {"slot": slot},
            "reach": {"name": "Zoé", "channel": "02", "phone": "06 39 98 00 12"},
        }
    return said


def entered(
    house: House, funnel: Funnel, said: dict[str, dict[str, str]], how: str = "telephone"
) -> EnteredVisit | Faults:
    key = load_intake_key(house.root / "public", house.keystore.verify_key, house.clock())
    return enter_for_patient(funnel, key, WordsGate(), begin(funnel, new_token()), said, Entered(how, STAFF))


def count(house: House, model: type, *where: Any) -> int:
    with house.db.reading("front") as session:
        return session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def documents(house: House, submission: UUID) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Open what was sent with the secrets that the mailbox holds."""
    with house.db.reading("keys") as session:
        entry = session.scalars(select(MailboxEntry).where(MailboxEntry.submission == submission)).one()
    posted = house.keystore.open_intake(entry.epoch, entry.sealed, submission)
    secrets = {purpose: base64.b64decode(secret) for purpose, secret in posted["secrets"].items()}
    parcel = Parcel(submission, UUID(posted["pseudonym"]), secrets)
    with house.db.reading("front") as session:
        row = session.get_one(Submission, submission)
    return (
        parcel.opened(row.sealed_visit, "desk.visit", "contact"),
        parcel.opened(row.sealed_contact, "identity.contact", "contact"),
        parcel.opened(row.sealed_care, "care.answers", "care"),
    )


@pytest.mark.parametrize("how", ["telephone", "walk_in"])
def test_a_booking_by_staff_is_a_booking_with_consents_read_aloud(house: House, funnel: Funnel, how: str) -> None:
    found = entered(house, funnel, spoken(funnel), how)
    assert isinstance(found, EnteredVisit)
    visit, contact, care = documents(house, found.submission)
    assert (visit["kind"], visit["state"]) == ("appointment", "booked")
    assert (contact["entered_how"], contact["entered_by"], contact["phone"]) == (how, str(STAFF), "+33639980012")
    assert {one["how"] for one in care["decisions"]} == {"read_aloud"}
    assert {one["answer"] for one in care["decisions"]} == {"told", "yes"}
    assert count(house, SlotCell, SlotCell.owner == found.submission) == 24
    assert count(house, Hold) == count(house, SpaceSession) == 0


def test_the_words_read_aloud_open_the_space(house: House, funnel: Funnel) -> None:
    found = entered(house, funnel, spoken(funnel))
    assert isinstance(found, EnteredVisit)
    assert len(found.words) == 7
    assert enter(funnel, WordsGate(), " ".join(found.words), "192.0.2.1") is not None


def test_the_worker_takes_it_in_as_any_other_and_the_ledger_knows_the_zone(house: House, funnel: Funnel) -> None:
    found = entered(house, funnel, spoken(funnel))
    assert isinstance(found, EnteredVisit)
    with house.db.reading("front") as session:
        pseudonym = session.get_one(Submission, found.submission).pseudonym
    house.clock.forward(seconds=1)
    assert take_in(house.db, house.vault, house.clock) == 1
    assert {(one.name, one.zone) for one in house.events_for(pseudonym)} == {
        ("submission.sent", "clinic"),
        ("submission.taken_in", "worker"),
        ("submission.kept", "worker"),
    }


def test_every_fault_is_named_with_its_step(house: House, funnel: Funnel) -> None:
    wrong = {
        "who": {"decision": ""},
        "reach": {"name": "", "channel": "02", "phone": "12"},
        "slot": NO_WISH | {"slot": "x"},
    }
    found = entered(house, funnel, spoken(funnel) | wrong)
    assert isinstance(found, Faults)
    assert {step: [field for field, _ in faults] for step, faults in found.by_step.items()} == {
        "who": ["decision"],
        "slot": ["slot"],
        "reach": ["name", "phone"],
    }
    assert not found.not_offered
    assert count(house, Submission) == 0


@pytest.mark.parametrize(
    "wrong", [{"need": {"act": "9999"}}, {"situation": {"whom": "01", "standing": "01", "age": "x"}}]
)
def test_without_act_or_age_nothing_else_is_looked_at(house: House, funnel: Funnel, wrong: dict[str, Any]) -> None:
    found = entered(house, funnel, spoken(funnel) | wrong)
    assert isinstance(found, Faults)
    assert set(found.by_step) == set(wrong)


def test_a_slot_kept_while_another_answer_is_wrong_is_given_back(house: House, funnel: Funnel) -> None:
    said = spoken(funnel)
    assert isinstance(entered(house, funnel, said | {"reach": {"name": "", "channel": "01"}}), Faults)
    assert count(house, SlotCell) == count(house, Hold) == 0
    assert isinstance(entered(house, funnel, said), EnteredVisit), "staff are kept from the slot they chose"


def test_a_slot_somebody_took_meanwhile_is_a_fault_of_that_step(house: House, funnel: Funnel) -> None:
    said = spoken(funnel)
    assert isinstance(entered(house, funnel, said), EnteredVisit)
    found = entered(house, funnel, said)
    assert isinstance(found, Faults)
    assert found.by_step == {"slot": [("slot", "slot_taken")]}
    assert count(house, Submission) == 1


@pytest.mark.parametrize("age", ["10", "13", "15", "17"])
def test_a_minor_ends_in_a_call_and_no_slot(house: House, funnel: Funnel, age: str) -> None:
    adult = spoken(funnel)
    taking = entered(house, funnel, spoken(funnel, age) | {"slot": adult["slot"]})
    assert isinstance(taking, Faults)
    assert set(taking.by_step) == {"slot"}
    agreeing = entered(house, funnel, spoken(funnel, age) | {"who": {"decision": "01"}})
    assert isinstance(agreeing, Faults)
    assert set(agreeing.by_step) == {"who"}
    found = entered(house, funnel, spoken(funnel, age))
    assert isinstance(found, EnteredVisit)
    visit, _contact, care = documents(house, found.submission)
    assert (visit["kind"], visit["state"], care["path"]) == ("write", "requested", "call")
    assert {one["answer"] for one in care["decisions"]} == {"told", "not_asked"}
    assert count(house, SlotCell) == 0


def test_what_is_not_offered_is_said_and_nothing_is_sent(house: House, funnel: Funnel) -> None:
    said = spoken(funnel, "16", "0302")
    assert foresee(funnel, begin(funnel, new_token()), said) == Faults({}, not_offered=True)
    assert entered(house, funnel, said) == Faults({}, not_offered=True)
    assert count(house, Submission) == 0


def test_foreseeing_stores_and_holds_nothing(house: House, funnel: Funnel) -> None:
    outlook = foresee(
        funnel, begin(funnel, new_token()), {name: spoken(funnel)[name] for name in ("need", "situation")}
    )
    assert isinstance(outlook, Outlook)
    assert (outlook.path, outlook.asked_consents) == ("self", True)
    assert count(house, Hold) == count(house, SlotCell) == 0
    assert isinstance(foresee(funnel, begin(funnel, new_token()), {"need": {"act": "x"}}), Faults)
