"""What people do on a journey, each scenario with the same typed texts whatever the journey is for."""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random

from app.vault.words import normalise
from bench.observer.guest import Guest, Strayed
from tests.browser import words as words_in

LAST, SPACE = 8, "/e"
ADULT, OLDER, MINOR = "34", "35", "16"
HERSELF, ASSISTED = "01", "03"
_NONE_SUITS, _WRITE = "none", "write"
_WORD_LENGTH, _WORDS_LENGTH = 12, 80
"""Words are drawn; blanks, which do not count, make what is typed as long for all."""
_WRONG_WORDS = "abeille abeille abeille abeille abeille abeille abeille"
_SERVER_FAULTS = range(500, 600)
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Case:
    """What a journey is for: the specialty, the code of its act, and how that is booked."""

    profile: str
    act: str
    mode: str


@dataclass(slots=True)
class Stage:
    """Where scenarios are played: how a guest arrives, and how the front silo is broken for a while."""

    arrive: Callable[[], AbstractContextManager[Guest]]
    broken: Callable[[], AbstractContextManager[None]]
    chance: Random


@dataclass(slots=True)
class Person:
    """Somebody at a browser who wants one act. `slot` is which of the slots on offer they take."""

    guest: Guest
    case: Case
    chance: Random
    age: str = ADULT
    standing: str = HERSELF
    take_slot: bool = True

    def begins(self) -> None:
        """Open the first page."""
        self.guest.open("/r/01")

    def answers(self, **changed: str) -> None:
        """Answer the page on show, with some values other than usual."""
        number = int(self.guest.page.path.removeprefix("/r/"))
        self.guest.submit(self.answer_to(number) | changed)

    def goes_to(self, until: int) -> None:
        """Answer page after page, up to this one. Raises Strayed when one is refused."""
        while (here := self.guest.page.path) != f"/r/{until:02d}":
            self.answers()
            if self.guest.page.path == here:
                raise Strayed(f"{here}: {self.guest.page.errors}")

    def sends(self) -> None:
        """Go to the last page, and send. Raises Strayed."""
        self.goes_to(LAST)
        self.answers()
        if self.guest.page.path != SPACE:
            raise Strayed(f"{self.guest.page.path}: {self.guest.page.errors}")

    def answer_to(self, number: int) -> dict[str, str]:
        """Return what this person chooses and types on a step of the journey."""
        offered = self.guest.offered
        if number == 4:
            return {name: offered(name)[0] for name in ("q1", "q2", "q3", "q4") if offered(name)}
        if number == 5:
            return {"slot": self._slot()} if offered("slot") else {}
        return {
            1: lambda: {"act": self.case.act},
            2: lambda: {"whom": "01", "age": self.age, "standing": self.standing},
            3: lambda: {"decision": "02"} if offered("decision") else {},
            6: lambda: {"name": "Camille", "channel": "02", "phone": "06 39 98 00 12"},
            7: dict,
            8: self._words,
        }[number]()

    def _slot(self) -> str:
        slots = self.guest.offered("slot")
        free = [code for code in slots if not code.startswith((_NONE_SUITS, _WRITE))]
        if self.take_slot and free:
            return self.chance.choice(free)
        return next(code for code in slots if code.startswith(_NONE_SUITS))

    def _words(self) -> dict[str, str]:
        noted = words_shown(self.guest)
        labels = [one for one in self.guest.page.main.iter("label") if (one.get("for") or "").startswith("word")]
        asked = [int(re.findall(r"\d", words_in(label))[0]) for label in labels]
        return {f"word{place}": _word(noted[number - 1]) for place, number in enumerate(asked, 1)}


def words_shown(guest: Guest) -> list[str]:
    """Return the words on show."""
    shown = guest.page.main.find(".//ol[@class='words']")
    assert shown is not None, "no words on this page"
    return [words_in(item) for item in shown.iter("li")]


def plain(stage: Stage, person: Person) -> None:
    """Book, from the first page to the space."""
    person.begins()
    person.sends()


def mended(stage: Stage, person: Person) -> None:
    """Make a mistake on two pages, and mend each."""
    person.begins()
    person.goes_to(2)
    person.answers(age="999")
    person.goes_to(6)
    person.answers(name="")
    person.sends()


def age_changed(stage: Stage, person: Person) -> None:
    """Change the age on the last page, and go on from there."""
    person.begins()
    person.goes_to(LAST)
    person.guest.open("/r/02")
    person.age = OLDER
    person.sends()


