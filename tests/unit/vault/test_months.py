"""The months of the ledger's keys: when each begins, until when it is kept, and which there must be at a moment."""

from datetime import UTC, datetime, timedelta

import pytest

from app.vault.months import bounds, ended_before, month_of, months_ahead


def test_a_copy_of_the_keystore_reads_what_is_said_in_the_thirty_days_after_it() -> None:
    """So what was destroyed meanwhile is destroyed again in a restored copy."""
    for day in range(800):
        copied = datetime(2027, 1, 1, 23, 59, tzinfo=UTC) + timedelta(days=day)
        assert {month_of(copied + timedelta(days=after)) for after in range(31)} <= set(months_ahead(copied))


@pytest.mark.parametrize(
    ("month", "moment", "ended"),
    [
        ("2026-11", datetime(2027, 11, 30, 23, 59, tzinfo=UTC), False),
        ("2026-11", datetime(2027, 12, 1, tzinfo=UTC), True),
        ("2026-12", datetime(2027, 12, 31, 23, 59, tzinfo=UTC), False),
        ("2026-12", datetime(2028, 1, 1, tzinfo=UTC), True),
    ],
)
def test_a_month_is_kept_for_whole_months(month: str, moment: datetime, ended: bool) -> None:
    assert ended_before(month, moment, 12) is ended


def test_a_month_begins_and_ends_in_utc() -> None:
    assert bounds("2026-12") == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    for wrong in ("2026-13", "2026-1", "2026-W47", "../2026-11"):
        with pytest.raises(ValueError, match="month"):
            bounds(wrong)
