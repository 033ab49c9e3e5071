"""The demonstration's life: sixty invented patients around today, through the real services, on a simulated clock.

Only under the demonstration setting. The same choices come out each time, the day apart.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

from flask import Flask

from app.booking import space
from app.booking.catalogue import Catalogue
from app.booking.journey import Funnel
from app.booking.signed import Signed
from app.cli.demo_clinic import build_clinic
from app.cli.demo_patients import Journeys, Wanted
from app.cli.environment import silos_of
from app.clinic.decisions import decide
from app.clinic.demo import check_no_other_account
from app.clinic.people import SignedIn
from app.clinic.proposals import Wish, offered, propose
from app.clinic.services import ClinicServices
from app.clock import Clock, system_clock
from app.config import Settings, WordsCost
from app.db import Databases
from app.desk import staff
from app.desk.agenda import Action, Viewer, get_visit, pool_of
from app.desk.models import Visit
from app.desk.passwords import Passwords
from app.discretion.lexicon import shipped
from app.vault.door import Vault
from app.vault.intake import load_intake_key
from app.vault.keystore import Keystore
from app.vault.unlock import unlock_of
from app.vault.words import WordsGate
from app.worker.intake import take_in
from app.worker.patient_actions import carry_actions
from app.worker.space_patches import merge_patches

SEED = 20261121
_CHEAP_WORDS = WordsCost(memory_kib=64, passes=1)
"""Nobody is given the words of these journeys: they open nothing for anybody."""

Script = tuple[tuple[str, int], ...]

SCRIPT: Script = (
    ("past", 15),
    ("today", 10),
    ("future", 10),
    ("to_confirm", 4),
    ("confirmed", 2),
    ("ask", 4),
    ("call", 3),
    ("come", 1),
    ("write", 1),
    ("proposed", 2),
    ("accepted", 1),
    ("declined", 2),
    ("cancelled", 2),
    ("called_off", 1),
    ("move_asked", 2),
)
_DECLINED = "Nous ne pouvons pas vous recevoir pour cela. Votre médecin traitant saura vous orienter."
_CALLED_OFF = "Nous devons annuler ce rendez-vous et nous en excusons. Reprenez-en un quand vous voulez."
_PROPOSED = "Cet horaire vous irait-il ?"


class _SimulatedClock:
    """Stands where the story is."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class _Patient:
    """One line of the script, with what opens the patient's space."""

    part: str
    signed: Signed


def load_demo(settings: Settings, clock: Clock = system_clock) -> int:
    """Fill an installation with the demonstration, once; return how many patients came (0 when it was there)."""
    keystore = Keystore.open(settings.keystore, unlock_of(settings))
    db = silos_of(settings)
    try:
        return fill(settings, db, Vault(keystore, db), clock)
    finally:
        db.dispose()


def fill(
    settings: Settings,
    db: Databases,
    vault: Vault,
    clock: Clock,
    passwords: Passwords | None = None,
    script: Script = SCRIPT,
) -> int:
    """Do the same with silos already open."""
    check_no_other_account(db)
    with db.reading("desk") as session:
        if staff.everyone(session):
            return 0
    bare = Flask("app.cli.demo_data")  # the journey's forms ask a running application for its settings
    bare.config["WTF_I18N_ENABLED"] = False
    with bare.app_context():
        return _Story(settings, db, vault, clock(), passwords or Passwords()).tell(script)


