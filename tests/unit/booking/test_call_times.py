"""Windows to be called or to come by: a fixed number, on open days, in the site's own time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.booking.call_times import CHOICES, WindowKind, call_times
from app.front.directory import Directory
from tests.factories.directory import PARIS, large_clinic, small_clinic, some_rules

SATURDAY = datetime(2026, 11, 21, 10, tzinfo=UTC)


def _clock(directory: Directory, now: datetime, kind: WindowKind) -> list[str]:
    zone = ZoneInfo(directory.sites[0].timezone)
    return [f"{window.starts_at.astimezone(zone):%a %d %H:%M}" for window in call_times(directory, now, kind)]


def test_calls_are_on_working_days_in_the_hours_for_calls() -> None:
    assert _clock(small_clinic(), SATURDAY, "call") == [
        f"{day} {hour}" for day in ("Mon 23", "Tue 24", "Wed 25") for hour in ("09:00", "13:00", "16:00")
    ]


def test_coming_by_follows_who_is_there_even_on_a_saturday() -> None:
    assert _clock(small_clinic(), SATURDAY, "come")[:3] == ["Sat 21 13:00", "Sat 21 16:00", "Sun 22 09:00"]
    assert _clock(large_clinic(), SATURDAY, "come")[0] == "Mon 23 09:00"


def test_there_is_always_the_same_number_and_time_to_prepare() -> None:
    for hour in range(0, 24 * 7, 5):
        now = SATURDAY + timedelta(hours=hour)
        for kind in ("call", "come"):
            windows = call_times(small_clinic(), now, kind)
            assert len(windows) == CHOICES
            assert all(window.starts_at > now + timedelta(hours=1) for window in windows)
            assert all(window.ends_at - window.starts_at == timedelta(hours=1) for window in windows)


def test_a_window_shown_is_still_there_a_little_later() -> None:
    shown = call_times(small_clinic(), SATURDAY, "come")
    later = call_times(small_clinic(), SATURDAY + timedelta(minutes=30), "come")
    assert {window.code for window in shown} == {window.code for window in later}


def test_short_hours_give_half_hours_and_none_gives_none() -> None:
    directory = small_clinic(starts=600, ends=630)
    first = call_times(directory, SATURDAY, "come")[0]
    assert first.ends_at - first.starts_at == timedelta(minutes=30)
    closed = directory.model_copy(update={"hours": ()})
    assert call_times(closed, SATURDAY, "come") == ()
    assert len(call_times(closed, SATURDAY, "call")) == CHOICES


def test_hours_for_calls_that_no_window_fits_give_none() -> None:
    rules = some_rules().model_copy(update={"call_starts_minute": 600, "call_ends_minute": 620})
    assert call_times(small_clinic(rules=rules), SATURDAY, "call") == ()


def test_another_site_may_be_named() -> None:
    directory = large_clinic()
    here, there = (call_times(directory, SATURDAY, "come", site.id) for site in directory.sites)
    assert [window.starts_at for window in here] == [window.starts_at for window in there]
    assert {window.code for window in here}.isdisjoint(window.code for window in there)


def test_a_call_after_the_clock_changed_is_at_the_same_local_time() -> None:
    friday = datetime(2027, 3, 26, 12, tzinfo=UTC)
    windows = call_times(small_clinic(), friday, "call")
    monday = next(w for w in windows if w.starts_at.astimezone(ZoneInfo(PARIS)).date() == date(2027, 3, 29))
    assert monday.starts_at == datetime(2027, 3, 29, 7, tzinfo=UTC)
