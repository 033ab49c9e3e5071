"""Files that share a contact are said to staff who may see both; never a minor's; only a person joins them."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.booking.signed import Signed
from app.clinic.likeness import Likenesses, join, part, possible_same
from app.clinic.people import SignedIn
from app.desk.errors import NotPossible, VisitNotFound
from app.ledger.service import LedgerUnavailable
from tests.factories.staffed import Staffed
from tests.unit.clinic.reached import PHONE, reach_of, send_reached
from tests.unit.worker.reached import indexed

OTHER = {"channel": "03", "phone": "06 39 98 00 13"}
EMAIL = {"channel": "04", "email": "Lou@Exemple.fr"}
NOBODY = Likenesses()


@pytest.fixture
def desk(clinic: Staffed) -> SignedIn:
    """Return somebody of the desk, who sees every line."""
    return clinic.people["accueil"]


def same(clinic: Staffed, person: SignedIn, sent: Signed) -> Likenesses:
    visit = clinic.visit(sent)
    return possible_same(clinic.services, person, visit, reach_of(clinic, person, visit))


def ids(found: Likenesses) -> tuple[set[UUID], set[UUID]]:
    return {one.visit.id for one in found.joined}, {one.visit.id for one in found.possible}


def test_two_files_with_one_number_may_be_one_person(clinic: Staffed, desk: SignedIn) -> None:
    lou, again, other = send_reached(clinic), send_reached(clinic), send_reached(clinic, contact=OTHER)
    assert ids(same(clinic, desk, lou)) == (set(), {again.submission})
    assert ids(same(clinic, desk, again)) == (set(), {lou.submission})
    assert same(clinic, desk, other) == NOBODY
    assert [one.reach.name for one in same(clinic, desk, lou).possible] == ["Lou"]


def test_an_address_is_the_same_however_it_was_typed(clinic: Staffed, desk: SignedIn) -> None:
    lou = send_reached(clinic, contact=EMAIL)
    again = send_reached(clinic, contact=EMAIL | {"email": "lou@EXEMPLE.FR"})
    assert ids(same(clinic, desk, lou)) == (set(), {again.submission})


def test_the_ledger_names_each_file_shown_and_nothing_when_none_is(clinic: Staffed, desk: SignedIn) -> None:
    lou, again, other = send_reached(clinic), send_reached(clinic), send_reached(clinic, contact=OTHER)
    same(clinic, desk, other)
    assert clinic.events("likeness.shown") == []
    same(clinic, desk, lou)
    (row,) = clinic.events("likeness.shown")
    assert row["subjects"] == sorted([str(lou.pseudonym), str(again.pseudonym)])
    assert row["purposes"] == ["contact"]
    assert row["fields"] == {"actor": str(desk.id), "role": "desk", "visit": str(lou.submission), "count": 1}


@pytest.mark.parametrize("wanted", [{"answer_by": "call"}, {"answer_by": "come"}, {"writes": True}])
def test_a_minor_s_file_appears_nowhere_and_shows_nobody(
    clinic: Staffed, desk: SignedIn, wanted: dict[str, Any]
) -> None:
    parent, minor = send_reached(clinic), send_reached(clinic, **wanted)
    assert same(clinic, desk, parent) == NOBODY
    assert same(clinic, desk, minor) == NOBODY
    assert {pseudonym for pseudonym, _field, _epoch in indexed(clinic.house)} == {parent.pseudonym}
    for one, other in ((parent, minor), (minor, parent)):
        with pytest.raises(NotPossible):
            join(clinic.services, desk, one.submission, other.submission)
    adult = send_reached(clinic)
    assert ids(same(clinic, desk, parent)) == (set(), {adult.submission})
    assert clinic.events("person.joined") == []


def test_a_practitioner_is_shown_no_file_that_is_not_theirs(clinic: Staffed, desk: SignedIn) -> None:
    day = clinic.house.clock().date()
    sent = [send_reached(clinic, "instant", day=day, seed=n) for n in range(6)]
    visits = [clinic.visit(one) for one in sent]
    everybody = {visit.id for visit in visits}
    seen_less = False
    for visit, one in zip(visits, sent, strict=True):
        owner = clinic.people[clinic.login_of(visit)]
        theirs = {other.id for other in visits if other.practitioner_id == owner.practitioner}
        assert ids(same(clinic, owner, one)) == (set(), theirs - {visit.id})
        assert ids(same(clinic, desk, one)) == (set(), everybody - {visit.id})
        seen_less = seen_less or theirs < everybody
        stranger = clinic.people[clinic.stranger_to(visit)]
        with pytest.raises(VisitNotFound):
            join(clinic.services, stranger, visit.id, (everybody - {visit.id}).pop())
        with pytest.raises(VisitNotFound):
            part(clinic.services, stranger, visit.id)
    assert seen_less


def test_a_person_joins_two_files_and_may_part_them(clinic: Staffed, desk: SignedIn) -> None:
    lou, again = send_reached(clinic), send_reached(clinic)
    join(clinic.services, desk, lou.submission, again.submission)
    join(clinic.services, desk, again.submission, lou.submission)
    assert ids(same(clinic, desk, lou)) == ({again.submission}, set())
    assert ids(same(clinic, desk, again)) == ({lou.submission}, set())

    part(clinic.services, desk, again.submission)

    assert ids(same(clinic, desk, lou)) == (set(), {again.submission})
    both = sorted([str(lou.pseudonym), str(again.pseudonym)])
    assert [row["subjects"] for row in clinic.events("person.joined")] == [both, both]
    assert [row["subjects"] for row in clinic.events("person.parted")] == [both]
    with pytest.raises(NotPossible):
        part(clinic.services, desk, again.submission)


def test_nobody_parts_what_was_joined_out_of_their_sight(clinic: Staffed, desk: SignedIn) -> None:
    day = clinic.house.clock().date()
    visits = [clinic.visit(send_reached(clinic, "instant", day=day, seed=n)) for n in range(6)]
    mine = visits[0]
    theirs = next(one for one in visits if one.practitioner_id != mine.practitioner_id)
    owner = clinic.people[clinic.login_of(mine)]
    join(clinic.services, desk, mine.id, theirs.id)

    with pytest.raises(NotPossible):
        part(clinic.services, owner, mine.id)

    assert clinic.events("person.parted") == []
    part(clinic.services, desk, mine.id)
    assert len(clinic.events("person.parted")) == 1


def test_only_files_that_share_a_contact_are_joined(clinic: Staffed, desk: SignedIn) -> None:
    lou, other = send_reached(clinic), send_reached(clinic, contact=OTHER)
    with pytest.raises(NotPossible):
        join(clinic.services, desk, lou.submission, other.submission)
    with pytest.raises(NotPossible):
        join(clinic.services, desk, lou.submission, lou.submission)
    with pytest.raises(VisitNotFound):
        join(clinic.services, desk, lou.submission, uuid4())
    assert clinic.events("person.joined") == []


def test_a_contact_that_was_destroyed_is_shown_no_more(clinic: Staffed, desk: SignedIn) -> None:
    lou, gone = send_reached(clinic), send_reached(clinic)
    assert ids(same(clinic, desk, lou)) == (set(), {gone.submission})
    with clinic.house.db.writing("keys") as session:
        clinic.house.keystore.destroy(session, gone.pseudonym, "contact")
    assert same(clinic, desk, lou) == NOBODY
    assert same(clinic, desk, gone) == NOBODY


def test_with_the_ledger_down_nothing_is_shown_or_joined(clinic: Staffed, desk: SignedIn) -> None:
    lou, again = send_reached(clinic), send_reached(clinic)
    visit = clinic.visit(lou)
    reach = reach_of(clinic, desk, visit)
    with clinic.without("ledger"):
        with pytest.raises(LedgerUnavailable):
            possible_same(clinic.services, desk, visit, reach)
        with pytest.raises(LedgerUnavailable):
            join(clinic.services, desk, lou.submission, again.submission)
    assert ids(same(clinic, desk, lou)) == (set(), {again.submission})


def test_a_telephone_of_a_whole_house_shows_the_newest_files_only(
    clinic: Staffed, desk: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.clinic.likeness.MANY", 2)
    sent = []
    for _ in range(4):
        clinic.house.clock.forward(seconds=1)
        sent.append(send_reached(clinic, contact=PHONE))
    assert [one.visit.id for one in same(clinic, desk, sent[0]).possible] == [
        sent[3].submission,
        sent[2].submission,
    ]


def test_newer_files_do_not_push_out_the_joined_one(
    clinic: Staffed, desk: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.clinic.likeness.MANY", 2)
    sent = []
    for _ in range(4):
        clinic.house.clock.forward(seconds=1)
        sent.append(send_reached(clinic, contact=PHONE))
    join(clinic.services, desk, sent[0].submission, sent[1].submission)
    assert ids(same(clinic, desk, sent[0])) == ({sent[1].submission}, {sent[3].submission})
