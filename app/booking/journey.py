"""A passage through the funnel: where a visitor is, and what one answer changes.

The path is computed from the answers at each request; a step off the path is not served; a POST, right or
wrong, ends in the number of the page to show next.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.booking.catalogue import Catalogue
from app.booking.draft import Draft, Journey, blank_draft, is_fresh, load_draft, new_draft, note_draft, save_draft
from app.booking.errors import DraftGone, OffThePath
from app.booking.forms import ANSWERS_NOTHING, EXTEND, FIELD_NAMES, NEXT_DAYS, PREVIOUS_DAYS
from app.booking.holds import NoMoreExtensions, current_hold, extend, release
from app.booking.outlook import SLOT, Outlook, first_open, look, steps
from app.booking.signed import sign_out
from app.booking.steps import Setting, clean
from app.clock import Clock
from app.config import Settings
from app.db import Databases
from app.front import drafts
from app.front.models import Hold
from app.plain import Plain

_NO_SESSION = Session()
"""What an answer that changes no slot is worked out with: bound to nothing, so that any use of it raises."""
LONGEST_KEPT = 200
"""Characters kept of one field: the longest a person may need to see again beside its fault."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """What journeys of one process are made with. `avoid` says which words a person must not be given."""

    db: Databases
    catalogue: Catalogue
    settings: Settings
    clock: Clock
    avoid: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a visitor stands: their draft, what it decides, and the step that may be shown."""

    draft: Draft
    outlook: Outlook
    path: tuple[str, ...]
    number: int
    held: Hold | None
    now: datetime

    @property
    def step(self) -> str:
        """The key of the step shown."""
        return self.path[self.number - 1]


def place(funnel: Funnel, token: bytes | None, language: str, number: int) -> Place:
    """Return where a visitor stands at a page. Raises OffThePath, and DraftGone past the first page."""
    now = funnel.clock()
    draft = _draft_or_blank(funnel, token, language, number, now)
    outlook, path = _stand(draft, funnel, language, number)
    held = None
    if _has_slot(draft.journey):
        with funnel.db.reading("front") as session:
            held = current_hold(session, draft.id, now)
    return Place(draft, outlook, path, number, held, now)


def entrance(funnel: Funnel, token: bytes, language: str) -> Place:
    """Return the first page for a token made just now: nothing is stored under it, so nothing is read."""
    now = funnel.clock()
    draft = blank_draft(token, language, now, funnel.settings)
    outlook = look(draft.journey, funnel.catalogue)
    return Place(draft, outlook, steps(outlook, funnel.settings.question_pages), 1, None, now)


def open_page(funnel: Funnel, token: bytes) -> int | None:
    """Return the number of the page an unsent journey goes on at, or None when there is no such journey."""
    with funnel.db.reading("front") as session:
        try:
            journey = load_draft(session, token, funnel.clock()).journey
        except DraftGone:
            return None
    path = steps(look(journey, funnel.catalogue), funnel.settings.question_pages)
    return path.index(first_open(journey, path)) + 1


def answer(funnel: Funnel, token: bytes, language: str, number: int, typed: Mapping[str, str]) -> int:
    """Take one POST of a step and return the number of the page to show.

    An answer that takes or frees no slot is worked out before the silo is locked, and written if nobody wrote
    the draft meanwhile. Raises ForeignKey for a form that is not this journey's, OffThePath, and DraftGone past
    the first page.
    """
    now = funnel.clock()
    with funnel.db.glancing("front") as plain:
        draft = _draft_or_new(plain, funnel, token, language, number, now)
    outlook, path = _stand(draft, funnel, language, number)
    if not _changes_agenda(draft.journey, path[number - 1], typed):
        setting = Setting(draft, outlook, funnel.catalogue, _NO_SESSION, funnel.settings, now)
        shown = _take(path, number, typed, setting)
        if note_draft(funnel.db, draft, now, funnel.settings):
            return shown
    with funnel.db.writing("front") as session:
        draft = _draft_or_new(session, funnel, token, language, number, now, locked=True)
        outlook, path = _stand(draft, funnel, language, number)
        setting = Setting(draft, outlook, funnel.catalogue, session, funnel.settings, now)
        shown = _take(path, number, typed, setting)
        save_draft(session, draft, now, funnel.settings)
    return shown


def store_faults(
    funnel: Funnel, token: bytes, step: str, typed: Mapping[str, str], faults: list[tuple[str, str]]
) -> None:
    """Keep what was typed at a step with what is wrong with it, for the page that follows."""
    now = funnel.clock()
    with funnel.db.writing("front") as session:
        draft = load_draft(session, token, now, locked=True)
        draft.journey.typed[step] = _kept(typed)
        draft.journey.faults[step] = faults
        save_draft(session, draft, now, funnel.settings)


def lose_slot(funnel: Funnel, token: bytes, why: str) -> None:
    """Take back the answer of a slot that can't be sent any more; all else is kept, the words confirmed."""
    now = funnel.clock()
    with funnel.db.writing("front") as session:
        draft = load_draft(session, token, now, locked=True)
        release(session, draft.id)
        draft.journey.answers.pop(SLOT, None)
        draft.journey.faults[SLOT] = [("slot", why)]
        draft.journey.words_confirmed = True
        save_draft(session, draft, now, funnel.settings)


def forget(funnel: Funnel, token: bytes) -> None:
    """Sign a browser out, and remove its draft and hold unless words were taken to come back with: a quick exit."""
    now = funnel.clock()
    with funnel.db.writing("front") as session:
        sign_out(session, token)
        try:
            draft = load_draft(session, token, now, locked=True)
        except DraftGone:
            return
        if draft.locator is None:
            release(session, draft.id)
            drafts.remove(session, draft.id)


