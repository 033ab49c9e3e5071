"""Journeys begun beforehand, each with the next form its patient sends, and a count of what was accepted."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from app.booking.draft import Draft, Journey, form_key, load_draft, new_draft, save_draft
from app.booking.journey import Funnel, place
from app.vault.tokens import new_token
from app.web.cookie import Visitor, cookie_name, format_value
from bench.answers import LANGUAGE, acts, form_at, walk
from bench.installation import Installation

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Begun:
    """Journeys that stand at one step. `forms` holds two lines for each: its cookie, and the form it sends."""

    step: str
    tokens: Sequence[bytes]
    cookies: Path
    forms: Path


def begin(installation: Installation, number: int, count: int) -> Begun:
    """Store `count` drafts that wait at a page, and write down their cookies and their next forms."""
    funnel, first = installation.funnel(), new_token()
    act = next(iter(acts(funnel).values()))
    walk(funnel, first, number, act)
    there = place(funnel, first, LANGUAGE, number)
    typed = form_at(funnel, first, number, act)
    tokens, cookies, forms = [], [], []
    for draft in _stored(funnel, there.draft.journey, count):
        tokens.append(draft.token)
        cookies.append(f"{cookie_name(tls=False)}={format_value(Visitor(token=draft.token))}")
        forms.append(urlencode(typed | {"k": form_key(draft, there.step)}))
    paths = installation.folder / "cookies", installation.folder / "forms"
    paths[0].write_text("\n".join(cookies))
    paths[1].write_text("".join(f"{cookie}\n{form}\n" for cookie, form in zip(cookies, forms, strict=True)))
    return Begun(there.step, tokens, *paths)


def accepted(installation: Installation, begun: Begun) -> int:
    """Count the drafts in which the step's answer was saved: each is opened and read."""
    now, found = installation.funnel().clock(), 0
    for token in begun.tokens:
        with installation.db.reading("front") as session:
            found += begun.step in load_draft(session, token, now).journey.answers
    return found


def _stored(funnel: Funnel, like: Journey, count: int) -> Iterator[Draft]:
    """Store drafts that hold the answers of a journey that was really made, each with its own words and secrets."""
    for start in range(0, count, _BATCH):
        with funnel.db.writing("front") as session:
            for _ in range(start, min(start + _BATCH, count)):
                draft = new_draft(new_token(), like.language, funnel.clock(), funnel.settings, funnel.avoid)
                for name in ("answers", "typed", "turns"):
                    setattr(draft.journey, name, deepcopy(getattr(like, name)))
                save_draft(session, draft, funnel.clock(), funnel.settings)
                yield draft
