"""A journey's draft: what was answered and typed, sealed under a key that only the patient's token gives."""

import base64
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.booking.errors import DraftGone, ForeignKey
from app.config import Settings
from app.db import Databases
from app.front import drafts
from app.front.drafts import DraftRow
from app.plain import Plain
from app.vault.sealing import Context, new_secret, seal_json, unseal_json
from app.vault.tokens import derive, derive_id
from app.vault.words import new_words

Answer = dict[str, Any]
Fault = tuple[str, str]
"""A field's name and the key of its message."""

_KIND = "front.draft"
_SCHEMA = 1
_KEY_LENGTH = 24


@dataclass(slots=True)
class Journey:
    """What the sealed draft holds. `turns` counts the accepted answers of each step: a key serves one turn."""

    language: str
    words: list[str]
    asked_words: list[int]
    parcel: dict[str, str]
    answers: dict[str, Answer] = field(default_factory=dict)
    typed: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)
    words_confirmed: bool = False
    words_public: str | None = None
    schema: int = _SCHEMA


_JOURNEY_FIELDS = tuple(one.name for one in fields(Journey))


@dataclass(slots=True)
class Draft:
    """A journey with its token and its row's other columns. `version` 0 is not stored yet."""

    token: bytes
    journey: Journey
    version: int
    expires_at: datetime
    locator: bytes | None = None
    sealed_token: bytes | None = None

    @property
    def id(self) -> UUID:
        """The row's id: derived from the token, so that the server stores nothing about the cookie."""
        return derive_id(self.token, "draft id")


def blank_draft(token: bytes, language: str, now: datetime, settings: Settings) -> Draft:
    """Return a journey that has only a token, to draw the first page; nothing is stored."""
    journey = Journey(language=language, words=[], asked_words=[], parcel={})
    return Draft(token, journey, version=0, expires_at=now + timedelta(minutes=settings.draft_minutes))


def new_draft(
    token: bytes, language: str, now: datetime, settings: Settings, avoid: Callable[[str], bool]
) -> Draft:
    """Begin a journey in memory, with its words, ids and secrets; it is stored with the first answer."""
    words = list(new_words("en" if language == "en" else "fr", avoid))
    parcel = {"pseudonym": str(uuid4()), "submission": str(uuid4())}
    parcel |= {purpose: base64.b64encode(new_secret()).decode() for purpose in ("contact", "care", "space")}
    asked = sorted(secrets.SystemRandom().sample(range(len(words)), 2))
    journey = Journey(language=language, words=words, asked_words=asked, parcel=parcel)
    return Draft(token, journey, version=0, expires_at=now + timedelta(minutes=settings.draft_minutes))


def load_draft(session: Session | Plain, token: bytes, now: datetime, *, locked: bool = False) -> Draft:
    """Open the draft of a token; `locked` when it will be written in this transaction. Raises DraftGone."""
    row = drafts.load(session, derive_id(token, "draft id"), now, locked=locked)
    if row is None:
        raise DraftGone
    document = unseal_json(derive(token, "draft seal"), row.sealed, _context(row.id, row.version))
    journey = Journey(**document)
    return Draft(token, journey, row.version, row.expires_at, row.locator, row.sealed_token)


def save_draft(session: Session, draft: Draft, now: datetime, settings: Settings) -> bool:
    """Seal and write a draft as its next version, and push its end back. False when another write came first."""
    return drafts.save(session, _sealed(draft, now, settings), now)


def note_draft(db: Databases, draft: Draft, now: datetime, settings: Settings) -> bool:
    """Do as `save_draft`, on its own; only the first version waits for the disk."""
    row = _sealed(draft, now, settings)
    if row.version == 1:
        with db.writing("front") as session:
            return drafts.save(session, row, now)
    with db.noting("front") as plain:
        return drafts.note(plain, row)


def _sealed(draft: Draft, now: datetime, settings: Settings) -> DraftRow:
    draft.version += 1
    kept = timedelta(minutes=settings.draft_minutes)
    if draft.locator:
        kept = timedelta(days=settings.draft_days_with_words)
    draft.expires_at = now + kept
    journey = {name: getattr(draft.journey, name) for name in _JOURNEY_FIELDS}
    row_id = draft.id
    sealed = seal_json(derive(draft.token, "draft seal"), journey, _context(row_id, draft.version))
    return DraftRow(row_id, sealed, draft.version, draft.expires_at, draft.locator, draft.sealed_token)


def form_key(draft: Draft, step: str) -> str:
    """Return the one-time key of a step's next form: its turn and a MAC only this token can make."""
    return _key(draft.token, step, draft.journey.turns.get(step, 0))


def is_fresh(draft: Draft, step: str, key: str) -> bool:
    """Say whether a form's key is for the present turn; False for one used before. Raises ForeignKey."""
    turn = draft.journey.turns.get(step, 0)
    try:
        claimed = int(key[:2], 16)
    except ValueError as error:
        raise ForeignKey from error
    if not hmac.compare_digest(_key(draft.token, step, claimed).encode(), key.encode()):
        raise ForeignKey
    return claimed == turn % 256


def _key(token: bytes, step: str, turn: int) -> str:
    number = turn % 256
    mac = hmac.digest(derive(token, "form key"), f"{step}|{number}".encode(), "sha256")
    return (f"{number:02x}" + base64.urlsafe_b64encode(mac).decode())[:_KEY_LENGTH]


def _context(draft_id: UUID, version: int) -> Context:
    return Context(_KIND, pseudonym=draft_id, purpose="draft", object_id=draft_id, version=version)
