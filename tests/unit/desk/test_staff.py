"""Accounts: invited, slowed after failures, closed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.db import Databases
from app.desk import sessions, staff
from app.desk.errors import InvitationRefused, LastAdministrator, LoginTaken, StaffNotFound
from app.desk.sessions import Limits
from tests.factories.desk_silo import NOW

LIMITS = Limits(timedelta(minutes=15), timedelta(hours=10))


def opened(db: Databases, login: str = "ines", role: staff.Role = "desk") -> UUID:
    """Return an account in use."""
    with db.writing("desk") as session:
        staff_id, _code = staff.invite(session, login, login.title(), role, NOW)
        person = staff.get_staff(session, staff_id)
        staff.prepare(person, "hash", b"sealed")
        staff.complete(person)
    return staff_id


def test_an_invitation_is_found_however_typed_for_three_days(db: Databases) -> None:
    with db.writing("desk") as session:
        staff_id, code = staff.invite(session, " Ines ", "Inès", "practitioner", NOW)
        assert staff.invited(session, f" {code.upper()} ", NOW + timedelta(hours=71)).id == staff_id
        with pytest.raises(InvitationRefused):
            staff.invited(session, code, NOW + timedelta(hours=72))
        with pytest.raises(InvitationRefused):
            staff.invited(session, code[:-1], NOW)
        with pytest.raises(LoginTaken):
            staff.invite(session, "INES", "Another", "desk", NOW)


def test_an_invitation_ends_when_it_is_completed_or_the_account_closed(db: Databases) -> None:
    with db.writing("desk") as session:
        staff_id, code = staff.invite(session, "ines", "Inès", "desk", NOW)
        staff.disable(session, staff_id, NOW)
        with pytest.raises(InvitationRefused):
            staff.invited(session, code, NOW)
        staff.enable(session, staff_id)
        person = staff.get_staff(session, staff_id)
        assert not staff.can_sign_in(person)
        staff.prepare(person, "hash", b"sealed")
        assert not staff.can_sign_in(person), "a second factor that nobody confirmed must open nothing"
        staff.complete(person)
        assert staff.can_sign_in(person)
        session.flush()
        with pytest.raises(InvitationRefused):
            staff.invited(session, code, NOW)
        with pytest.raises(InvitationRefused):
            staff.still_invited(session, staff.invitation_hash(code), NOW)


def test_an_account_counts_as_a_person_of_its_own_some_days_after_its_last_invitation(db: Databases) -> None:
    staff_id, later = opened(db), NOW + staff.SETTLED_AFTER
    with db.writing("desk") as session:
        assert not staff.is_settled(session, staff_id, later - timedelta(seconds=1))
        assert staff.is_settled(session, staff_id, later)
        staff.invite_again(session, staff_id, later)
        assert not staff.is_settled(session, staff_id, later)
        staff.get_staff(session, staff_id).invited_at = None
        assert staff.is_settled(session, staff_id, NOW), "older than the column"
        assert not staff.is_settled(session, uuid4(), NOW)


def test_inviting_again_takes_password_factor_and_sessions_away(db: Databases) -> None:
    staff_id = opened(db)
    with db.writing("desk") as session:
        sessions.save(session, b"t" * 32, "{}", staff_id, NOW, NOW)
        code = staff.invite_again(session, staff_id, NOW)
        person = staff.get_staff(session, staff_id)
        assert (person.password_hash, person.sealed_totp) == (None, None)
        assert not staff.can_sign_in(person)
        assert sessions.load(session, b"t" * 32, LIMITS, NOW) is None
        assert staff.invited(session, code, NOW).id == staff_id


def attempts(db: Databases, staff_id: UUID, now: datetime, times: int) -> list[bool]:
    """Return whether each of so many attempts was let through."""
    with db.writing("desk") as session:
        return [staff.take_attempt(session, staff_id, now) for _ in range(times)]


def test_after_ten_attempts_each_pair_waits_longer_up_to_a_quarter_of_an_hour(db: Databases) -> None:
    staff_id, now, pauses = opened(db), NOW, []
    assert attempts(db, staff_id, now, 12) == [True] * 10 + [False] * 2
    for _ in range(8):
        pause = 0
        while not attempts(db, staff_id, now, 1)[0]:
            now, pause = now + timedelta(seconds=30), pause + 30
        assert attempts(db, staff_id, now, 2) == [True, False], "a password and a code, then a pause"
        pauses.append(pause)
    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]


def test_proving_both_factors_forgives(db: Databases) -> None:
    staff_id = opened(db)
    attempts(db, staff_id, NOW, 9)
    with db.writing("desk") as session:
        staff.forgive(session, staff_id)
    assert attempts(db, staff_id, NOW, 10) == [True] * 10


def test_guesses_in_parallel_are_counted_one_by_one(db: Databases) -> None:
    staff_id = opened(db)
    with ThreadPoolExecutor(8) as pool:
        let_through = [
            one for found in pool.map(lambda _: attempts(db, staff_id, NOW, 1), range(40)) for one in found
        ]
    assert sum(let_through) == 10


def test_nobody_is_nobody(db: Databases) -> None:
    with db.writing("desk") as session:
        assert not staff.take_attempt(session, uuid4(), NOW)
        assert staff.by_login(session, "nobody") is None
        with pytest.raises(StaffNotFound):
            staff.get_staff(session, uuid4())


def test_the_last_administrator_can_t_be_closed(db: Databases) -> None:
    first = opened(db, "ada", "administrator")
    with db.writing("desk") as session:
        staff.invite(session, "bea", "Béa", "administrator", NOW)
    with db.writing("desk") as session, pytest.raises(LastAdministrator):
        staff.disable(session, first, NOW)
    second = opened(db, "cleo", "administrator")
    with db.writing("desk") as session:
        staff.disable(session, first, NOW)
        assert staff.get_staff(session, first).disabled_at == NOW
        with pytest.raises(LastAdministrator):
            staff.disable(session, second, NOW)


def test_a_session_ends_by_idleness_by_age_and_by_closing_the_account(db: Databases) -> None:
    staff_id, token = opened(db), b"k" * 32
    with db.writing("desk") as session:
        sessions.save(session, token, "{}", staff_id, NOW, NOW)
        assert sessions.load(session, token, LIMITS, NOW + timedelta(minutes=14, seconds=59)) is not None
        assert sessions.load(session, token, LIMITS, NOW + timedelta(minutes=15)) is None
        busy = NOW + timedelta(hours=9, minutes=55)
        sessions.save(session, token, "{}", staff_id, NOW, busy)
        assert sessions.load(session, token, LIMITS, busy + timedelta(minutes=4)) is not None
        assert sessions.load(session, token, LIMITS, NOW + timedelta(hours=10)) is None
        staff.disable(session, staff_id, busy)
        assert sessions.load(session, token, LIMITS, busy) is None
