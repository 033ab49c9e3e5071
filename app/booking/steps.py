"""One function a step: from what was typed to an answer, or to faults beside their fields."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.booking import forms, wishes
from app.booking.call_times import call_times
from app.booking.catalogue import Catalogue
from app.booking.draft import Answer, Draft, Fault, Journey
from app.booking.holds import DayTooHeld, hold, release
from app.booking.outlook import FEES, NEED, REACH, SITUATION, SLOT, WHO, Outlook, basis
from app.booking.slots import CODE_WIDTH, slot_by_code
from app.config import Settings
from app.front.cells import SlotTaken, wait_turn
from app.profiles.models import RATHER_NOT, Situation
from app.vault.words import normalise

NO_SLOT_SUITS = "none".ljust(CODE_WIDTH, "0")
WRITE_TO_US = "write".ljust(CODE_WIDTH, "0")
QUESTION_FIELDS = ("q1", "q2", "q3", "q4")
FILLER = forms.NOT_ASKED

Cleaned = tuple[Answer | None, list[Fault]]


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a step is answered: the journey, what is published, the front session, and now.

    `notice_hours` stands in for the clinic's rule when staff book for a patient who is there.
    """

    draft: Draft
    outlook: Outlook
    catalogue: Catalogue
    session: Session
    settings: Settings
    now: datetime
    notice_hours: int | None = None


def clean(step: str, typed: Mapping[str, str], setting: Setting) -> Cleaned:
    """Return the answer to a step, or None and the faults. The slot step also takes or releases the hold."""
    cleaner = _questions if step.startswith("questions") else _CLEANERS[step]
    answer, faults = cleaner(step, typed, setting)
    if answer is not None:
        answer["basis"] = basis(step, setting.outlook)
    return answer, faults


def _need(_step: str, typed: Mapping[str, str], setting: Setting) -> Cleaned:
    form = forms.NeedForm.of(typed, {"act": setting.catalogue.act_codes()})
    if faults := form.faults():
        return None, faults
    code = form["act"].data
    for version, published in setting.catalogue.profiles().items():
        if published.profile.code == code[:2]:
            return {"version": str(version), "act": code[2:]}, []
    return None, [("act", "choose")]


def _situation(_step: str, typed: Mapping[str, str], _setting: Setting) -> Cleaned:
    codes = ("01", "02", "03")
    form = forms.SituationForm.of(typed, {"whom": codes, "standing": codes})
    if faults := form.faults():
        return None, faults
    situation = _declared(form["whom"].data, form["standing"].data)
    return {"age": int(form["age"].data.strip()), "situation": situation}, []


def _declared(whom: str, standing: str) -> Situation:
    """Read the two choices as one situation; another's care, or help to decide, is never read as *self*."""
    if whom == "02":
        return "child"
    if whom == "03" or standing == "03":
        return "assisted"
    return "emancipated" if standing == "02" else "self"


def _who(_step: str, typed: Mapping[str, str], setting: Setting) -> Cleaned:
    allowed = (forms.YES, forms.NO) if setting.outlook.asked_consents else (FILLER,)
    form = forms.WhoForm.of(typed, {"decision": allowed})
    if faults := form.faults():
        return None, faults
    answers = {forms.YES: "yes", forms.NO: "no", FILLER: "not_asked"}
    return {"decision": answers[form["decision"].data]}, []


def _questions(step: str, typed: Mapping[str, str], setting: Setting) -> Cleaned:
    page = int(step.removeprefix("questions"))
    asked = setting.outlook.profile.questions_for(setting.outlook.chosen_act, page)
    allowed: dict[str, tuple[str, ...]] = dict.fromkeys(QUESTION_FIELDS, (FILLER,))
    for name, question in zip(QUESTION_FIELDS, asked, strict=False):
        allowed[name] = (*(choice.code for choice in question.choices), RATHER_NOT)
    form = forms.QuestionsForm.of(typed, allowed)
    if faults := form.faults():
        return None, faults
    names = zip(QUESTION_FIELDS, asked, strict=False)
    return {"choices": {question.code: form[name].data for name, question in names}}, []


