"""How long each kind of data is kept, from when, and by what law: the house's terms, as data.

Pages, the worker and the documents read the same rows. A setting may shorten the term of a file, never lengthen it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from app.config import Settings

Kind = Literal[
    "drafts",
    "holds",
    "guesses",
    "space_sessions",
    "staff_sessions",
    "care",
    "contact",
    "space",
    "visit",
    "blind_indexes",
    "papers",
    "staff_accounts",
    "ledger",
    "logs",
    "key_backups",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
Since = Literal["last_change", "first_kept", "last_seen", "signed_in", "end_of_visit", "written", "closed", "made"]
"""From when a term runs. `end_of_visit` is the end of the visit, else the day of sending."""

KEPT_DAYS = 90
"""Days that a file is kept at most after its visit, else after its sending."""
GRACE = timedelta(hours=10)
"""How long an erasure that a patient or staff asked for may be taken back."""
ON_TIME = timedelta(days=1)
"""What is overdue by more is a pile: the worker was off, or a clock jumped."""
FEW_AN_HOUR = 5
"""Most people whose files are destroyed in an hour without the agreement of two persons."""
BACKUPS_KEPT = timedelta(days=30)
"""The regime of the copies of the keystore and of the keys silo."""
TOMBSTONES_KEPT = timedelta(days=45)
"""How far back what was destroyed is destroyed again: longer than the oldest copy that could be restored."""
LEDGER_KEPT = timedelta(days=365)
"""How long the content of the ledger can be read (CNIL, délibération 2021-122: 6 to 12 months)."""

FARTHEST_AHEAD = timedelta(days=366)
"""How far ahead of its sending a visit can be, and a day: what has no line of the agenda is kept as if it were."""

_HELD = frozenset({"arrived", "seen"})
_LIVE = frozenset({"booked", "move_asked", "proposed"})
_CARE = "RGPD art. 9(2)(h), 17(3)(e), 18"
_CONTACT = "RGPD art. 6(1)(b), 17(3)(e), 18"
"""What is kept closed after a visit, though erased, is kept to answer a claim: article 17(3)(e), and 18."""
_LIMIT = "RGPD art. 5(1)(e)"
_SECURITY = "RGPD art. 32"


@dataclass(frozen=True, slots=True)
class Kept:
    """A kind of data: the silo or place it is in, how long, since when, and why. `lasts` is None for no set end."""

    kind: Kind
    place: str
    lasts: timedelta | None
    since: Since
    basis: str

    @property
    def days(self) -> int | None:
        """Whole days of the term, or None when it is shorter than one, or has no fixed end."""
        return self.lasts.days or None if self.lasts is not None else None

    @property
    def hours(self) -> int | None:
        """Whole hours of a term shorter than a day, at least one; None for every other."""
        if self.lasts is None or self.lasts.days:
            return None
        return max(1, round(self.lasts.total_seconds() / 3600))


def house_terms(settings: Settings) -> tuple[Kept, ...]:
    """Return the term of each kind of data under these settings, in the order in which a patient meets them."""
    file = timedelta(days=settings.kept_days)
    idle = timedelta(minutes=settings.space_idle_minutes)
    session = timedelta(hours=settings.staff_session_hours)
    hold = timedelta(minutes=settings.hold_minutes * (1 + settings.hold_extensions))
    return (
        Kept("drafts", "front", timedelta(days=settings.draft_days_with_words), "last_change", _LIMIT),
        Kept("holds", "front", hold, "first_kept", _LIMIT),
        Kept("guesses", "front", timedelta(days=1), "first_kept", _SECURITY),
        Kept("space_sessions", "front", idle, "last_seen", _SECURITY),
        Kept("care", "care", file, "end_of_visit", _CARE),
        Kept("contact", "identity", file, "end_of_visit", _CONTACT),
        Kept("space", "front", file, "end_of_visit", "RGPD art. 6(1)(b)"),
        Kept("visit", "desk", file, "end_of_visit", "RGPD art. 6(1)(b)"),
        Kept("blind_indexes", "keys", file, "end_of_visit", "RGPD art. 6(1)(f)"),
        Kept("papers", "none", timedelta(0), "made", _LIMIT),
        Kept("staff_sessions", "desk", session, "signed_in", _SECURITY),
        Kept("staff_accounts", "desk", None, "closed", "RGPD art. 6(1)(b), 32"),
        Kept("ledger", "ledger", LEDGER_KEPT, "written", "RGPD art. 5(2), 32; CNIL 2021-122"),
        Kept("logs", "server", timedelta(days=14), "written", _SECURITY),
        Kept("key_backups", "keystore", BACKUPS_KEPT, "made", _SECURITY),
    )


def term_of(starts_at: datetime | None, minutes: int, created_at: datetime, kept_days: int) -> datetime:
    """Return when a file's term ends: the end of its visit, else the moment it was sent, and so many days."""
    since = starts_at + timedelta(minutes=minutes) if starts_at is not None else created_at
    return since + timedelta(days=min(kept_days, KEPT_DAYS))


def term_without_line(created_at: datetime, kept_days: int) -> datetime:
    """Return when the term ends of what no line of the agenda tells the visit of: no file's can be later."""
    return term_of(created_at + FARTHEST_AHEAD, 0, created_at, kept_days)


def was_held(state: str, starts_at: datetime | None, now: datetime, *, confirmed: bool) -> bool:
    """Say whether a visit took place, so that answers and contact stay, closed, in case of a claim (GDPR 17(3)(e)).

    An agreed one whose time has come, and of which nobody said that the patient did not come, counts: a mark that
    staff forgot must not destroy what they may have to show.
    """
    if state in _HELD:
        return True
    return state in _LIVE and confirmed and starts_at is not None and starts_at <= now


def due_of(purpose: str, now: datetime, term: datetime, *, held: bool) -> datetime:
    """Return when a purpose withdrawn now is destroyed: after the grace, or at the term when a visit was held.

    The space goes after the grace in every case. A term that comes before the end of the grace changes nothing.
    """
    grace = now + GRACE
    return max(grace, term) if held and purpose != "space" else grace
