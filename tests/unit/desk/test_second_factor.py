"""Codes of the second factor: right for a minute and a half at most, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from app.db import Databases
from app.desk import second_factor, staff
from tests.factories.desk_silo import NOW

# RFC 6238, appendix B: the SHA-1 vectors, cut to six digits; the secret is the ASCII "12345678901234567890".
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")]


@pytest.fixture
def person(db: Databases) -> UUID:
    """Return somebody invited."""
    with db.writing("desk") as session:
        return staff.invite(session, "ines", "Inès", "desk", NOW)[0]


@pytest.mark.parametrize(("seconds", "code"), RFC_VECTORS)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    moment = NOW.fromtimestamp(seconds, NOW.tzinfo)
    assert second_factor.matching_step(RFC_SECRET, code, moment) == seconds // 30


def test_a_code_is_right_one_step_early_and_late_and_no_more() -> None:
    secret = second_factor.new_totp_secret()
    code = second_factor.current_code(secret, NOW)
    right = [
        s for s in range(-90, 120, 30) if second_factor.matching_step(secret, code, NOW + timedelta(seconds=s))
    ]
    assert right == [-30, 0, 30]


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "000 000 0"])
def test_what_is_not_the_code_matches_nothing(typed: str) -> None:
    assert second_factor.matching_step(RFC_SECRET, typed, NOW.fromtimestamp(59, NOW.tzinfo)) is None


def test_spaces_typed_in_a_code_do_not_matter() -> None:
    assert second_factor.matching_step(RFC_SECRET, " 287 082 ", NOW.fromtimestamp(59, NOW.tzinfo)) == 1


def test_a_step_is_spent_once_and_an_older_one_never_again(db: Databases, person: UUID) -> None:
    with db.writing("desk") as session:
        assert second_factor.spend_step(session, person, 100)
        assert not second_factor.spend_step(session, person, 100)
        assert not second_factor.spend_step(session, person, 99)
        assert second_factor.spend_step(session, person, 101)


def test_a_step_spent_by_twenty_at_once_has_one_winner(db: Databases, person: UUID) -> None:
    def spend(_n: int) -> bool:
        with db.writing("desk") as session:
            return second_factor.spend_step(session, person, 500)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(20))) == 1


def test_eight_recovery_codes_work_once_each_however_typed(db: Databases, person: UUID) -> None:
    with db.writing("desk") as session:
        codes = second_factor.renew_recovery_codes(session, person)
    assert len(set(codes)) == 8
    with db.writing("desk") as session:
        for code in codes:
            assert second_factor.spend_recovery_code(session, person, code.upper().replace("-", " "), NOW)
            assert not second_factor.spend_recovery_code(session, person, code, NOW)


def test_new_recovery_codes_end_the_old_ones_and_serve_their_owner_alone(db: Databases, person: UUID) -> None:
    with db.writing("desk") as session:
        other, _ = staff.invite(session, "paul", "Paul", "desk", NOW)
        old = second_factor.renew_recovery_codes(session, person)
        new = second_factor.renew_recovery_codes(session, person)
        assert not second_factor.spend_recovery_code(session, person, old[0], NOW)
        assert not second_factor.spend_recovery_code(session, other, new[0], NOW)
        assert second_factor.spend_recovery_code(session, person, new[0], NOW)
