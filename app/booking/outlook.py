"""What the answers given so far decide: the act, the situation, the path, and which answers still stand."""

from dataclasses import dataclass
from uuid import UUID

from app.booking.catalogue import Catalogue
from app.booking.draft import Journey
from app.profiles.models import Act, Band, Path, Profile, PublishableProfile, Situation, band_of

NEED, SITUATION, WHO, SLOT, REACH, FEES, CHECK, END = (
    "need",
    "situation",
    "who",
    "slot",
    "reach",
    "fees",
    "check",
    "end",
)
ADULT_AGE = 18
DATA_CONSENT_AGE = 15
"""Under 15 no consent-based extra is offered at all (loi Informatique et Libertés, art. 45; GDPR art. 8)."""


def question_step(page: int) -> str:
    """Return the key of a question page, counted from one."""
    return f"questions{page}"


@dataclass(frozen=True, slots=True)
class Outlook:
    """The journey so far, understood. Fields are None until the answer that gives them."""

    version: UUID | None
    publishable: PublishableProfile | None
    act: Act | None
    age: int | None
    situation: Situation | None
    path: Path | None
    slot_kind: str | None

    @property
    def profile(self) -> Profile:
        """The profile of the act chosen. Only asked for after the need step."""
        if self.publishable is None:
            raise LookupError("no act is chosen yet")
        return self.publishable.profile

    @property
    def chosen_act(self) -> Act:
        """The act chosen. Only asked for after the need step."""
        if self.act is None:
            raise LookupError("no act is chosen yet")
        return self.act

    @property
    def band(self) -> Band | None:
        """The age band, once the age is known."""
        return None if self.age is None else band_of(self.age)

    @property
    def minor(self) -> bool:
        """Whether the declared age is under 18."""
        return self.age is not None and self.age < ADULT_AGE

    @property
    def asked_consents(self) -> bool:
        """Whether consent-based extras may be asked: never under 15, nor where a person must be spoken to first."""
        return self.age is not None and self.age >= DATA_CONSENT_AGE and self.path == "self"

    @property
    def needs_phone(self) -> bool:
        """Whether the patient asked to be called, which takes a number."""
        return self.slot_kind == "call"


def look(journey: Journey, catalogue: Catalogue) -> Outlook:
    """Compute the outlook from the answers, dropping first what a changed answer made moot."""
    outlook = _read(journey, catalogue)
    stale = [step for step, answer in journey.answers.items() if answer["basis"] != basis(step, outlook)]
    if not stale:
        return outlook
    for step in stale:
        del journey.answers[step]
        if step != REACH:
            journey.typed.pop(step, None)
            journey.faults.pop(step, None)
    return look(journey, catalogue)


def basis(step: str, outlook: Outlook) -> str:
    """Return what an answer to this step depends on; when it changes, the answer is moot."""
    act = f"{outlook.version}|{outlook.act.slug if outlook.act else ''}"
    if step.startswith("questions"):
        return act
    return {
        WHO: f"{outlook.version}|{outlook.asked_consents}",
        SLOT: f"{act}|{outlook.path}",
        REACH: f"{outlook.needs_phone}|{outlook.minor}",
        FEES: f"{act}|{outlook.path}",
    }.get(step, "")


def steps(outlook: Outlook, question_pages: int) -> tuple[str, ...]:
    """Return the ordered steps of the path: the same eight for all, or a kind early end where not offered."""
    if outlook.path == "no":
        return (NEED, SITUATION, END)
    pages = tuple(question_step(page) for page in range(1, question_pages + 1))
    return (NEED, SITUATION, WHO, *pages, SLOT, REACH, FEES, CHECK)


def first_open(journey: Journey, path: tuple[str, ...]) -> str:
    """Return the first step of the path without an answer; its last one when all have."""
    return next((step for step in path if step not in journey.answers), path[-1])


def _read(journey: Journey, catalogue: Catalogue) -> Outlook:
    need, situation = journey.answers.get(NEED), journey.answers.get(SITUATION)
    version = UUID(need["version"]) if need else None
    publishable = catalogue.profile(version) if version else None
    act = publishable.profile.act(need["act"]) if publishable and need else None
    age: int | None = situation["age"] if situation else None
    declared: Situation | None = situation["situation"] if situation else None
    path: Path | None = None
    if publishable and act and age is not None and declared:
        path = publishable.paths.path(act.slug, band_of(age), declared)
        if path == "self" and not (declared == "self" and band_of(age) == "adult"):
            path = "call"  # whatever a profile says: no other path is built
    slot = journey.answers.get(SLOT)
    return Outlook(version, publishable, act, age, declared, path, slot["kind"] if slot else None)
