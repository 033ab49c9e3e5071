"""Dates, hours, durations, money and telephone numbers as French and English people read them.

Names come from the Unicode CLDR (Babel). Babel's own formatting costs up to 0.1 ms a value; a page of slots
shows dozens.
"""

from datetime import datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from babel.dates import get_day_names, get_month_names
from babel.units import format_unit

from app.web.languages import Language, of_code

_HARD_SPACE = "\u00a0"
_FRANCE = 33


def day_text(moment: datetime, timezone: str, language: Language) -> str:
    """Return the local day: "mardi 24 novembre", "Tuesday 24 November". `moment` is aware."""
    return _day(moment.astimezone(_zone(timezone)), language)


def time_text(moment: datetime, timezone: str, language: Language) -> str:
    """Return the local hour: "14 h 30", "9 h", "2:30 pm", "9 am", "14:30"."""
    return _time(moment.astimezone(_zone(timezone)), language)


def moment_text(moment: datetime, timezone: str, language: Language) -> str:
    """Return day and hour: "mardi 24 novembre à 14 h 30", "Tuesday 24 November at 2:30 pm"."""
    local = moment.astimezone(_zone(timezone))
    return f"{_day(local, language)} {of_code(language).at} {_time(local, language)}"


def money_text(cents: int, language: Language) -> str:
    """Return an amount given in whole cents: "57 €", "26,50 €", "€57", "€26.50"."""
    euros, rest = divmod(cents, 100)
    if language != "en":
        grouped = f"{euros:,}".replace(",", "\u202f")
        return f"{grouped}{f',{rest:02d}' if rest else ''}{_HARD_SPACE}€"
    return f"€{euros:,}{f'.{rest:02d}' if rest else ''}"


@lru_cache(maxsize=64)
def duration_text(minutes: int, language: Language) -> str:
    """Return a duration in its largest whole unit: "7 jours", "1 heure", "90 minutes", "1 hour"."""
    sizes = (("day", 24 * 60), ("hour", 60), ("minute", 1))
    unit, size = next((unit, size) for unit, size in sizes if minutes % size == 0)
    return str(format_unit(minutes // size, f"duration-{unit}", locale=language))


def phone_text(number: str) -> str:
    """Return an E.164 number as people read it: "06 39 98 00 12", and "+44 7700 900123" for other countries."""
    parsed = phonenumbers.parse(number)
    ours = parsed.country_code == _FRANCE
    written = phonenumbers.PhoneNumberFormat.NATIONAL if ours else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, written)


def _day(local: datetime, language: Language) -> str:
    days, months = _names(language)
    number = "1er" if language == "fr" and local.day == 1 else str(local.day)
    return f"{days[local.weekday()]} {number}{_HARD_SPACE}{months[local.month]}"


def _time(local: datetime, language: Language) -> str:
    style = of_code(language).hours
    if style == ":":
        return f"{local.hour}:{local.minute:02d}"
    if style == "h":
        minutes = f"{_HARD_SPACE}{local.minute:02d}" if local.minute else ""
        return f"{local.hour}{_HARD_SPACE}h{minutes}"
    minutes = f":{local.minute:02d}" if local.minute else ""
    return f"{local.hour % 12 or 12}{minutes}{_HARD_SPACE}{'am' if local.hour < 12 else 'pm'}"


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@cache
def _names(language: Language) -> tuple[dict[int, str], dict[int, str]]:
    days = {number: str(name) for number, name in get_day_names("wide", locale=language).items()}
    months = {number: str(name) for number, name in get_month_names("wide", locale=language).items()}
    return days, months
