"""The journeys of a rehearsal: through the real pages, with the longest answers, every page in every look."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from string import digits

from app.booking.journey import place
from app.booking.outlook import CHECK, END, FEES, NEED, REACH, SITUATION, SLOT, WHO
from app.cli.rehearsal_house import BROKEN_PATH, House
from app.cli.rehearsal_judge import Judge, Where
from app.cli.rehearsal_visitor import LOOKS, USUAL, Exchange, Look, Visitor
from app.documents import blank_form
from app.patient.after_exit import AFTER_AN_EXIT
from app.profiles.faults import PROFILE_FILE
from app.profiles.models import Act, Band, Path, PublishableProfile, Situation

NAME = "Marquevoltz-Plantefortuit " + "é" * 34
EMAIL = "marquevoltz." + "n" * 37 + "@" + "plantefortuit." * 4 + "example.fr"
PHONE = "06 39 98 00 00"
"""What the visitor types: invented, as long as the fields take it, and looked for in all that leaves."""

TYPED = (NAME, EMAIL)
PUBLIC = ("/", "/confiance", "/delais", "/urgence", "/aide", "/navigateur", "/retour", "/e", "/robots.txt")
QUESTIONS = "questions"
IN_SPACE = "space"
PAPERS: tuple[Look, ...] = (USUAL, ("en", "normal"))
_OTHERS = tuple(look for look in LOOKS if look != USUAL)
ADULT = "34"
_AGES: dict[str, Band] = {ADULT: "adult", "16": "16_17", "15": "15", "13": "13_14", "12": "under_13"}
_WHO: dict[tuple[str, str], Situation] = {
    ("01", "01"): "self",
    ("02", "01"): "child",
    ("03", "01"): "assisted",
    ("01", "02"): "emancipated",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the law gives a path: what they say at the step of the situation."""

    age: str
    whom: str
    standing: str


@dataclass(slots=True)
class Journey:
    """One passage through the funnel for one act, judged at each page. Steps in `shown` (None: all) are looked at
    in every language and screen, and with `with_faults` after a wrong answer too.
    """

    house: House
    judge: Judge
    profile: PublishableProfile
    act: Act
    person: Person
    shown: Collection[str] | None = None
    with_faults: bool = False

    def walks(self) -> Visitor:
        """Go as far as the journey leads: into the space, or to the page that says where else to go."""
        visitor = Visitor(self.house.app, tls=self.house.settings.tls)
        visitor.looks(USUAL)
        visitor.opens("/r/01")
        for _page in range(_most_pages(self.house)):
            step = self._step(visitor)
            self._shows(visitor, step)
            if step in (END, IN_SPACE):
                break
            before = visitor.path
            if self.with_faults:
                self._errs(visitor, step)
            visitor.fills(self._answer(visitor, step))
            self.judge.hears(visitor, self.where(step))
            if visitor.path == before:
                self.judge.says(self.where(step), f"page {before}: the journey stops there")
                break
        return visitor

    def _shows(self, visitor: Visitor, step: str) -> None:
        """Ask for the page on show in every other look, as who switches language or screen there."""
        self.judge.hears(visitor, self.where(step))
        if self.shown is not None and step.rstrip(digits) not in self.shown:
            return
        for look in _OTHERS:
            visitor.looks(look)
            visitor.opens(visitor.path)
            self.judge.hears(visitor, self.where(step, look))
        visitor.looks(USUAL)

    def _errs(self, visitor: Visitor, step: str) -> None:
        """Send the page with its texts too long and nothing chosen, and look at what is said of it."""
        form = visitor.form()
        if form is None:
            return
        visitor.sends(form.action, form.sent | dict.fromkeys(form.texts, "é" * 200))
        self.judge.hears(visitor, self.where(step))
        self._shows(visitor, step)

    def _step(self, visitor: Visitor) -> str:
        """Return the key of the step on show, or nothing once the journey left the funnel."""
        if not visitor.path.startswith("/r/") or visitor.token is None:
            return IN_SPACE
        return place(self.house.funnel, visitor.token, "fr", int(visitor.path[3:])).step

    def _answer(self, visitor: Visitor, step: str) -> dict[str, str]:
        if step == NEED:
            return {"act": self.profile.profile.code + self.act.code}
        if step == SITUATION:
            return {"age": self.person.age, "whom": self.person.whom, "standing": self.person.standing}
        if step == REACH:
            return {
                "name": NAME,
                "channel": "02" if self._is_called(visitor) else "04",
                "phone": PHONE,
                "email": EMAIL,
            }
        return asked_words(self.house, visitor) if step == CHECK else {}

    def _is_called(self, visitor: Visitor) -> bool:
        return place(self.house.funnel, visitor.token, "fr", 1).outlook.needs_phone

    def where(self, step: str, look: Look = USUAL) -> Where:
        """Return what decides of a step's page, as a fault names it."""
        profile = self.profile.profile
        act = f"acts[{profile.acts.index(self.act)}]"
        keys = {
            NEED: "acts",
            WHO: "who_knows, minors_note, purposes",
            SLOT: "call_note",
            FEES: f"{act}.reimbursement, {act}.traces, minors_note",
            END: "not_offered, resources",
        }
        known = QUESTIONS if step.startswith(QUESTIONS) else keys.get(step, act)
        return Where(f"{profile.slug}/{PROFILE_FILE}", known, look)


