"""The demonstration's patients: each goes through the real journey, step by step, with invented answers."""

import base64
from dataclasses import dataclass
from datetime import date
from random import Random
from uuid import UUID

from app.booking.call_times import WindowKind, call_times
from app.booking.draft import form_key
from app.booking.forms import NOT_ASKED
from app.booking.journey import Funnel, Place, answer, place
from app.booking.outlook import CHECK, FEES, NEED, REACH, SITUATION, SLOT, WHO
from app.booking.send import send
from app.booking.signed import Signed
from app.booking.slots import SlotFilter, find_slots
from app.booking.steps import NO_SLOT_SUITS, QUESTION_FIELDS, WRITE_TO_US
from app.booking.submission import Entered
from app.booking.words import lock_of
from app.profiles.models import RATHER_NOT, Act, BookingMode, Profile
from app.vault.intake import IntakeKey
from app.vault.tokens import new_token
from app.vault.words import WordsGate

_NAMES = (
    "Camille Sacha Lou Noa Eden Charlie Alix Robin Andréa Maé Jo Swann Dominique Claude Morgan Ambre Élie Sam Yaël "
    "Marley Ariel Céleste Lenny Kim Gwenn Mahé Nour Ange Loïs Maxime"
)
_FIRST_NAMES = _NAMES.split()
_UNREACHABLE, _BY_EMAIL = 0.12, 0.25
_ANY_DAY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an invented patient comes for: how the act is booked, and when, or how to be answered."""

    booking: tuple[BookingMode, ...]
    day: date | None = None
    answer_by: WindowKind | None = None
    writes: bool = False

    @property
    def by_call(self) -> bool:
        """Whether the journey ends in *call us*."""
        return self.answer_by is not None or self.writes


class Journeys:
    """Makes journeys one after the other, the same ones each time for the same random source."""

    def __init__(self, funnel: Funnel, intake: IntakeKey, random: Random) -> None:
        self._funnel = funnel
        self._intake = intake
        self._random = random
        self._gate = WordsGate()
        self._made = 0

    def send(self, wanted: Wanted) -> Signed:
        """Complete a journey and send it; return what opens its space."""
        token, number = new_token(), 1
        self._made += 1
        profile, act = self._act(wanted)
        while (here := place(self._funnel, token, "fr", number)).step != CHECK:
            typed = self._typed(here, wanted, profile, act)
            typed["k"] = form_key(here.draft, here.step)
            shown = answer(self._funnel, token, "fr", number, typed)
            if shown <= number:
                raise RuntimeError(f"the demonstration's journey stopped at {here.step}")
            number = shown
        lock = lock_of(self._funnel, self._gate, here.draft)
        send(self._funnel, self._intake, here.draft, here.outlook, lock, Entered())
        parcel = here.draft.journey.parcel
        return Signed(UUID(parcel["pseudonym"]), UUID(parcel["submission"]), base64.b64decode(parcel["space"]))

    def _act(self, wanted: Wanted) -> tuple[Profile, Act]:
        """Choose an act booked as wanted; for *call us*, one whose path is that at sixteen."""
        found = [
            (one.profile, act)
            for one in self._funnel.catalogue.profiles().values()
            for act in one.profile.acts
            if act.published
            and (
                one.paths.path(act.slug, "16_17", "self") == "call"
                if wanted.by_call
                else act.booking in wanted.booking
            )
        ]
        return self._random.choice(found)

    def _typed(self, here: Place, wanted: Wanted, profile: Profile, act: Act) -> dict[str, str]:
        step = here.step
        if step == NEED:
            return {"act": profile.code + act.code}
        if step == SITUATION:
            age = 16 if wanted.by_call else self._random.randint(19, 71)
            return {"whom": "01", "standing": "01", "age": str(age)}
        if step == WHO:
            return {"decision": self._random.choice(("01", "02")) if here.outlook.asked_consents else NOT_ASKED}
        if step == SLOT:
            return self._slot(here, wanted, act)
        if step == REACH:
            return self._reach(wanted)
        return {"seen": "01"} if step == FEES else self._answers(here, step)

    def _answers(self, here: Place, step: str) -> dict[str, str]:
        asked = here.outlook.profile.questions_for(here.outlook.chosen_act, int(step.removeprefix("questions")))
        typed = dict.fromkeys(QUESTION_FIELDS, NOT_ASKED)
        for name, question in zip(QUESTION_FIELDS, asked, strict=False):
            typed[name] = self._random.choice([*(choice.code for choice in question.choices), RATHER_NOT])
        return typed

    def _slot(self, here: Place, wanted: Wanted, act: Act) -> dict[str, str]:
        typed = dict.fromkeys(("site", "practitioner", "gender", "day", "hours", "access"), "00")
        directory = self._funnel.catalogue.directory()
        if wanted.writes:
            return typed | {"slot": WRITE_TO_US}
        if wanted.answer_by is not None:
            return typed | {"slot": self._random.choice(call_times(directory, here.now, wanted.answer_by)).code}
        if wanted.day is None or act.booking == "ask":
            wishes = {"hours": self._random.choice(("00", "01", "02")), "day": f"0{self._random.randint(0, 5)}"}
            return typed | wishes | {"slot": NO_SLOT_SUITS}
        wishes_of_day = SlotFilter(None, None, "any", _ANY_DAY, "any", step_free=False, from_day=wanted.day)
        with self._funnel.db.reading("front") as session:
            slots = find_slots(session, directory, act, wishes_of_day, here.now, 12).slots
        that_day = [slot for slot in slots if slot.starts_at.date() == wanted.day]
        return typed | {"slot": self._random.choice(that_day or list(slots)).code}

    def _reach(self, wanted: Wanted) -> dict[str, str]:
        name = f"{self._random.choice(_FIRST_NAMES)} (inventé)"
        by_chance = 1.0 if wanted.answer_by == "call" else self._random.random()
        if by_chance < _UNREACHABLE:
            return {"name": name, "channel": "01", "phone": "", "email": ""}
        if by_chance < _BY_EMAIL:
            address = f"personne{self._made}@exemple.invalid"
            return {"name": name, "channel": "04", "phone": "", "email": address}
        # 06 39 98 00 00 to 06 39 98 99 99 are kept for fiction (ARCEP, décision 2012-0856).
        number = f"06 39 98 {self._random.randint(0, 99):02d} {self._random.randint(0, 99):02d}"
        return {"name": name, "channel": self._random.choice(("02", "03")), "phone": number, "email": ""}
