"""Which passwords are accepted, and how they are checked."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher, profiles

from app.desk.common_passwords import ROOTS
from app.desk.errors import PasswordRefused, TooManyAtOnce
from app.desk.passwords import MAX_CHARACTERS, Passwords, check_strength


@pytest.mark.parametrize(
    "password",
    ["correct cheval pile agrafe", "zzyx-kolp-9321-mute", "été à la plage, 1987", "a" * 4 + "bcdefgh&é\"'("],
)
def test_a_phrase_of_one_s_own_is_accepted(password: str) -> None:
    check_strength(password, "ines")


def test_length_is_from_12_to_200_characters() -> None:
    check_strength("vélo rouge ab", "ines")
    for reason, password in (("short", "vélo rouge1"), ("long", "abcde fghij " * 20)):
        with pytest.raises(PasswordRefused) as refused:
            check_strength(password, "ines")
        assert refused.value.reason == reason
    check_strength(("abcde fghij " * 20)[:MAX_CHARACTERS], "ines")


def test_every_well_known_root_is_refused_however_dressed() -> None:
    assert len(ROOTS) > 250
    dressings = ("{}2026!!!!!!!!!!", "1234-{}-56789")
    for dressed in (dressing.format(root.upper()) for root in ROOTS for dressing in dressings):
        with pytest.raises(PasswordRefused) as refused:
            check_strength(dressed, "ines")
        assert refused.value.reason == "common"


@pytest.mark.parametrize("password", ["123456789012", "01/01/1985 01/01/1985", "aaaaaaaaaaaaaaa", "abababababab"])
def test_sequences_are_refused(password: str) -> None:
    with pytest.raises(PasswordRefused):
        check_strength(password, "ines")


def test_the_login_dressed_up_is_refused() -> None:
    with pytest.raises(PasswordRefused) as refused:
        check_strength("Marie.Curie-1911!", "marie.curie")
    assert refused.value.reason == "login"


def test_a_password_matches_whatever_keyboard_made_its_accents(passwords: Passwords) -> None:
    assert passwords.match(passwords.hash("été à la plage"), "e\u0301te\u0301 a\u0300 la plage")


def test_a_long_password_is_not_truncated(passwords: Passwords) -> None:
    hashed = passwords.hash("x" * 199 + "a")
    assert not passwords.match(hashed, "x" * 199 + "b")


def test_without_a_hash_nothing_matches(passwords: Passwords) -> None:
    assert not passwords.match(None, "nobody has this password")


def test_a_flood_is_turned_away_and_not_queued_for_ever() -> None:
    slow = Passwords(PasswordHasher.from_parameters(profiles.CHEAPEST), at_once=1, wait_seconds=0.05)
    inside, leave = threading.Event(), threading.Event()

    def occupy() -> None:
        with slow._turn():
            inside.set()
            leave.wait(5)

    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(occupy)
        inside.wait(5)
        with pytest.raises(TooManyAtOnce):
            slow.match(None, "anything at all")
        leave.set()
        busy.result()
    assert slow.match(slow.hash("still of use"), "still of use")
