"""Every page a patient can come to, as HTML: what is measured is measured on all of them."""

from dataclasses import dataclass, field
from datetime import timedelta

from app.booking.slots import Slot, SlotFilter, find_slots
from tests.factories.answered import propose_slot, write_in_space
from tests.factories.house import House, clinic_directory
from tests.factories.outages import stopped
from tests.factories.patient import ASK, CHECK, INSTANT, LATER, SLOT, TO_CONFIRM, Patient, parcel_of
from tests.factories.walk import a_funnel

SEEN_BY_NOBODY_ELSE = ("/", "/confiance", "/delais", "/aide", "/urgence", "/navigateur", "/retour")
QUESTIONS, YES_OR_NO = 4, "0201"
"""The page that asks, and an act of which a question is answered by yes or no."""
STATES = ("requested", "move_asked", "cancelled", "declined", "answered", "seen")


@dataclass
class Gallery:
    """The pages kept so far, by a name that says which; `look` is what the header's switches send."""

    house: House
    look: tuple[str, ...] = ()
    pages: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.app = self.house.patient_app()

    def arrives(self) -> Patient:
        """Let somebody arrive, who chooses the look first."""
        patient = Patient(self.app)
        patient.opens("/")
        for wanted in self.look:
            patient.browser.post("/reglage", {"b": "ho", "v": wanted})
        return patient

    def keep(self, name: str, patient: Patient) -> None:
        """Keep the page before somebody's eyes."""
        assert name not in self.pages, f"two pages named {name}"
        self.pages[name] = patient.page.html

    def public(self) -> None:
        """Keep the pages anybody can open, and those that say what went wrong."""
        patient = self.arrives()
        for path in SEEN_BY_NOBODY_ELSE:
            patient.opens(path)
            self.keep(path, patient)
        patient.comes_back_with("un deux trois")
        self.keep("wrong words", patient)
        patient.browser.get("/nowhere", status=404)
        self.keep("404", patient)
        patient.browser.get("/r/04")
        self.keep("nothing kept", patient)
        patient.browser.post("/r/01", {"k": "x" * 24, "act": INSTANT}, status=400)
        self.keep("foreign form", patient)
        patient.opens("/bonjour")
        self.keep("/bonjour", patient)

    def outage(self) -> None:
        """Keep the page of a service that pauses."""
        patient = self.arrives()
        patient.asks_for(INSTANT)
        with stopped(self.house, "front"):
            patient.browser.get("/r/02", status=503)
        self.keep("503", patient)

    def steps(self) -> None:
        """Keep the eight steps, each as it comes and with its errors."""
        for number in range(1, CHECK + 1):
            patient = self.arrives()
            if number == 1:
                patient.opens("/r/01")
            else:
                patient.walks_to(number)
            self.keep(f"step {number}", patient)
            patient.continues({"word1": "faux", "word2": "faux"} if number == CHECK else {})
            if patient.page.errors:
                self.keep(f"step {number}, errors", patient)

    def turns(self) -> None:
        """Keep what a journey shows on its less usual ways."""
        patient = self.arrives()
        patient.walks_to(QUESTIONS, YES_OR_NO)
        self.keep("yes or no", patient)
        patient = self.arrives()
        patient.walks_to(SLOT, ASK)
        self.keep("slot, by wishes", patient)
        patient = self.arrives()
        patient.walks_to(SLOT)
        patient.presses(LATER)
        self.keep("slot, later", patient)
        patient.takes()
        patient.continues({"name": "Zoé" * 30, "channel": "02", "phone": "12", "email": "zoe"})
        self.keep("reach, typed wrong", patient)
        patient.opens("/mots")
        self.keep("words, before", patient)
        patient.continues()
        self.keep("words, kept", patient)
        self._minor()

    def _minor(self) -> None:
        patient = self.arrives()
        patient.walks_to(3, age="15")
        self.keep("who knows, minor", patient)
        patient = self.arrives()
        patient.walks_to(SLOT, age="15")
        self.keep("slot, call us", patient)
        patient.continues()
        self.keep("slot, call us, errors", patient)
        patient = self.arrives()
        patient.asks_for("0301")
        patient.says(age="14")
        self.keep("not offered", patient)

    def space(self) -> None:
        """Keep the space in each of its states."""
        patient = self.arrives()
        patient.walks_to(CHECK)
        parcel = parcel_of(self.house, patient.token)
        patient.sends()
        self.keep("space, booked", patient)
        for state in STATES:
            said = "Bonjour.\nÀ bientôt." if state == "answered" else None
            write_in_space(self.house, parcel, state=state, message=said)
            patient.opens("/e")
            self.keep(f"space, {state}", patient)
        slot, until = self._a_slot(), self.house.clock() + timedelta(hours=72)
        propose_slot(self.house, parcel, slot, until, "Ce moment vous irait-il ?")
        patient.opens("/e")
        self.keep("space, proposed", patient)
        patient.presses(f"take-{slot.code}")
        self.keep("space, done", patient)
        self._what_can_be_refused()
        self._erasing()

    def _erasing(self) -> None:
        """Keep what is read before everything is erased, meanwhile and after, of a visit to come and one held."""
        for state in ("booked", "seen"):
            patient = self.arrives()
            patient.walks_to(CHECK)
            parcel = parcel_of(self.house, patient.token)
            patient.sends()
            write_in_space(self.house, parcel, state=state, cancel_hours=0)
            for path in ("/e/donnees", "/e/effacer"):
                patient.opens(path)
                self.keep(f"{path}, {state}", patient)
            patient.presses("erase")
            self.keep(f"erasing, {state}", patient)
            patient.presses("destroy")
            self.keep(f"erased, {state}", patient)
        self._too_near_to_erase()

    def _too_near_to_erase(self) -> None:
        patient = self.arrives()
        patient.walks_to(CHECK)
        parcel = parcel_of(self.house, patient.token)
        patient.sends()
        write_in_space(self.house, parcel, cancel_hours=720)
        patient.opens("/e/donnees")
        self.keep("/e/donnees, too near", patient)

    def _what_can_be_refused(self) -> None:
        """Keep spaces in which a request, or what is proposed, can be refused online."""
        for name, act in (("to confirm", TO_CONFIRM), ("asked for", ASK)):
            patient = self.arrives()
            patient.walks_to(CHECK, act)
            parcel = parcel_of(self.house, patient.token)
            patient.sends()
            self.keep(f"space, {name}", patient)
            propose_slot(self.house, parcel, self._a_slot(), self.house.clock() + timedelta(hours=72))
            patient.opens("/e")
            self.keep(f"space, {name}, proposed", patient)

    def _a_slot(self) -> Slot:
        """Return a free slot, some days ahead."""
        funnel, day = a_funnel(self.house), (self.house.clock() + timedelta(days=2)).date()
        act = next(iter(funnel.catalogue.profiles().values())).profile.acts[0]
        anything = SlotFilter(None, None, "any", frozenset(), "any", step_free=False, from_day=day)
        with self.house.db.reading("front") as session:
            return find_slots(session, clinic_directory(), act, anything, self.house.clock()).slots[0]


def patient_gallery(house: House, look: tuple[str, ...] = ()) -> dict[str, str]:
    """Return every patient page by its name, on a screen chosen by what the header's switches send."""
    gallery = Gallery(house, look)
    gallery.public()
    gallery.outage()
    gallery.steps()
    gallery.turns()
    gallery.space()
    return gallery.pages
