"""Erasing, holding, agreeing and destroying with each zone's own logins: nobody needs a right that it has not.

The same stories are told in full on files (tests/unit/clinic/test_retention.py, tests/unit/worker). Here it counts
whose login asks: patients' for what the space sends, staff's for what administrators do, the worker's for the rest.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.booking import space
from app.booking.signed import Signed
from app.care.models import Case
from app.cli.demo_patients import Wanted
from app.clinic import retention
from app.db import Silo
from app.desk.models import Visit
from app.identity.models import Contact
from app.retention import GRACE
from app.vault.models import BlindIndex, Secret, SpaceSecret, Withdrawal
from app.worker.terms import end_terms
from tests.security.siege.staff import StaffedByRoles

pytestmark = pytest.mark.postgres

WHERE: tuple[tuple[Silo, type[Any]], ...] = (
    ("identity", Contact),
    ("care", Case),
    ("desk", Visit),
    ("keys", Secret),
    ("keys", BlindIndex),
    ("keys", Withdrawal),
)


def booked(clinic: StaffedByRoles, files: int = 1) -> list[Signed]:
    """Let so many people book, and the worker take all of them in."""
    day = (clinic.house.clock() + timedelta(days=3)).date()
    with clinic.app.test_request_context():
        sent = [clinic.journeys.send(Wanted(("instant",), day=day)) for _ in range(files)]
    clinic.work()
    return sent


def left_of(clinic: StaffedByRoles, sent: Signed) -> set[str]:
    """Return the tables that have something of a file still, as the owner of all silos sees them."""
    found = set()
    for silo, model in WHERE:
        with clinic.house.db.reading(silo) as session:
            if session.scalars(select(model).where(model.pseudonym == sent.pseudonym)).first():
                found.add(model.__tablename__)
    with clinic.house.db.reading("keys") as session:
        if session.scalars(select(SpaceSecret).where(SpaceSecret.submission == sent.submission)).first():
            found.add("space_secrets")
    return found


def passes(clinic: StaffedByRoles, duration: timedelta) -> None:
    clinic.house.clock.now += duration
    clinic.work()


def test_what_administrators_do(clinic: StaffedByRoles) -> None:
    first = next(one for one in clinic.people.values() if one.role == "administrator")
    second = replace(clinic.people["ines"], role="administrator")
    services, (kept, *others) = clinic.services, booked(clinic, files=8)
    for sent in (kept, *others):
        retention.erase(services, first, sent.submission)
    clinic.house.clock.forward(seconds=1)
    retention.hold(services, first, others[0].submission, "claim")
    retention.take_back(services, first, kept.submission)
    assert retention.read_file(services, first, kept.submission)[1].withdrawn is None
    passes(clinic, GRACE)
    retention.lift(services, first, others[0].submission)
    clinic.work()
    waiting = retention.overview(services, first).waiting
    assert {one.visit_id for one in waiting} == {sent.submission for sent in others}
    for sent in others:
        assert {"contacts", "cases", "visits", "secrets"} <= left_of(clinic, sent)
        retention.agree(services, second, sent.pseudonym)
    clinic.work()
    assert [left_of(clinic, sent) for sent in others] == [set()] * len(others)
    assert {"contacts", "cases", "visits", "secrets"} <= left_of(clinic, kept)


def test_what_patients_do_and_what_comes_back_with_a_copy(clinic: StaffedByRoles) -> None:
    (sent,), funnel = booked(clinic), clinic.services.funnel
    space.erase(funnel, sent, space.read_space(funnel, sent).version)
    clinic.work()
    assert "withdrawals" in left_of(clinic, sent)
    space.keep(funnel, sent, space.read_space(funnel, sent).version)
    clinic.work()
    assert "withdrawals" not in left_of(clinic, sent)
    space.erase(funnel, sent, space.read_space(funnel, sent).version)
    copied = _contact_of(clinic, sent.pseudonym)
    space.destroy_now(funnel, sent, space.read_space(funnel, sent).version)
    passes(clinic, timedelta(minutes=1))
    assert left_of(clinic, sent) == set()
    with pytest.raises(space.SpaceGone):
        space.read_space(funnel, sent)
    with clinic.house.db.writing("identity") as session:
        session.add(Contact(**copied))
    clinic.work()
    assert left_of(clinic, sent) == set()


def test_what_comes_to_its_term(clinic: StaffedByRoles) -> None:
    (sent,), worker = booked(clinic), clinic.zoned.zones["worker"]
    passes(clinic, timedelta(days=4, hours=12))
    assert left_of(clinic, sent) >= {"contacts", "cases", "visits", "secrets"}
    assert end_terms(worker.db, worker.vault, worker.clock, kept_days=1) == 1
    clinic.work()
    assert left_of(clinic, sent) == set()


def _contact_of(clinic: StaffedByRoles, pseudonym: UUID) -> dict[str, object]:
    with clinic.house.db.reading("identity") as session:
        row = session.scalars(select(Contact).where(Contact.pseudonym == pseudonym)).one()
        return {column.name: getattr(row, column.name) for column in Contact.__table__.columns}
