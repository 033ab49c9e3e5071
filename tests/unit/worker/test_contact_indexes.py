"""Taking in indexes how an adult who comes alone is reached: once, last, and nobody else's contact."""

from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.db import Databases
from app.desk.models import Visit
from app.front.models import Submission
from app.vault import blind
from app.vault.door import Vault
from app.vault.errors import KeystoreError
from app.vault.models import BlindIndex, Opening
from app.worker.intake import take_in
from tests.factories.house import House, told
from tests.factories.mortal import killed_everywhere
from tests.unit.worker.reached import PHONE, indexed, submit_reached
from tests.unit.worker.sending import Sent


def test_a_contact_is_indexed_when_it_is_taken_in(house: House) -> None:
    by_phone = submit_reached(house, {"phone": PHONE})
    by_email = submit_reached(house, {"email": "Lou@Exemple.fr"}, kind="request")
    nowhere = submit_reached(house, {})

    assert take_in(house.db, house.vault, house.clock) == 3

    assert indexed(house) == {(by_phone.pseudonym, "phone", "2026"), (by_email.pseudonym, "email", "2026")}
    keys = blind.index_keys(house.keystore).readable()
    with house.db.reading("keys") as session:
        assert blind.look_up(session, keys, {"phone": PHONE}) == {by_phone.pseudonym}
        assert blind.look_up(session, keys, {"email": "lou@exemple.fr"}) == {by_email.pseudonym}
    assert nowhere.pseudonym not in {pseudonym for pseudonym, _field, _epoch in indexed(house)}


def test_it_opens_nothing_more_than_the_ledger_says(house: House) -> None:
    sent = submit_reached(house, {"phone": PHONE})
    take_in(house.db, house.vault, house.clock)
    said = {entry.name: told(entry).purposes for entry in house.events_for(sent.pseudonym)}
    assert said == {"submission.taken_in": ("contact",), "submission.kept": ()}
    assert opened(house) == {(sent.pseudonym, "contact")}


@pytest.mark.parametrize("kind", ["call", "come", "write"])
def test_whoever_must_be_spoken_to_first_is_never_indexed(house: House, kind: str) -> None:
    asked = {"kind": kind, "state": "requested", "site": None, "room": None, "practitioner": None}
    sent = submit_reached(house, {"phone": PHONE, "email": "lou@exemple.fr"}, **asked)
    adult = submit_reached(house, {"phone": PHONE})

    assert take_in(house.db, house.vault, house.clock) == 2

    assert indexed(house) == {(adult.pseudonym, "phone", "2026")}
    with house.db.writing("desk") as session:  # the call was answered by an appointment
        session.get_one(Visit, sent.submission).kind = "appointment"
    take_in(house.db, house.vault, house.clock)
    assert indexed(house) == {(adult.pseudonym, "phone", "2026")}


def test_a_worker_killed_around_any_commit_indexes_each_contact_once(house: House) -> None:
    everybody: list[Sent] = []

    def sent_and_taken_in(dying: Databases) -> None:
        everybody.append(submit_reached(house, {"phone": PHONE}))
        take_in(dying, Vault(house.keystore, dying), house.clock)

    def restarted() -> None:
        take_in(house.db, house.vault, house.clock)
        assert indexed(house) == {(sent.pseudonym, "phone", "2026") for sent in everybody}

    assert killed_everywhere(house.db, sent_and_taken_in, restarted) == 2 * 9  # around each of nine commits
    with house.db.reading("keys") as session:
        assert session.scalar(select(func.count()).select_from(BlindIndex)) == len(everybody)


@pytest.mark.parametrize(
    "contact",
    [{"phone": 33, "email": ["lou"]}, {"phone": "abc", "email": "lou"}, {"email": "l" * 10_000 + "@a.fr"}],
    ids=["no texts", "no addresses", "an endless one"],
)
def test_a_contact_that_is_not_ours_is_taken_in_without_an_index(house: House, contact: dict[str, object]) -> None:
    submit_reached(house, contact)
    assert take_in(house.db, house.vault, house.clock) == 1
    assert indexed(house) == set()


def test_a_contact_that_can_not_be_opened_is_taken_in_without_an_index(house: House) -> None:
    sent = submit_reached(house, {"phone": PHONE})
    with house.db.writing("front") as session:
        session.get_one(Submission, sent.submission).sealed_contact = b"cut"
    assert take_in(house.db, house.vault, house.clock) == 1
    assert indexed(house) == set()


def test_a_damaged_index_key_keeps_no_patient_from_the_agenda(house: House) -> None:
    submit_reached(house, {"phone": PHONE})
    take_in(house.db, house.vault, house.clock)
    file = house.root / "keystore" / "index-2026.key"
    good = file.read_bytes()
    file.write_bytes(b"cut")
    sent = submit_reached(house, {"phone": PHONE})

    assert take_in(house.db, house.vault, house.clock) == 0

    with house.db.reading("desk") as session:
        assert session.get(Visit, sent.submission) is not None
    with pytest.raises(KeystoreError):
        blind.index_keys(house.keystore).current(house.clock())
    file.write_bytes(good)
    assert take_in(house.db, house.vault, house.clock) == 1
    assert (sent.pseudonym, "phone", "2026") in indexed(house)


def opened(house: House) -> set[tuple[UUID, str]]:
    """Return the pseudonyms and purposes whose secrets were taken out, for any event."""
    with house.db.reading("keys") as session:
        return {(one.pseudonym, one.purpose) for one in session.scalars(select(Opening))}
