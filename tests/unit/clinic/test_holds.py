"""A hold stops everything, unless it comes as the file is being destroyed: then it is refused and nothing stays."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.clinic import retention
from app.desk import legal_holds
from app.desk.errors import NotPossible
from app.desk.models import Visit
from app.retention import GRACE
from app.vault.models import Secret
from tests.factories.staffed import Staffed
from tests.unit.clinic.kept import administrator, booked, destroy, let_pass, overview_of, state_of


@pytest.mark.parametrize("gone", ["line", "secret"])
def test_a_hold_that_comes_as_the_file_is_destroyed_is_refused_and_leaves_nothing(
    clinic: Staffed, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    sent = booked(clinic)
    retention.erase(clinic.services, administrator(clinic), sent.submission)
    let_pass(clinic, GRACE)
    placed = legal_holds.place

    def meanwhile(session: Session, *told: Any) -> None:
        placed(session, *told)
        if gone == "line":
            session.execute(delete(Visit).where(Visit.pseudonym == sent.pseudonym))
        else:
            _lose_secrets(clinic, sent.pseudonym)

    monkeypatch.setattr(legal_holds, "place", meanwhile)
    with pytest.raises(NotPossible):
        retention.hold(clinic.services, administrator(clinic), sent.submission, "claim")

    with clinic.house.db.reading("desk") as session:
        assert legal_holds.held(session) == {}
    assert [len(clinic.events(name)) for name in ("hold.placed", "hold.lifted")] == [1, 1]


def test_a_hold_stops_everything_until_it_is_lifted(clinic: Staffed) -> None:
    sent = booked(clinic)
    retention.erase(clinic.services, administrator(clinic), sent.submission)
    retention.hold(clinic.services, administrator(clinic), sent.submission, "claim")
    retention.hold(clinic.services, administrator(clinic), sent.submission, "authority")
    let_pass(clinic, GRACE)

    assert state_of(clinic, sent).hold == "claim"
    assert [one.reason for one in overview_of(clinic).holds] == ["claim"]
    assert overview_of(clinic).waiting == ()
    assert destroy(clinic) == 0
    retention.lift(clinic.services, administrator(clinic), sent.submission)
    assert destroy(clinic) == 1
    assert [one["fields"]["reason"] for one in clinic.events("hold.lifted")] == ["claim"]


def test_what_was_begun_and_done_of_a_file_lets_the_rest_of_it_be_held(clinic: Staffed) -> None:
    sent = booked(clinic)
    starts = clinic.visit(sent).starts_at
    assert starts is not None
    clinic.house.clock.now = starts + timedelta(hours=1)
    retention.erase(clinic.services, administrator(clinic), sent.submission)
    let_pass(clinic, GRACE)
    assert destroy(clinic) == 1, "the space, while answers and contact stay closed"

    retention.hold(clinic.services, administrator(clinic), sent.submission, "claim")
    assert state_of(clinic, sent).hold == "claim"


def _lose_secrets(clinic: Staffed, pseudonym: UUID) -> None:
    with clinic.house.db.writing("keys") as session:
        session.execute(delete(Secret).where(Secret.pseudonym == pseudonym))
