"""What administrators do with a file: erase, take back, hold, lift; each told to the ledger first."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.booking import space
from app.clinic import retention
from app.clinic.case import open_case
from app.clinic.errors import NotForRole
from app.clinic.retention import COMING_DAYS
from app.desk.errors import NotPossible, VisitNotFound
from app.ledger.service import PURPOSES, LedgerUnavailable
from app.retention import GRACE
from app.vault.errors import SecretWithdrawn
from app.worker.patient_actions import carry_actions
from tests.factories.staffed import Staffed
from tests.unit.clinic.kept import administrator, booked, destroy, let_pass, overview_of, state_of


def test_erasing_calls_the_visit_off_and_nobody_opens_the_file_any_more(clinic: Staffed) -> None:
    sent = booked(clinic)
    treats = clinic.people[clinic.login_of(clinic.visit(sent))]
    open_case(clinic.services, treats, sent.submission)

    retention.erase(clinic.services, administrator(clinic), sent.submission)

    now = clinic.house.clock()
    assert clinic.visit(sent).state == "cancelled"
    state = state_of(clinic, sent)
    assert (state.withdrawn, state.due_at, state.restricted_until) == ("staff", now + GRACE, None)
    assert (state.may_erase, state.may_take_back) == (False, True)
    with pytest.raises(SecretWithdrawn):
        open_case(clinic.services, treats, sent.submission)
    told = clinic.events("purpose.withdrawn")
    assert {one["fields"]["purpose"] for one in told} == PURPOSES
    assert {one["fields"]["actor"] for one in told} == {str(administrator(clinic).id)}
    with pytest.raises(NotPossible):
        retention.erase(clinic.services, administrator(clinic), sent.submission)


def test_taking_back_makes_it_openable_again(clinic: Staffed) -> None:
    sent = booked(clinic)
    treats = clinic.people[clinic.login_of(clinic.visit(sent))]
    retention.erase(clinic.services, administrator(clinic), sent.submission)
    retention.take_back(clinic.services, administrator(clinic), sent.submission)

    open_case(clinic.services, treats, sent.submission)
    assert state_of(clinic, sent).withdrawn is None
    clinic.work()
    assert space.read_space(clinic.services.funnel, sent).document["state"] == "cancelled"
    with pytest.raises(NotPossible):
        retention.take_back(clinic.services, administrator(clinic), sent.submission)


def test_the_space_says_at_once_that_staff_called_the_visit_off(clinic: Staffed) -> None:
    sent = booked(clinic)
    retention.erase(clinic.services, administrator(clinic), sent.submission)
    clinic.work()

    document = space.read_space(clinic.services.funnel, sent).document
    assert document["state"] == "cancelled"
    assert state_of(clinic, sent).withdrawn == "staff"


def test_after_the_grace_it_is_gone(clinic: Staffed) -> None:
    sent = booked(clinic)
    retention.erase(clinic.services, administrator(clinic), sent.submission)
    let_pass(clinic, GRACE)
    with pytest.raises(NotPossible):
        retention.take_back(clinic.services, administrator(clinic), sent.submission)

    assert destroy(clinic) == 1
    with pytest.raises(VisitNotFound):
        state_of(clinic, sent)


def test_what_the_law_keeps_is_restricted_until_its_term(clinic: Staffed) -> None:
    sent = booked(clinic)
    starts = clinic.visit(sent).starts_at
    assert starts is not None
    clinic.house.clock.now = starts + timedelta(hours=1)
    retention.erase(clinic.services, administrator(clinic), sent.submission)

    state = state_of(clinic, sent)
    assert clinic.visit(sent).state == "booked"
    assert state.restricted_until == state.term
    assert {one["fields"]["restricted"] for one in clinic.events("purpose.withdrawn")} == {"yes", "no"}
    let_pass(clinic, GRACE)
    assert destroy(clinic) == 1
    assert state_of(clinic, sent).restricted_until is None
    assert state_of(clinic, sent).due_at == state.term
    assert state_of(clinic, sent).may_take_back, "what staff restricted may be given back until its term"


def test_what_a_patient_erased_is_never_staff_s_to_give_back(clinic: Staffed) -> None:
    sent = booked(clinic)
    starts = clinic.visit(sent).starts_at
    assert starts is not None
    clinic.house.clock.now = starts + timedelta(hours=1)
    version = space.read_space(clinic.services.funnel, sent).version
    space.erase(clinic.services.funnel, sent, version)
    carry_actions(clinic.house.db, clinic.house.vault, clinic.house.clock)

    assert state_of(clinic, sent).withdrawn == "patient"
    assert not state_of(clinic, sent).may_take_back
    with pytest.raises(NotPossible):
        retention.take_back(clinic.services, administrator(clinic), sent.submission)
    retention.hold(clinic.services, administrator(clinic), sent.submission, "claim")
    assert not state_of(clinic, sent).may_take_back, "a hold stops the destruction, no more"
    with pytest.raises(NotPossible):
        retention.take_back(clinic.services, administrator(clinic), sent.submission)
    assert state_of(clinic, sent).withdrawn == "patient"
    assert clinic.events("purpose.restored") == []


def test_the_overview_counts_what_comes_without_a_name(clinic: Staffed) -> None:
    sent = booked(clinic)
    assert overview_of(clinic).coming == ()
    term = state_of(clinic, sent).term
    clinic.house.clock.now = term - timedelta(days=COMING_DAYS) + timedelta(hours=1)

    assert [count for _day, count in overview_of(clinic).coming] == [1]
    assert overview_of(clinic).coming[0][0] in {term.date(), date.fromordinal(term.date().toordinal() + 1)}
    clinic.house.clock.now = term
    assert overview_of(clinic).coming == ()


@pytest.mark.parametrize("act", ["erase", "take_back", "hold", "lift", "agree", "overview"])
@pytest.mark.parametrize("role", ["desk", "practitioner"])
def test_nobody_but_administrators(clinic: Staffed, act: str, role: str) -> None:
    more: dict[str, tuple[Any, ...]] = {"overview": (), "hold": (uuid4(), "claim")}
    person = next(one for one in clinic.people.values() if one.role == role)

    with pytest.raises(NotForRole):
        getattr(retention, act)(clinic.services, person, *more.get(act, (uuid4(),)))


def test_who_sees_a_visit_sees_its_term_and_its_hold(clinic: Staffed) -> None:
    sent = booked(clinic)
    retention.hold(clinic.services, administrator(clinic), sent.submission, "claim")
    visit = clinic.visit(sent)
    treats = clinic.people[clinic.login_of(visit)]
    _visit, state = retention.read_file(clinic.services, treats, sent.submission)

    assert (state.hold, state.may_erase, state.may_take_back) == ("claim", False, False)
    with pytest.raises(VisitNotFound):
        retention.read_file(clinic.services, clinic.people[clinic.stranger_to(visit)], sent.submission)


def test_nothing_happens_while_the_ledger_can_t_be_written(clinic: Staffed) -> None:
    sent = booked(clinic)
    with clinic.without("ledger"), pytest.raises(LedgerUnavailable):
        retention.erase(clinic.services, administrator(clinic), sent.submission)

    assert clinic.visit(sent).state == "booked"
    assert state_of(clinic, sent).withdrawn is None