def call_us(stage: Stage, person: Person) -> None:
    """Be led to a person, and choose a time to be called."""
    person.standing = ASSISTED
    plain(stage, person)


def minor(stage: Stage, person: Person) -> None:
    """Be 16, and be led to a person."""
    person.age = MINOR
    plain(stage, person)


def not_offered(stage: Stage, person: Person) -> None:
    """Be 16, and be told that this is not offered."""
    person.age = MINOR
    person.begins()
    person.goes_to(2)
    person.answers()


def no_slot_suits(stage: Stage, person: Person) -> None:
    """Take no slot: none suits, or none is left."""
    person.take_slot = False
    plain(stage, person)


def resumed(stage: Stage, person: Person) -> None:
    """Keep the words half way, and take the journey up on another device."""
    person.begins()
    person.goes_to(5)
    person.guest.open("/mots")
    person.guest.submit({})
    noted = words_shown(person.guest)
    with stage.arrive() as other:
        returns(other, noted)
        Person(other, person.case, person.chance).sends()


def right_words(stage: Stage, person: Person) -> None:
    """Book, then open the space on another device."""
    person.begins()
    person.goes_to(LAST)
    noted = words_shown(person.guest)
    person.answers()
    with stage.arrive() as other:
        returns(other, noted)
        if not other.page.main.findall(".//form") or other.page.path != SPACE:
            raise Strayed("the words did not open the space")


def wrong_words(stage: Stage, person: Person) -> None:
    """Type words that open nothing, half way on a journey."""
    person.begins()
    person.goes_to(4)
    returns(person.guest, _WRONG_WORDS.split())


def returns(guest: Guest, noted: list[str]) -> None:
    """Type seven words on the page for it."""
    guest.open("/retour")
    guest.submit({"words": normalise(" ".join(noted)).ljust(_WORDS_LENGTH)})


def left_quickly(stage: Stage, person: Person) -> None:
    """Press the quick exit on the page of slots."""
    person.begins()
    person.goes_to(5)
    person.guest.press("/x")


def switched(stage: Stage, person: Person) -> None:
    """Ask for English, the discreet screen and one's own device on the way, then book."""
    person.begins()
    for wish in ("le", "sm", "do"):
        person.guest.press("/reglage", wish)
    person.sends()


def printed(stage: Stage, person: Person) -> None:
    """Take the blank form home instead of sending."""
    person.begins()
    person.goes_to(4)
    person.guest.fetch("/papier")


def cancelled(stage: Stage, person: Person) -> None:
    """Book, and call it off in the space."""
    plain(stage, person)
    buttons = [words_in(one) for one in person.guest.page.main.iter("button")]
    person.guest.submit({}, next(words for words in buttons if words.startswith("Annuler")))


def erased(stage: Stage, person: Person) -> None:
    """Book, read what is kept, and have all of it erased."""
    plain(stage, person)
    for path in ("/e/donnees", "/e/effacer"):
        person.guest.open(path)
    person.guest.submit({}, "Tout effacer")


def lost(stage: Stage, person: Person) -> None:
    """Open an address that does not exist, then go on."""
    person.begins()
    person.goes_to(3)
    if person.guest.open("/nulle-part").status != _NOT_FOUND:
        raise Strayed("a page came where none is")
    person.guest.open("/r/03")
    person.goes_to(5)


def broken(stage: Stage, person: Person) -> None:
    """Answer and ask while the front silo is broken, then go on."""
    person.begins()
    person.goes_to(4)
    path, form = person.guest.page.filled(person.answer_to(4))
    with stage.broken():
        statuses = {person.guest.send(path, form).status, person.guest.open("/r/04").status}
    if not all(status in _SERVER_FAULTS for status in statuses):
        raise Strayed(f"a broken silo was answered {statuses}")
    person.guest.open("/r/04")
    person.goes_to(6)


Scenario = Callable[[Stage, Person], None]

SCENARIOS: Mapping[str, Scenario] = {
    "plain": plain,
    "error made and mended": mended,
    "age changed": age_changed,
    "no slot suits": no_slot_suits,
    "resumed": resumed,
    "call us": call_us,
    "a minor": minor,
    "not offered": not_offered,
    "switches": switched,
    "blank form": printed,
    "called off": cancelled,
    "erased": erased,
    "exit": left_quickly,
    "404": lost,
    "500": broken,
    "wrong words": wrong_words,
    "right words": right_words,
}


def _word(word: str) -> str:
    return normalise(word).ljust(_WORD_LENGTH)
