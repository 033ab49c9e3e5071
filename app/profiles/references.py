"""What the keys of a profile say of one another: nothing named twice, nothing pointing nowhere.

It reads plain documents, so that a file the models refuse still gets all of its faults named at once.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.profiles.faults import PATHS_FILE, PROFILE_FILE, Fault
from app.profiles.models import RATHER_NOT

Document = Mapping[str, Any]


def reference_faults(folder: str, profile: Document, paths: Document) -> list[Fault]:
    """Return every repeated code or slug, every reserved code, and every act named that does not exist."""
    known = {act["slug"] for _, act in _tables(profile, "acts") if isinstance(act.get("slug"), str)}
    found = [*_repeats(profile), *_choices(profile)]
    in_profile = [Fault(f"{folder}/{PROFILE_FILE}", key, reason) for key, reason in found]
    in_profile += _unknown(f"{folder}/{PROFILE_FILE}", profile, "questions", known)
    return in_profile + list(_unknown(f"{folder}/{PATHS_FILE}", paths, "cells", known))


def _tables(document: Document, key: str) -> list[tuple[int, Document]]:
    rows = document.get(key)
    if not isinstance(rows, list | tuple):
        return []
    return [(place, row) for place, row in enumerate(rows) if isinstance(row, Mapping)]


def _repeats(profile: Document) -> Iterator[tuple[str, str]]:
    for key, name in (("acts", "code"), ("acts", "slug"), ("questions", "code"), ("purposes", "slug")):
        for place in _repeated(profile, key, name):
            yield f"{key}[{place}].{name}", f"another of the {key} has the same {name}"


def _repeated(document: Document, key: str, name: str) -> Iterator[int]:
    seen: set[str] = set()
    for place, row in _tables(document, key):
        value = row.get(name)
        if isinstance(value, str):
            if value in seen:
                yield place
            seen.add(value)


def _choices(profile: Document) -> Iterator[tuple[str, str]]:
    for place, question in _tables(profile, "questions"):
        key = f"questions[{place}].choices"
        for repeat in _repeated(question, "choices", "code"):
            yield f"{key}[{repeat}].code", "another choice of this question has the same code"
        for at, choice in _tables(question, "choices"):
            if choice.get("code") == RATHER_NOT:
                yield f"{key}[{at}].code", f"{RATHER_NOT} is kept for the choice that every question gets by itself"


def _unknown(file: str, document: Document, key: str, known: set[str]) -> Iterator[Fault]:
    for place, row in _tables(document, key):
        named = row.get("acts")
        for at, slug in enumerate(named if isinstance(named, list | tuple) else ()):
            if isinstance(slug, str) and slug not in known:
                yield Fault(file, f"{key}[{place}].acts[{at}]", f"no act of this profile has the slug {slug!r}")