def people(publishable: PublishableProfile, act: Act) -> Iterator[Person]:
    """Yield one person for each path that the law gives the act: alone, after a call, not offered."""
    seen: set[Path] = set()
    for (whom, standing), situation in _WHO.items():
        for age, band in _AGES.items():
            path = publishable.paths.path(act.slug, band, situation)
            if path not in seen and (path != "self" or (age, situation) == (ADULT, "self")):
                seen.add(path)
                yield Person(age, whom, standing)


def asked_words(house: House, visitor: Visitor) -> dict[str, str]:
    """Return the two of the seven words that the last step asks for."""
    journey = place(house.funnel, visitor.token, "fr", 1).draft.journey
    return {f"word{n}": journey.words[at] for n, at in enumerate(journey.asked_words, 1)}


def public_pages(house: House, judge: Judge) -> None:
    """Open every page that needs no journey, in every look; fail in every way a stranger can."""
    where = Where("every profile")
    for look in LOOKS:
        where.look = look
        visitor = Visitor(house.app, tls=house.settings.tls)
        visitor.looks(look)
        for path in (*PUBLIC, "/mots", "/r/01", "/r/05", "/nulle-part", BROKEN_PATH, AFTER_AN_EXIT):
            visitor.opens(path)
        visitor.opens("/retour")
        visitor.fills({"words": f"{NAME} {EMAIL}"})
        visitor.sends("/aide", {})
        visitor.sends("/r/01", {"act": "\x00"})
        visitor.sends("/r/01", {"act": "a" * 70_000})
        visitor.sends("/r/01", {"act": "01"}, Sec_Fetch_Site="cross-site")
        judge.hears(visitor, where)


def papers_and_words(house: House, judge: Judge, publishable: PublishableProfile) -> None:
    """Begin a journey, take its blank form in both languages, keep its words, and leave by the exit."""
    act = next(one for one in publishable.profile.acts if one.published)
    visitor = Visitor(house.app, tls=house.settings.tls)
    visitor.looks(USUAL)
    visitor.opens("/r/01")
    visitor.fills({"act": publishable.profile.code + act.code})
    where = Where(f"{publishable.profile.slug}/{PROFILE_FILE}")
    for look in PAPERS:
        where.look = look
        visitor.looks(look)
        weigh_paper(judge, where, visitor.opens("/papier"), blank_form.BYTES)
    visitor.opens("/mots")
    visitor.fills()
    for look in LOOKS:
        visitor.looks(look)
        visitor.opens("/mots")
    visitor.sends("/x", {})
    judge.hears(visitor, where)


def weigh_paper(judge: Judge, where: Where, answer: Exchange, length: int) -> None:
    """Judge the length of a paper, which is the same for all of its kind."""
    if answer.room is None and answer.status == 200 and len(answer.body) != length:
        judge.says(where, f"paper {answer.path}, {LOOKS[where.look]}: {len(answer.body)} bytes instead of {length}")


def _most_pages(house: House) -> int:
    return 8 + house.settings.question_pages
