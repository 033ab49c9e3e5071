"""The lint of a profile: what must hold before it is published, beyond being well formed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from app.profiles.faults import PATHS_FILE, PROFILE_FILE, Fault
from app.profiles.loader import NO_SPECIALTY, folders, read_profile
from app.profiles.models import Act, PathCell, PathMatrix, Profile, PublishableProfile, Purpose
from app.profiles.references import reference_faults
from app.profiles.texts import text_faults
from app.retention import KEPT_DAYS

QUESTIONS_A_PAGE = 4
TOLD = ("care", "contact")
"""The purposes every profile has and tells, without asking."""

_Found = Iterator[tuple[str, str]]


class Lexicon(Protocol):
    """What finds the words that would betray a specialty."""

    def hits(self, text: str) -> list[str]:
        """Return the betraying words of a text."""
        ...


def check(publishable: PublishableProfile, question_pages: int, lexicon: Lexicon) -> list[str]:
    """Return one plain sentence for each thing that keeps a profile from being published; none when it may be."""
    profile, paths = publishable.profile, publishable.paths
    found = reference_faults(profile.slug, profile.model_dump(), paths.model_dump())
    for file, pairs in (
        (PROFILE_FILE, _shape(profile, question_pages)),
        (PROFILE_FILE, _purposes(profile.purposes)),
        (PROFILE_FILE, _neutral(profile, lexicon)),
        (PROFILE_FILE, text_faults(profile)),
        (PATHS_FILE, _paths(publishable)),
    ):
        found += [Fault(f"{profile.slug}/{file}", key, reason) for key, reason in pairs]
    return [str(fault) for fault in dict.fromkeys(found)]


def check_directory(specialties: Path, question_pages: int, lexicon: Lexicon) -> list[str]:
    """Return every fault of every specialty in a folder: of form, of lint, and of one beside the others."""
    profiles: list[Profile] = []
    faults: list[str] = []
    for folder in folders(specialties):
        publishable, found = read_profile(folder)
        faults += found
        if publishable is not None:
            faults += check(publishable, question_pages, lexicon)
            profiles.append(publishable.profile)
    if not faults and not profiles:
        faults.append(NO_SPECIALTY)
    return list(dict.fromkeys(faults)) + check_together(profiles)


def check_together(profiles: list[Profile]) -> list[str]:
    """Return the faults of profiles side by side: codes must differ, and neutral names must tell nothing apart."""
    faults: list[Fault] = []
    codes: dict[str, str] = {}
    for profile in profiles:
        file = f"{profile.slug}/{PROFILE_FILE}"
        first = codes.setdefault(profile.code, profile.slug)
        if first != profile.slug:
            faults.append(Fault(file, "code", f"{first} has the same code"))
        if profile.neutral_name != profiles[0].neutral_name:
            other = profiles[0].slug
            faults.append(Fault(file, "neutral_name", f"differs from that of {other}, so it would tell them apart"))
        if _told_days(profile) != _told_days(profiles[0]):
            other = profiles[0].slug
            faults.append(Fault(file, "purposes", f"retention_days differ from those of {other}"))
    return [str(fault) for fault in faults]


def _told_days(profile: Profile) -> set[int]:
    return {one.retention_days for one in profile.purposes if one.slug in TOLD}


def _shape(profile: Profile, pages: int) -> _Found:
    published = [act for act in profile.acts if act.published]
    if not published:
        yield "acts", "none is on site, so none would be published"
    for place, act in enumerate(profile.acts):
        if act.published:
            yield from _questions(profile, act, f"acts[{place}]", pages)
    for place, question in enumerate(profile.questions):
        if question.page > pages:
            yield f"questions[{place}].page", f"this installation has {pages} question page(s)"


def _questions(profile: Profile, act: Act, key: str, pages: int) -> _Found:
    for page in range(1, pages + 1):
        asked = len(profile.questions_for(act, page))
        if not 1 <= asked <= QUESTIONS_A_PAGE:
            yield key, f"{asked} questions on page {page}; every page asks 1 to {QUESTIONS_A_PAGE}"


def _purposes(purposes: tuple[Purpose, ...]) -> _Found:
    told = {purpose.slug for purpose in purposes if not purpose.optional}
    for slug in TOLD:
        if slug not in told:
            yield "purposes", f"the purpose {slug!r} is missing, or is not told as one that is not optional"
    yield from _terms(purposes)
    optional = [place for place, purpose in enumerate(purposes) if purpose.optional]
    if len(optional) != 1:
        yield (
            "purposes",
            f"{len(optional)} are optional; exactly one is, so that every specialty has the same shape",
        )
    for place in optional:
        if purposes[place].if_refused is None:
            yield f"purposes[{place}].if_refused", "an optional purpose says what a refusal changes"


def _terms(purposes: tuple[Purpose, ...]) -> _Found:
    """A file has one term, which no profile may lengthen: its purposes are destroyed together."""
    told = [(place, one) for place, one in enumerate(purposes) if one.slug in TOLD]
    for place, purpose in told:
        if purpose.retention_days > KEPT_DAYS:
            yield f"purposes[{place}].retention_days", f"more than the {KEPT_DAYS} days a file is kept at most"
        elif purpose.retention_days != told[0][1].retention_days:
            yield f"purposes[{place}].retention_days", f"differs from that of {told[0][1].slug!r}"


def _neutral(profile: Profile, lexicon: Lexicon) -> _Found:
    named = [("neutral_name", profile.neutral_name)]
    named += [(f"acts[{place}].neutral_name", act.neutral_name) for place, act in enumerate(profile.acts)]
    for key, text in named:
        for language, words in (("fr", text.fr), ("en", text.en)):
            if lexicon.hits(words):
                yield f"{key}.{language}", "a neutral name holds a word that betrays the specialty"


def _paths(publishable: PublishableProfile) -> _Found:
    for act in publishable.profile.acts:
        if publishable.paths.path(act.slug, "adult", "self") != "self":
            yield "cells", f"an adult alone must have the path 'self' for the act {act.slug!r}"
    for place, cell in enumerate(publishable.paths.cells):
        if cell.path == "self" and _reaches_beyond_adults(cell):
            yield (
                f"cells[{place}].path",
                "only an adult alone has the path 'self'; leave the others out, or say call",
            )
        if bool(cell.reviewed_by) != (cell.reviewed_on is not None):
            yield f"cells[{place}]", "reviewed_by and reviewed_on are given together"
    yield from _contradictions(publishable.paths)


def _reaches_beyond_adults(cell: PathCell) -> bool:
    """Paths of minors, protected and emancipated people need steps of their own, which are not built yet."""
    return set(cell.bands) != {"adult"} or set(cell.situations) != {"self"}


def _contradictions(paths: PathMatrix) -> _Found:
    stated: dict[tuple[str, str, str], tuple[int, str]] = {}
    for place, cell in enumerate(paths.cells):
        for one in ((a, b, s) for a in cell.acts for b in cell.bands for s in cell.situations):
            first, path = stated.setdefault(one, (place, cell.path))
            if path != cell.path:
                yield f"cells[{place}]", f"contradicts cells[{first}] for {', '.join(one)}"
