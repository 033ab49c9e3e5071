"""The names of the keys of half-days, two a day. Any zone may ask for a name; none of this holds a key."""

import re
from datetime import UTC, datetime, timedelta

HALF_DAY = timedelta(hours=12)
HALF_DAY_NAME = r"\d{4}-\d\d-\d\d(T12)?"

_NOON = 12
_NAME = re.compile(HALF_DAY_NAME, re.ASCII)


def day_of(moment: datetime) -> str:
    """Return the name of the keys of a moment's half-day: `2026-11-21`, and from noon (UTC) `2026-11-21T12`.

    Two keys a day, so that what is destroyed is gone from live stores within a day, time to think it over included.
    """
    there = moment.astimezone(UTC)
    return f"{there.date().isoformat()}{'T12' if there.hour >= _NOON else ''}"


def start_of(name: str) -> datetime:
    """Return the first moment of a half-day. Raises ValueError for what names none."""
    if not _NAME.fullmatch(name):
        raise ValueError("not the name of a half-day")
    return datetime.fromisoformat(name).replace(tzinfo=UTC)
