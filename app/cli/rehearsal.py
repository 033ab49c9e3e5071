"""The rehearsal before publishing: the real patient application, the worst data, and all that leaves judged.

Nothing is put in force of what does not pass. A rehearsal takes some seconds; what passed once, with the same
profiles, clinic, settings and release, is not played again.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.booking.outlook import CHECK, FEES, SLOT
from app.cli.rehearsal_clinic import fullest_clinic
from app.cli.rehearsal_house import House, a_house
from app.cli.rehearsal_journeys import (
    ADULT,
    QUESTIONS,
    TYPED,
    Journey,
    papers_and_words,
    people,
    public_pages,
)
from app.cli.rehearsal_judge import Judge, Where, listening
from app.cli.rehearsal_space import in_the_space
from app.clock import Clock, system_clock
from app.config import ROOT, Settings
from app.discretion.gate import Refused, leaving
from app.discretion.lexicon import Lexicon, compiled, load, shipped
from app.discretion.sizes import OverBudget
from app.discretion.surfaces import Surface
from app.front.directory import Directory
from app.profiles.faults import PROFILE_FILE, Fault
from app.profiles.models import Act, PublishableProfile

Profiles = list[PublishableProfile]
Rehearse = Callable[[Settings, Profiles, Directory | None], list[str]]

_ON_THE_SLIP = ("name", "door", "desk_words", "phone")
_RELEASE = ("app", "templates", "specialties/lexicon.txt", "specialties/neutral.txt")
_LEXICON = "lexicon.txt"
_PASSED = "rehearsed"
_OF_AN_ACT = frozenset({QUESTIONS, FEES, CHECK})
"""The steps whose pages say something of the act; the others are the specialty's or the clinic's."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal found: the faults, how many exchanges were judged, the least room a page had left."""

    faults: tuple[str, ...]
    judged: int = 0
    least_room: int | None = None


def rehearse_once(settings: Settings, profiles: Profiles, directory: Directory | None) -> list[str]:
    """Return the faults of a rehearsal; none when this very one has passed before on this installation."""
    passed = settings.var / _PASSED
    digest = _digest(settings, profiles, directory)
    if passed.is_file() and passed.read_text(encoding="ascii") == digest:
        return []
    faults = rehearse(settings, profiles, directory, system_clock).faults
    if not faults and settings.var.is_dir():
        passed.write_text(digest, encoding="ascii")
    return list(faults)


def rehearse(settings: Settings, profiles: Profiles, directory: Directory | None, clock: Clock) -> Rehearsed:
    """Play every journey in the fullest clinic, and some in the clinic's own. `directory` is the one in force."""
    names = [one.name for one in directory.practitioners] if directory else []
    lexicon = lexicon_of(settings, profiles, names)
    before = [*_settings_faults(settings, lexicon), *_neutral_faults(profiles, lexicon)]
    before += _slip_faults(directory, settings, lexicon) if directory else []
    if before:
        return Rehearsed(tuple(before))
    now, fullest = clock(), fullest_clinic(profiles)
    invented = lexicon.with_names([*(one.name for one in fullest.practitioners), *TYPED])
    with listening() as listener:
        judges = [Judge(invented, listener), Judge(lexicon.with_names(TYPED), listener)]
        _play(judges[0], settings, profiles, fullest, now, whole=True)
        if directory:
            _play(judges[1], settings, profiles, directory, now, whole=False)
    faults = dict.fromkeys(fault for judge in judges for fault in judge.faults)
    return Rehearsed(tuple(faults), sum(judge.judged for judge in judges), judges[0].least_room)


def lexicon_of(settings: Settings, profiles: Profiles, names: list[str]) -> Lexicon:
    """Return the words no outside may hold: the shipped ones, the acts' and specialties' names, these people's."""
    acts = [text for one in profiles for act in one.profile.acts for text in (act.name.fr, act.name.en)]
    own = [text for one in profiles for text in (one.profile.name.fr, one.profile.name.en)]
    return stems_of(settings).with_names([*acts, *own, *names])


def stems_of(settings: Settings) -> Lexicon:
    """Return the shipped lexicon with what a clinic's own adds; none can be taken away. Raises LexiconEmpty."""
    return compiled([*shipped().stems, *load(settings.specialties / _LEXICON).stems])


