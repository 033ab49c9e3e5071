"""What is sent, as documents: the visit and contact, the care answers, and the space the patient returns to."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.booking.draft import Journey
from app.booking.outlook import NEED, REACH, SITUATION, SLOT, WHO, Outlook
from app.booking.slots import Slot
from app.booking.wishes import suited
from app.front.directory import Directory
from app.profiles.models import RATHER_NOT, Act, Text

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Entered:
    """Who entered the journey: the patient (`self`), or staff for them, consents read aloud."""

    how: str = "self"
    staff: UUID | None = None

    @property
    def consent_given(self) -> str:
        """How the consents were put to the patient."""
        return "self" if self.how == "self" else "read_aloud"


@dataclass(frozen=True, slots=True)
class Request:
    """A journey ready to send, with the slot it holds and the directory it was chosen from."""

    journey: Journey
    outlook: Outlook
    slot: Slot | None
    directory: Directory
    entered: Entered
    now: datetime

    @property
    def kind(self) -> str:
        """appointment, request, call, come or write."""
        kind: str = self.journey.answers[SLOT]["kind"]
        return kind

    @property
    def state(self) -> str:
        """`booked` when the slot is the patient's at once; else `requested`."""
        return "booked" if self.slot and self.outlook.chosen_act.booking == "instant" else "requested"

    @property
    def starts_at(self) -> str | None:
        """When the visit or the window begins, ISO 8601 in UTC."""
        return self.slot.starts_at.isoformat() if self.slot else self.journey.answers[SLOT]["starts_at"]


def visit_document(request: Request) -> dict[str, Any]:
    """Return what the agenda needs: when, where, with whom; no name, no act."""
    act, slot = request.outlook.chosen_act, request.slot
    return {
        "schema": SCHEMA,
        "kind": request.kind,
        "state": request.state,
        "starts_at": request.starts_at,
        "minutes": act.minutes,
        "buffer_minutes": act.buffer_minutes,
        "site": str(slot.site) if slot else None,
        "room": str(slot.room) if slot else None,
        "practitioner": str(slot.practitioner) if slot else None,
        "pool": [str(person.id) for person in suited(request.directory, act)],
        "reachable": request.journey.answers[REACH]["channel"] != "none",
    }


def contact_document(request: Request) -> dict[str, Any]:
    """Return what it takes to call and reach the patient; nothing of what for."""
    reach = request.journey.answers[REACH]
    return {
        "schema": SCHEMA,
        "call_name": reach["name"],
        "channel": reach["channel"],
        "phone": reach["phone"],
        "email": reach["email"],
        "call_ok": reach["channel"] == "phone",
        "voicemail_ok": reach["voicemail"],
        "language": request.journey.language,
        "entered_by": str(request.entered.staff) if request.entered.staff else None,
        "entered_how": request.entered.how,
    }


def care_document(request: Request) -> dict[str, Any]:
    """Return what the practitioner reads: act, situation, answers and decisions; no name."""
    journey, outlook = request.journey, request.outlook
    act, profile = outlook.chosen_act, outlook.profile
    situation = journey.answers[SITUATION]
    return {
        "schema": SCHEMA,
        "profile": {"id": journey.answers[NEED]["version"], "slug": profile.slug},
        "act": act.slug,
        "act_name": _both(act.name),
        "age": situation["age"],
        "band": outlook.band,
        "situation": situation["situation"],
        "path": outlook.path,
        "answers": _answers(request),
        "wishes": journey.answers[SLOT]["wishes"],
        "decisions": _decisions(request),
    }


def space_document(request: Request) -> dict[str, Any]:
    """Return what the patient reads on coming back."""
    act, slot = request.outlook.chosen_act, request.slot
    directory, parcel = request.directory, request.journey.parcel
    site = directory.site(slot.site) if slot else directory.sites[0]
    return {
        "schema": SCHEMA,
        "submission": parcel["submission"],
        "pseudonym": parcel["pseudonym"],
        "kind": request.kind,
        "state": request.state,
        "starts_at": request.starts_at,
        "minutes": act.minutes,
        "site": site.model_dump(mode="json", exclude={"id"}),
        "practitioner": directory.practitioner(slot.practitioner).name if slot else None,
        "room": directory.room(slot.room).name if slot else None,
        "cancel_hours": directory.rules.cancel_hours,
        "reachable": request.journey.answers[REACH]["channel"] != "none",
        "confirmed": request.state == "booked",
        "proposals": [],
        "message": None,
    } | _act_for_space(act)


def _act_for_space(act: Act) -> dict[str, Any]:
    return {
        "act_name": _both(act.name),
        "neutral_name": _both(act.neutral_name),
        "fee_cents": act.fee_cents,
        "reimbursement": _both(act.reimbursement),
    }


def _answers(request: Request) -> list[dict[str, Any]]:
    outlook = request.outlook
    found = []
    for step, answer in request.journey.answers.items():
        if not step.startswith("questions"):
            continue
        page = int(step.removeprefix("questions"))
        for question in outlook.profile.questions_for(outlook.chosen_act, page):
            code = answer["choices"][question.code]
            chosen = next((choice.text for choice in question.choices if choice.code == code), None)
            text = _both(chosen) if chosen and code != RATHER_NOT else None
            found.append({"question": _both(question.text), "answer": text})
    return found


def _decisions(request: Request) -> list[dict[str, Any]]:
    decision = request.journey.answers[WHO]["decision"]
    return [
        {
            "purpose": purpose.slug,
            "answer": decision if purpose.optional else "told",
            "how": request.entered.consent_given,
            "text_digest": hashlib.sha256(purpose.model_dump_json().encode()).hexdigest(),
            "at": request.now.isoformat(),
        }
        for purpose in request.outlook.profile.purposes
    ]


def _both(text: Text) -> dict[str, str]:
    return {"fr": text.fr, "en": text.en}
