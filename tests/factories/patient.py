"""Somebody before a browser, and what they do on a journey, in their own verbs. Every page they get is linted."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Flask

from app.booking.draft import Draft, load_draft
from app.profiles.models import RATHER_NOT
from app.vault.sealing import Context, unseal_json
from app.web.cookie import parse
from tests.browser import Browser, Page, Values, words
from tests.factories.house import House

INSTANT, TO_CONFIRM, ASK = "0101", "0104", "0105"
"""Acts of the shipped profiles by how they are booked."""
QUESTIONS, SLOT, REACH, FEES, CHECK = 4, 5, 6, 7, 8
"""The numbers of the pages, with one page of questions."""
FILTER, LATER, EARLIER, LONGER = "02", "03", "04", "05"
"""What the buttons beside *Continuer* send."""
NONE_SUITS, WRITE = "none000000000000", "write00000000000"


@dataclass
class Patient:
    """A person with a browser; they write down the words they are shown."""

    app: Flask
    gzip: bool = True
    noted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.browser = Browser(self.app, gzip=self.gzip)

    @property
    def page(self) -> Page:
        """The page before their eyes."""
        return self.browser.shown

    @property
    def token(self) -> bytes:
        """What their cookie holds."""
        found = parse(self.browser.cookie).token
        assert found is not None, "the browser holds no token"
        return found

    def opens(self, path: str) -> Page:
        """Type an address."""
        return self.browser.get(path)

    def continues(self, values: Values | None = None) -> Page:
        """Fill in the step on show, and press Enter."""
        return self.browser.submit(values or {})

    def presses(self, value: str, values: Values | None = None) -> Page:
        """Fill in the form of the button that sends this value as `go`, and press it."""
        named = [button for button in self.page.tree.iter("button") if button.get("name") == "go"]
        buttons = [button for button in named if (button.get("value") or "").rstrip("-") == value]
        assert buttons, f"no button sends {value!r}"
        return self.browser.submit(values or {}, words(buttons[-1]))

    def asks_for(self, act: str) -> Page:
        """Choose what for, on the first step."""
        self.opens("/r/01")
        return self.continues({"act": act})

    def says(self, age: str = "34", whom: str = "01", standing: str = "01") -> Page:
        """Say who is concerned."""
        return self.continues({"whom": whom, "age": age, "standing": standing})

    def decides(self, decision: str = "02") -> Page:
        """Accept or refuse the one optional thing, where it is asked."""
        return self.continues({"decision": decision} if self.offered("decision") else {})

    def answers(self, choice: str = RATHER_NOT) -> Page:
        """Answer every question of a page the same way."""
        return self.continues({name: choice for name in ("q1", "q2", "q3", "q4") if self.offered(name)})

    def takes(self, code: str | None = None) -> Page:
        """Choose a slot or a time, the first on the list unless named; say nothing where there is no list."""
        offered = self.offered("slot")
        return self.continues({"slot": code or offered[0]} if offered else {})

    def gives(self, name: str = "Zoé", channel: str = "01", phone: str = "", email: str = "") -> Page:
        """Say by which name to be called, and how to be reached."""
        return self.continues({"name": name, "channel": channel, "phone": phone, "email": email})

    def walks_to(self, number: int, act: str = INSTANT, age: str = "34") -> Page:
        """Answer every step before this page."""
        steps: tuple[Callable[[], Page], ...] = (
            lambda: self.asks_for(act),
            lambda: self.says(age),
            self.decides,
            self.answers,
            self.takes,
            self.gives,
            self.continues,
        )
        for step in steps[: number - 1]:
            step()
        assert self.page.path == f"/r/{number:02d}", f"at {self.page.path}: {self.page.errors}"
        return self.page

    def notes_the_words(self) -> list[str]:
        """Write down the words on show."""
        shown = self.page.main.find(".//ol[@class='words']")
        assert shown is not None, "no words on this page"
        self.noted = [words(item) for item in shown.iter("li")]
        return self.noted

    def sends(self) -> Page:
        """Retype the two words asked for on the last step, and send."""
        noted = self.notes_the_words()
        labels = [
            words(label) for label in self.page.main.iter("label") if (label.get("for") or "").startswith("word")
        ]
        asked = [int(label.rsplit(" ", 1)[1]) for label in labels]
        return self.continues({f"word{n}": noted[number - 1] for n, number in enumerate(asked, 1)})

    def books(self, act: str = INSTANT, age: str = "34") -> Page:
        """Complete a whole journey, and arrive in the space."""
        self.walks_to(CHECK, act, age)
        page = self.sends()
        assert page.path == "/e", f"at {page.path}: {page.errors}"
        return page

    def comes_back_with(self, typed: str) -> Page:
        """Open the page of the words, and type some."""
        self.opens("/retour")
        return self.continues({"words": typed})

    def changes(self, number: int) -> Page:
        """Follow the link that changes an answer, from the last step."""
        links = [a.get("href") for a in self.page.main.iter("a")]
        assert f"/r/{number:02d}" in links, f"nothing leads to step {number}"
        return self.opens(f"/r/{number:02d}")

    def offered(self, name: str) -> list[str]:
        """Return the values of the radios of a name on show."""
        return [f.get("value") or "" for f in self.page.main.iter("input") if is_radio(f, name)]

    def chosen(self, name: str) -> list[str]:
        """Return the values of the radios of a name that are ticked."""
        radios = [f for f in self.page.main.iter("input") if is_radio(f, name)]
        return [f.get("value") or "" for f in radios if "checked" in f.attrib]

    def typed(self, name: str) -> str:
        """Return what stands in a text field on show."""
        found = self.page.main.find(f".//input[@id='{name}']")
        assert found is not None, f"no field {name}"
        return found.get("value") or ""


def is_radio(element: Any, name: str) -> bool:
    """Say whether an element is a choice of a name: not the one that stands for *no answer yet*."""
    answers = bool((element.get("value") or "").strip("-"))
    return bool(element.get("type") == "radio" and element.get("name") == name and answers)


def draft_of(house: House, token: bytes, now: datetime | None = None) -> Draft:
    """Open a patient's unsent draft. Raises DraftGone."""
    with house.db.reading("front") as session:
        return load_draft(session, token, now or house.clock())


@dataclass(frozen=True)
class Parcel:
    """The ids and secrets a journey is sent with, as its draft had them."""

    submission: UUID
    pseudonym: UUID
    secrets: dict[str, bytes]

    def opened(
        self, sealed: bytes, kind: str, purpose: str, object_id: UUID | None = None, version: int = 1
    ) -> dict[str, Any]:
        """Open one of its documents."""
        context = Context(kind, self.pseudonym, purpose, object_id or self.submission, version)
        return unseal_json(self.secrets[purpose], sealed, context)


def parcel_of(house: House, token: bytes) -> Parcel:
    """Return what a draft will be sent with."""
    made = draft_of(house, token).journey.parcel
    secrets = {purpose: base64.b64decode(made[purpose]) for purpose in ("contact", "care", "space")}
    return Parcel(UUID(made["submission"]), UUID(made["pseudonym"]), secrets)
