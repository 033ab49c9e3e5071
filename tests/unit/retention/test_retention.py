"""The house's terms: each kind of data has one, settings only shorten a file's, and moments are what they say."""

from datetime import timedelta

import pytest

from app.config import ROOT, SettingsError, load_settings
from app.profiles.lint import TOLD
from app.profiles.loader import load_all
from app.retention import GRACE, KEPT_DAYS, KINDS, due_of, house_terms, term_of, was_held
from tests.factories.house import MONDAY, House

ENVIRON = {"PARAVENT_ZONE": "patient", "PARAVENT_VERIFY_KEY": "00" * 32, "PARAVENT_WORDS_SALT": "00" * 16}
VISIT = MONDAY + timedelta(days=2)


def test_each_kind_has_a_term_a_place_and_a_law(house: House) -> None:
    terms = house_terms(house.settings("worker"))

    assert sorted(one.kind for one in terms) == sorted(KINDS)
    assert all(one.place and one.basis for one in terms)
    assert [one.kind for one in terms if one.lasts is None] == ["staff_accounts"]


def test_the_setting_shortens_what_goes_with_a_file(house: House) -> None:
    short = {one.kind: one.days for one in house_terms(house.settings("worker", kept_days=30))}
    whole = {one.kind: one.days for one in house_terms(house.settings("worker"))}

    changed = {kind for kind in short if short[kind] != whole[kind]}
    assert changed == {"care", "contact", "space", "visit", "blind_indexes"}
    assert {short[kind] for kind in changed} == {30}


def test_a_term_shorter_than_a_day_is_told_in_hours(house: House) -> None:
    terms = {one.kind: one for one in house_terms(house.settings("worker"))}

    assert (terms["staff_sessions"].hours, terms["staff_sessions"].days) == (10, None)
    assert (terms["care"].hours, terms["care"].days) == (None, KEPT_DAYS)


@pytest.mark.parametrize(("given", "kept"), [(None, 90), ("1", 1), ("90", 90)])
def test_the_setting_may_shorten(given: str | None, kept: int) -> None:
    environ = ENVIRON if given is None else ENVIRON | {"PARAVENT_KEPT_DAYS": given}

    assert load_settings(environ).kept_days == kept


@pytest.mark.parametrize("given", ["0", "91", "many"])
def test_the_setting_may_not_lengthen(given: str) -> None:
    with pytest.raises(SettingsError, match="KEPT_DAYS must be a whole number from 1 to 90"):
        load_settings(ENVIRON | {"PARAVENT_KEPT_DAYS": given})


def test_shipped_profiles_say_the_house_s_term() -> None:
    told = {
        purpose.retention_days
        for one in load_all(ROOT / "specialties").values()
        for purpose in one.profile.purposes
        if purpose.slug in TOLD
    }

    assert told == {KEPT_DAYS}


def test_a_term_runs_from_the_end_of_the_visit_else_from_the_sending() -> None:
    assert term_of(VISIT, 30, MONDAY, 90) == VISIT + timedelta(minutes=30, days=90)
    assert term_of(None, 30, MONDAY, 90) == MONDAY + timedelta(days=90)
    assert term_of(None, 30, MONDAY, 400) == MONDAY + timedelta(days=KEPT_DAYS)


@pytest.mark.parametrize(
    ("state", "confirmed", "hours", "held"),
    [
        ("arrived", True, -1, True),
        ("seen", True, -1, True),
        ("booked", True, -1, True),  # nobody noted anything: it counts
        ("booked", True, 1, False),
        ("proposed", True, -1, True),
        ("proposed", False, -1, False),
        ("requested", False, -1, False),
        ("absent", True, -1, False),
        ("cancelled", True, -1, False),
        ("declined", False, -1, False),
        ("answered", False, -1, False),
    ],
)
def test_which_visits_took_place(state: str, confirmed: bool, hours: int, held: bool) -> None:
    assert was_held(state, MONDAY + timedelta(hours=hours), MONDAY, confirmed=confirmed) is held


def test_what_the_law_keeps_is_destroyed_at_its_term_and_all_else_after_the_grace() -> None:
    term = MONDAY + timedelta(days=90)

    assert due_of("care", MONDAY, term, held=True) == term
    assert due_of("space", MONDAY, term, held=True) == MONDAY + GRACE
    assert due_of("care", MONDAY, term, held=False) == MONDAY + GRACE
    assert due_of("care", MONDAY, MONDAY + timedelta(hours=1), held=True) == MONDAY + GRACE