def _stand(draft: Draft, funnel: Funnel, language: str, number: int) -> tuple[Outlook, tuple[str, ...]]:
    """Return what a draft decides and its path, on which the page must be. Raises OffThePath."""
    draft.journey.language = language  # It may be switched on any page; the words stay as they were noted.
    outlook = look(draft.journey, funnel.catalogue)
    path = steps(outlook, funnel.settings.question_pages)
    _require_on_path(draft, path, number)
    return outlook, path


def _changes_agenda(journey: Journey, step: str, typed: Mapping[str, str]) -> bool:
    """Say whether a POST may take, prolong or free a slot: then all of it is done under one lock."""
    return step == SLOT or typed.get("go") == EXTEND or _has_slot(journey)


def _has_slot(journey: Journey) -> bool:
    return journey.answers.get(SLOT, {}).get("kind") == "appointment"


def _take(path: tuple[str, ...], number: int, typed: Mapping[str, str], setting: Setting) -> int:
    """Change the draft by one POST; return the page to show."""
    journey, step = setting.draft.journey, path[number - 1]
    if not is_fresh(setting.draft, step, typed.get("k", "")):
        return _repeated(path, number, typed, setting)
    if typed.get("go") in ANSWERS_NOTHING:
        return _without_answering(step, number, typed, setting)
    had_slot = _has_slot(journey)
    found, faults = clean(step, typed, setting)
    _keep(journey, step, typed)
    if found is None:
        journey.faults[step] = faults
        return number
    journey.faults.pop(step, None)
    journey.answers[step] = found
    journey.turns[step] = journey.turns.get(step, 0) + 1
    return _next_page(setting, had_slot=had_slot)


def _next_page(setting: Setting, *, had_slot: bool) -> int:
    """Return the first page still to answer, once what the new answer made moot is dropped."""
    journey = setting.draft.journey
    outlook = look(journey, setting.catalogue)
    path = steps(outlook, setting.settings.question_pages)
    if had_slot and not _has_slot(journey):
        release(setting.session, setting.draft.id)
    return path.index(first_open(journey, path)) + 1


def _repeated(path: tuple[str, ...], number: int, typed: Mapping[str, str], setting: Setting) -> int:
    """A form sent before: the same content changes nothing; other content is shown again to be confirmed."""
    journey, step = setting.draft.journey, path[number - 1]
    if _kept(journey.typed.get(step, {})) == _kept(typed):
        return path.index(first_open(journey, path)) + 1
    _keep(journey, step, typed)
    journey.faults[step] = [("", "already_sent")]
    return number


def _without_answering(step: str, number: int, typed: Mapping[str, str], setting: Setting) -> int:
    """Filter the slots, turn to other days, keep the slot longer, say whose the device is: what was typed stays."""
    journey, go = setting.draft.journey, typed["go"]
    faults: list[tuple[str, str]] = []
    if go == EXTEND:
        journey.turns[step] = journey.turns.get(step, 0) + 1
        try:
            extend(
                setting.session,
                setting.draft.id,
                setting.now,
                setting.settings.hold_minutes,
                setting.settings.hold_extensions,
            )
        except NoMoreExtensions:
            faults = [("", "hold_over")]
    kept = _kept(typed)
    if step == SLOT:
        kept["from"] = _from_day(typed, journey.typed.get(SLOT, {}), setting.now)
    journey.typed[step] = kept
    journey.faults[step] = faults
    return number


def _from_day(typed: Mapping[str, str], before: Mapping[str, str], now: datetime) -> str:
    """Return the day the list starts at: the one the button turned to, else the one shown; never in the past."""
    turned = {NEXT_DAYS: "next", PREVIOUS_DAYS: "previous"}.get(typed["go"])
    text = typed.get(turned, "") if turned else before.get("from", "")
    try:
        wanted = date.fromisoformat(text)
    except ValueError:
        wanted = now.date()
    return max(wanted, now.date()).isoformat()


def _keep(journey: Journey, step: str, typed: Mapping[str, str]) -> None:
    """Keep what was typed at a step. The day its list starts at is ours, not typed, and stays."""
    shown = {name: value for name, value in journey.typed.get(step, {}).items() if name == "from"}
    journey.typed[step] = _kept(typed) | shown


def _kept(typed: Mapping[str, str]) -> dict[str, str]:
    """Return what is kept of a POST: our own fields, and of each no more than any of them may hold."""
    return {name: value[:LONGEST_KEPT] for name, value in typed.items() if name in FIELD_NAMES}


def _draft_or_blank(funnel: Funnel, token: bytes | None, language: str, number: int, now: datetime) -> Draft:
    try:
        if token is not None:
            with funnel.db.glancing("front") as plain:
                return load_draft(plain, token, now)
    except DraftGone:
        if number != 1:
            raise
    if token is None or number != 1:
        raise DraftGone
    return blank_draft(token, language, now, funnel.settings)


def _draft_or_new(
    session: Session | Plain,
    funnel: Funnel,
    token: bytes,
    language: str,
    number: int,
    now: datetime,
    *,
    locked: bool = False,
) -> Draft:
    """Return the draft to answer in; at the first page a journey may begin. Raises DraftGone past it."""
    try:
        return load_draft(session, token, now, locked=locked)
    except DraftGone:
        if number != 1:
            raise
        return new_draft(token, language, now, funnel.settings, funnel.avoid)


def _require_on_path(draft: Draft, path: tuple[str, ...], number: int) -> None:
    """Refuse a page beyond the first open step, or beyond the path's end."""
    reached = path.index(first_open(draft.journey, path)) + 1
    if not 1 <= number <= reached:
        raise OffThePath(reached)