def _play(
    judge: Judge, settings: Settings, profiles: Profiles, directory: Directory, now: datetime, *, whole: bool
) -> None:
    """Play the public pages and journeys in one house: of every act, or of one act for each way to book."""
    try:
        with a_house(settings, profiles, directory, now) as house:
            public_pages(house, judge)
            _play_acts(judge, profiles, house, whole=whole)
            judge.searches(house)
    except (OverBudget, Refused) as fault:
        judge.says(Where("settings"), f"the pages can't be drawn: {fault}")


def _play_acts(judge: Judge, profiles: Profiles, house: House, *, whole: bool) -> None:
    modes: set[str] = set()
    for publishable in profiles:
        if whole:
            papers_and_words(house, judge, publishable)
        offered = [one for one in publishable.profile.acts if one.published]
        for act in offered:
            new = act.booking not in modes
            if whole or new:
                _go(house, judge, publishable, act, first=whole and act is offered[0], new=new)
            modes.add(act.booking)


def _go(house: House, judge: Judge, publishable: PublishableProfile, act: Act, *, first: bool, new: bool) -> None:
    """Play an act: all of it the first time in a specialty, else the pages that are the act's own."""
    for person in people(publishable, act):
        shown = None if first else {SLOT, *_OF_AN_ACT} if new else _OF_AN_ACT
        journey = Journey(house, judge, publishable, act, person, shown, with_faults=first)
        visitor = journey.walks()
        if new and visitor.path == "/e" and person.age == ADULT:
            in_the_space(journey, visitor)


def _settings_faults(settings: Settings, lexicon: Lexicon) -> Iterator[str]:
    """Judge what the settings put on every page and on the wire."""
    for name, surface, text in (
        ("PARAVENT_BRAND", Surface.TITLE, settings.brand),
        ("PARAVENT_PATIENT_ADDRESS", Surface.ADDRESS, settings.patient_address),
    ):
        yield from _refusal(surface, text, lexicon, "settings", name)


def _neutral_faults(profiles: Profiles, lexicon: Lexicon) -> Iterator[str]:
    """Judge the neutral names, which are all that a paper, a message or a calendar may ever say of an act."""
    for one in profiles:
        named = [("neutral_name", one.profile.neutral_name)]
        named += [(f"acts[{place}].neutral_name", act.neutral_name) for place, act in enumerate(one.profile.acts)]
        for key, text in named:
            for language in ("fr", "en"):
                where = f"{one.profile.slug}/{PROFILE_FILE}", f"{key}.{language}"
                yield from _refusal(Surface.CALENDAR, text.in_language(language), lexicon, *where)


def _slip_faults(directory: Directory, settings: Settings, lexicon: Lexicon) -> Iterator[str]:
    """Judge what the slip says, which may be found by anybody. A street may bear the name of one who treats."""
    stems = stems_of(settings)
    for place, site in enumerate(directory.sites, 1):
        for name in _ON_THE_SLIP:
            key = f"site {place}: {name}"
            yield from _refusal(Surface.PDF_TEXT, getattr(site, name), lexicon, "directory", key)
        yield from _refusal(Surface.PDF_TEXT, site.address, stems, "directory", f"site {place}: address")


def _refusal(surface: Surface, text: str, lexicon: Lexicon, file: str, key: str) -> Iterator[str]:
    try:
        leaving(surface, text, lexicon)
    except Refused as refused:
        yield str(Fault(file, key, str(refused)))


def _digest(settings: Settings, profiles: Profiles, directory: Directory | None) -> str:
    """Return a print of all that a rehearsal depends on: what is published, what is set, and this release."""
    heard = hashlib.sha256()
    parts = [one.model_dump_json() for one in profiles]
    parts += [directory.model_dump_json() if directory else ""]
    parts += [f"{settings.brand}|{settings.clinic_name}|{settings.hosting}|{settings.patient_address}"]
    parts += [f"{settings.question_pages}|{settings.tls}|{settings.demo}|{settings.draft_minutes}"]
    parts += stems_of(settings).stems
    for part in parts:
        heard.update(hashlib.sha256(part.encode()).digest())
    for path in _files():
        heard.update(hashlib.sha256(path.read_bytes()).digest())
    return heard.hexdigest()


def _files() -> list[Path]:
    found = [ROOT / name for name in _RELEASE]
    inside = [path for top in found for path in (sorted(top.rglob("*")) if top.is_dir() else [top])]
    return [path for path in inside if path.is_file() and "__pycache__" not in path.parts]
