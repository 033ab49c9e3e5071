"""Two persons who agree to a pile are two: a new account, or one invited again, is nobody's second."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.clinic import retention
from app.clinic.administration import everyone, invite, invite_again
from app.clinic.errors import AccountTooNew
from app.clinic.people import SignedIn
from app.desk.errors import NotPossible
from app.desk.models import Staff
from app.desk.staff import SETTLED_AFTER
from app.retention import GRACE
from tests.factories.staffed import Staffed
from tests.unit.clinic.kept import administrator, booked, destroy, let_pass, overview_of


def test_who_erases_is_the_first_of_two(clinic: Staffed) -> None:
    sents = [booked(clinic) for _ in range(6)]
    first, second = administrator(clinic), _second(clinic)
    for sent in sents:
        retention.erase(clinic.services, first, sent.submission)
    let_pass(clinic, GRACE)
    assert destroy(clinic) == 0
    waiting = overview_of(clinic).waiting
    assert {one.visit_id for one in waiting} == {sent.submission for sent in sents}
    assert {(one.origin, one.first_by) for one in waiting} == {("staff", first.id)}

    retention.agree(clinic.services, first, sents[0].pseudonym)
    assert destroy(clinic) == 0, "the same person twice"
    for sent in sents:
        retention.agree(clinic.services, second, sent.pseudonym)

    assert overview_of(clinic).waiting == ()
    assert destroy(clinic) == len(sents)
    assert len(clinic.events("shred.agreed")) == len(sents) + 1
    with pytest.raises(NotPossible):
        retention.agree(clinic.services, second, sents[0].pseudonym)


@pytest.mark.parametrize("again", [False, True])
def test_an_account_invited_lately_is_no_second_person(clinic: Staffed, again: bool) -> None:
    sents = [booked(clinic) for _ in range(6)]
    for sent in sents:
        retention.erase(clinic.services, administrator(clinic), sent.submission)
    let_pass(clinic, GRACE)
    second = _invited_now(clinic, again=again)

    assert not retention.overview(clinic.services, second).may_agree
    with pytest.raises(AccountTooNew):
        retention.agree(clinic.services, second, sents[0].pseudonym)
    let_pass(clinic, SETTLED_AFTER - timedelta(seconds=1))
    with pytest.raises(AccountTooNew):
        retention.agree(clinic.services, second, sents[0].pseudonym)
    assert clinic.events("shred.agreed") == []

    let_pass(clinic, timedelta(seconds=1))
    assert retention.overview(clinic.services, second).may_agree
    retention.agree(clinic.services, second, sents[0].pseudonym)


def test_who_erases_from_an_account_invited_lately_is_not_the_first_of_two(clinic: Staffed) -> None:
    sents = [booked(clinic) for _ in range(6)]
    for sent in sents:
        retention.erase(clinic.services, _invited_now(clinic, again=True), sent.submission)
    let_pass(clinic, GRACE)

    assert {one.first_by for one in overview_of(clinic).waiting} == {None}


def _second(clinic: Staffed) -> SignedIn:
    """Make an administrator of somebody who has worked here for long."""
    ines = clinic.people["ines"]
    with clinic.house.db.writing("desk") as session:
        session.get_one(Staff, ines.id).role = "administrator"
    return replace(ines, role="administrator")


def _invited_now(clinic: Staffed, *, again: bool) -> SignedIn:
    """Let the administrator invite one more, or invite again somebody who has worked here for long."""
    by = administrator(clinic)
    if again:
        second = _second(clinic)
        invite_again(clinic.services, by, second.id)
        return second
    invite(clinic.services, by, "ada2", "Ada", "administrator")
    (new,) = [one for one in everyone(clinic.services) if one.login == "ada2"]
    return SignedIn(new.id, "Ada", "administrator", None)