def _slot(_step: str, typed: Mapping[str, str], setting: Setting) -> Cleaned:
    directory, act = setting.catalogue.directory(), setting.outlook.chosen_act
    form = forms.SlotForm.of(typed, wishes.choices(directory, act).codes())
    if faults := form.faults():
        return None, faults
    code = form["slot"].data or ""
    wished = wishes.to_filter(typed, directory, act, setting.now.date())
    if setting.outlook.path == "call":
        return _call_time(code, setting)
    if code == NO_SLOT_SUITS:
        release(setting.session, setting.draft.id)
        return {"kind": "request", "starts_at": None, "wishes": wishes.as_document(wished)}, []
    if act.booking == "ask":
        return None, [("slot", "choose")]
    return _held_slot(code, setting, step_free=wished.step_free)


def _held_slot(code: str, setting: Setting, *, step_free: bool) -> Cleaned:
    session, settings = setting.session, setting.settings
    wait_turn(session)  # before the room is chosen: another booking may be taking it
    slot = slot_by_code(
        session,
        setting.catalogue.directory(),
        setting.outlook.chosen_act,
        code,
        setting.now,
        draft=setting.draft.id,
        step_free=step_free,
        notice_hours=setting.notice_hours,
    )
    if slot is None:
        return None, [("slot", "choose")]
    try:
        with session.begin_nested():
            hold(session, setting.draft.id, slot, setting.now, settings.hold_minutes, settings.hold_share_percent)
    except SlotTaken:
        return None, [("slot", "slot_taken")]
    except DayTooHeld:
        return None, [("slot", "day_held")]
    return {
        "kind": "appointment",
        "code": code,
        "step_free": step_free,
        "site": str(slot.site),
        "practitioner": str(slot.practitioner),
        "starts_at": slot.starts_at.isoformat(),
        "wishes": None,
    }, []


def _call_time(code: str, setting: Setting) -> Cleaned:
    if code == WRITE_TO_US:
        return {"kind": "write", "starts_at": None, "wishes": None}, []
    directory = setting.catalogue.directory()
    for kind in ("call", "come"):
        for window in call_times(directory, setting.now, kind):
            if window.code == code:
                starts, ends = window.starts_at.isoformat(), window.ends_at.isoformat()
                return {"kind": kind, "code": code, "starts_at": starts, "ends_at": ends, "wishes": None}, []
    return None, [("slot", "choose")]


def _reach(_step: str, typed: Mapping[str, str], setting: Setting) -> Cleaned:
    channels = (forms.NO_MESSAGE, forms.PHONE, forms.PHONE_VOICEMAIL, forms.EMAIL)
    form = forms.ReachForm.of(typed, {"channel": channels})
    faults = form.faults()
    channel = form["channel"].data
    by_phone = channel in (forms.PHONE, forms.PHONE_VOICEMAIL)
    if setting.outlook.needs_phone and not by_phone and not faults:
        faults = [("channel", "phone_needed")]
    if faults:
        return None, faults
    return {
        "name": form["name"].data.strip(),
        "channel": "phone" if by_phone else "email" if channel == forms.EMAIL else "none",
        "phone": forms.phone_number(form["phone"].data) if by_phone else None,
        "email": form["email"].data.strip() if channel == forms.EMAIL else None,
        "voicemail": channel == forms.PHONE_VOICEMAIL,
    }, []


def _fees(_step: str, typed: Mapping[str, str], _setting: Setting) -> Cleaned:
    form = forms.FeesForm.of(typed, {"seen": ("01",)})
    faults = form.faults()
    return (None, faults) if faults else ({"seen": True}, [])


def check_words(typed: Mapping[str, str], journey: Journey) -> list[Fault]:
    """Return the faults of the two words retyped before sending; none once they were confirmed."""
    if journey.words_confirmed:
        return []
    form = forms.CheckForm.of(typed)
    return [
        (name, "word")
        for name, position in zip(("word1", "word2"), journey.asked_words, strict=True)
        if normalise(form[name].data or "") != normalise(journey.words[position])
    ]


_CLEANERS: Mapping[str, Callable[[str, Mapping[str, str], Setting], Cleaned]] = {
    NEED: _need,
    SITUATION: _situation,
    WHO: _who,
    SLOT: _slot,
    REACH: _reach,
    FEES: _fees,
}
