"""What a patient's sending leaves for the worker, made by hand: the mailbox, the submission and the space."""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app.front.models import FrontOutbox, Space, Submission
from app.vault.intake import load_intake_key, seal_for_intake
from app.vault.models import MailboxEntry
from app.vault.sealing import Context, new_secret, seal_json, unseal_json
from app.vault.tokens import derive_id
from tests.factories.house import House


@dataclass
class Sent:
    """One sending: its ids, and the secrets that only the patient and the clinic can have."""

    submission: UUID = field(default_factory=uuid4)
    pseudonym: UUID = field(default_factory=uuid4)
    practitioner: UUID = field(default_factory=uuid4)
    secrets: dict[str, bytes] = field(
        default_factory=lambda: {p: new_secret() for p in ("contact", "care", "space")}
    )

    @property
    def space_id(self) -> UUID:
        """The row of the space."""
        return derive_id(self.secrets["space"], "space")

    def visit(self, **changes: Any) -> dict[str, Any]:
        """Return the document for the agenda."""
        return {
            "schema": 1,
            "kind": "appointment",
            "state": "booked",
            "starts_at": "2026-11-25T09:00:00+00:00",
            "minutes": 30,
            "buffer_minutes": 5,
            "site": str(uuid4()),
            "room": str(uuid4()),
            "practitioner": str(self.practitioner),
            "pool": [str(self.practitioner), str(uuid4())],
            "reachable": True,
        } | changes

    def seal(self, kind: str, purpose: str, document: dict[str, Any], object_id: UUID, version: int = 1) -> bytes:
        """Seal under one of the secrets."""
        return seal_json(
            self.secrets[purpose], document, Context(kind, self.pseudonym, purpose, object_id, version)
        )

    def mailbox(self, **changes: Any) -> dict[str, Any]:
        """Return the document for the mailbox."""
        encoded = {purpose: base64.b64encode(secret).decode() for purpose, secret in self.secrets.items()}
        return {"schema": 1, "pseudonym": str(self.pseudonym), "secrets": encoded} | changes


def submit(house: House, sent: Sent, mailbox: dict[str, Any] | None = None, **visit: Any) -> Sent:
    """Write what a sending writes: keys, then front."""
    now = house.clock()
    key = load_intake_key(house.root / "public", house.keystore.verify_key, now)
    sealed = seal_for_intake(key, mailbox or sent.mailbox(), sent.submission)
    row = Submission(
        id=sent.submission,
        pseudonym=sent.pseudonym,
        sealed_visit=sent.seal("desk.visit", "contact", sent.visit(**visit), sent.submission),
        sealed_contact=sent.seal("identity.contact", "contact", {"schema": 1, "call_name": "Lou"}, sent.submission),
        sealed_care=sent.seal("care.answers", "care", {"schema": 1, "age": 30}, sent.submission),
        created_at=now,
    )
    with house.db.writing("keys") as session:
        session.add(MailboxEntry(submission=sent.submission, epoch=key.epoch, sealed=sealed, created_at=now))
    with house.db.writing("front") as session:
        session.add(row)
        session.add(_space(sent, now))
    return sent


def space_of(house: House, sent: Sent) -> dict[str, Any]:
    """Open a space as its patient does."""
    with house.db.reading("front") as session:
        row = session.get_one(Space, sent.space_id)
    context = Context("front.space", sent.pseudonym, "space", row.id, row.version)
    return unseal_json(sent.secrets["space"], row.sealed, context)


def change_space(house: House, sent: Sent, **changes: Any) -> None:
    """Write the next version of a space as its patient does."""
    document = space_of(house, sent) | changes
    with house.db.writing("front") as session:
        row = session.get_one(Space, sent.space_id)
        row.version += 1
        row.sealed = sent.seal("front.space", "space", document, row.id, row.version)


def leave_action(house: House, sent: Sent, kind: str, seen: str, **details: Any) -> UUID:
    """Leave an act of the patient for the worker."""
    action = uuid4()
    told = {"schema": 1, "action": kind, "submission": str(sent.submission), "from": seen} | details
    sealed = sent.seal("front.space_action", "space", told, action)
    with house.db.writing("front") as session:
        session.add(
            FrontOutbox(id=action, kind=kind, pseudonym=sent.pseudonym, sealed=sealed, created_at=house.clock())
        )
    return action


def _space(sent: Sent, now: datetime) -> Space:
    document = {"schema": 1, "state": "booked", "message": None, "proposals": [], "kind": "appointment"}
    sealed = sent.seal("front.space", "space", document, sent.space_id)
    return Space(id=sent.space_id, sealed=sealed, version=1, expires_at=now + timedelta(days=400))