class _Story:
    """What happens, in the order of its simulated time."""

    def __init__(
        self, settings: Settings, db: Databases, vault: Vault, end: datetime, passwords: Passwords
    ) -> None:
        self._random = Random(SEED)  # noqa: S311 - it chooses invented answers, no secret
        self._end = end
        self._clock = _SimulatedClock(end - timedelta(days=16))
        settings = replace(settings, words_cost=_CHEAP_WORDS, hold_share_percent=100)
        lexicon = shipped()
        funnel = Funnel(
            db, Catalogue(db, self._clock), settings, self._clock, lambda word: bool(lexicon.hits(word))
        )
        self._services = ClinicServices(
            settings=settings,
            db=db,
            clock=self._clock,
            vault=vault,
            passwords=passwords,
            funnel=funnel,
            gate=WordsGate(),
        )
        intake = load_intake_key(settings.public_keys, settings.verify_key, end)
        self._journeys = Journeys(funnel, intake, self._random)
        self._people: dict[str, SignedIn] = {}
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()

    def tell(self, script: Script) -> int:
        """Make the clinic, then everything that happened until now."""
        self._people = build_clinic(self._services)
        # Secrets are kept under the key of a day that has begun, and the story begins before the installation.
        self._services.vault.keystore.ensure_epoch(self._clock.now)
        parts = [part for part, times in script for _ in range(times)]
        for part in parts:
            self._at(self._end - self._before(part), lambda part=part: self._send(part))  # type: ignore[misc]
        while self._queue:
            moment, _order, happen = heapq.heappop(self._queue)
            self._clock.now = moment
            happen()
            self._work()
        return len(parts)

    def _at(self, moment: datetime, happen: Callable[[], None]) -> None:
        """Let something happen at a moment, unless it is still to come."""
        if moment <= self._end:
            heapq.heappush(self._queue, (moment, next(self._order), happen))

    def _before(self, part: str) -> timedelta:
        """Return how long before now a journey of this part was sent."""
        days = {"past": (11, 15), "today": (1, 9), "confirmed": (4, 8), "accepted": (5, 8)}.get(part, (1, 6))
        minutes = self._random.randint(days[0] * 1440, days[1] * 1440)
        if part in ("call", "come", "write", "to_confirm"):
            minutes = self._random.randint(20, 2880)
        return timedelta(minutes=minutes)

    def _wanted(self, part: str) -> Wanted:
        today = self._end.date()
        if part in ("call", "come"):
            return Wanted(("ask",), answer_by="call" if part == "call" else "come")
        if part == "write":
            return Wanted(("ask",), writes=True)
        if part in ("ask", "proposed", "accepted"):
            return Wanted(("ask",))
        day = today + timedelta(days=self._random.randint(2, 12))
        if part == "past":
            day = today - timedelta(days=self._random.randint(1, 10))
        if part == "today":
            day = today
        return Wanted(("to_confirm",) if part in ("to_confirm", "confirmed", "declined") else ("instant",), day)

    def _send(self, part: str) -> None:
        patient = _Patient(part, self._journeys.send(self._wanted(part)))
        later = self._clock.now + timedelta(minutes=self._random.randint(40, 300))
        follow = {
            "confirmed": lambda: self._decide(patient, "confirm"),
            "declined": lambda: self._decide(patient, "decline", _DECLINED),
            "called_off": lambda: self._decide(patient, "cancel", _CALLED_OFF),
            "proposed": lambda: self._propose(patient),
            "accepted": lambda: self._propose(patient),
            "cancelled": lambda: space.cancel(self._services.funnel, patient.signed, self._version(patient)),
            "move_asked": lambda: space.ask_move(self._services.funnel, patient.signed, self._version(patient)),
        }.get(part)
        if follow:
            self._at(later, follow)
        if part in ("past", "today"):
            self._at(later, lambda: self._foresee_visit(patient))

    def _foresee_visit(self, patient: _Patient) -> None:
        """Let the patient come, or not, when the time is there."""
        visit = self._visit(patient)
        if visit.starts_at is None:
            return
        if self._random.random() < 0.15:
            self._at(visit.starts_at + timedelta(minutes=20), lambda: self._decide(patient, "miss"))
            return
        early = visit.starts_at - timedelta(minutes=self._random.randint(-3, 12))
        over = visit.starts_at + timedelta(minutes=visit.minutes)
        self._at(early, lambda: self._decide(patient, "arrive"))
        self._at(over, lambda: self._decide(patient, "see"))

    def _propose(self, patient: _Patient) -> None:
        visit, person = self._visit(patient), self._practitioner(patient)
        wish = Wish(None, None, self._end.date() + timedelta(days=2))
        slots = offered(self._services, person, visit.id, wish).page.slots
        code = self._random.choice(slots).code
        propose(self._services, person, visit.id, visit.version, code, _PROPOSED)
        if patient.part == "accepted":
            self._at(self._clock.now + timedelta(hours=3), lambda: self._accept(patient))

    def _accept(self, patient: _Patient) -> None:
        view = space.read_space(self._services.funnel, patient.signed)
        space.accept(self._services.funnel, patient.signed, view.version, view.proposals()[0]["code"])

    def _decide(self, patient: _Patient, action: Action, message: str | None = None) -> None:
        visit = self._visit(patient)
        at_desk = action in ("arrive", "see", "miss", "cancel")
        person = self._people["accueil"] if at_desk else self._practitioner(patient)
        decide(self._services, person, visit.id, visit.version, action, message)

    def _visit(self, patient: _Patient) -> Visit:
        with self._services.db.reading("desk") as session:
            return get_visit(session, patient.signed.submission, Viewer(None))

    def _practitioner(self, patient: _Patient) -> SignedIn:
        """Return who may decide: the visit's practitioner, or one of its pool."""
        visit = self._visit(patient)
        with self._services.db.reading("desk") as session:
            able: tuple[UUID, ...] = pool_of(session, visit.id)
        wanted = (visit.practitioner_id,) if visit.practitioner_id else able
        return next(person for person in self._people.values() if person.practitioner in wanted)

    def _version(self, patient: _Patient) -> int:
        return space.read_space(self._services.funnel, patient.signed).version

    def _work(self) -> None:
        """Let the worker do its round."""
        db, vault = self._services.db, self._services.vault
        take_in(db, vault, self._clock)
        carry_actions(db, vault, self._clock)
        merge_patches(db, vault, self._clock)
