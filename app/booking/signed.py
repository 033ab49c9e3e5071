"""A browser signed in to a space: what it may open is sealed under a key that only its cookie gives."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.config import Settings
from app.front import spaces
from app.vault.sealing import Context, Unsealable, seal_json, unseal_json
from app.vault.tokens import derive, derive_id

HANDED_OVER_FOR = timedelta(minutes=2)
"""How long the token a journey was sent under still leads to the one that is signed in."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Whose space a browser opened, and the secret that opens it. `token` is the one its cookie must carry."""

    pseudonym: UUID
    submission: UUID
    secret: bytes
    token: bytes | None = None

    @property
    def space_id(self) -> UUID:
        """The space's row, which only its secret tells."""
        return derive_id(self.secret, "space")


def sign_in(session: Session, token: bytes, signed: Signed, now: datetime, settings: Settings) -> None:
    """Sign a browser in, or push its end back."""
    document = {
        "schema": 1,
        "pseudonym": str(signed.pseudonym),
        "submission": str(signed.submission),
        "space": base64.b64encode(signed.secret).decode(),
    }
    session_id = derive_id(token, "space session id")
    sealed = seal_json(derive(token, "space session seal"), document, _context(session_id))
    ends = now + timedelta(minutes=settings.space_idle_minutes)
    spaces.open_session(session, session_id, sealed, ends)


def hand_over(session: Session, old_token: bytes, new_token: bytes, now: datetime) -> None:
    """Let the browser that just sent find its new token once, even when the answer to its sending was lost.

    A copy of the old cookie, made before the device changed hands, opens nothing after that.
    """
    session_id = derive_id(old_token, "space session id")
    document = {"schema": 1, "moved_to": base64.b64encode(new_token).decode()}
    sealed = seal_json(derive(old_token, "space session seal"), document, _context(session_id))
    spaces.open_session(session, session_id, sealed, now + HANDED_OVER_FOR)


def signed_in(session: Session, token: bytes, now: datetime) -> Signed | None:
    """Return who a browser is signed in as, or None."""
    session_id = derive_id(token, "space session id")
    row = spaces.load_session(session, session_id, now)
    if row is None:
        return None
    try:
        found = unseal_json(derive(token, "space session seal"), row.sealed, _context(session_id))
    except Unsealable:
        return None
    if "moved_to" in found:
        return signed_in(session, base64.b64decode(found["moved_to"]), now)
    return Signed(UUID(found["pseudonym"]), UUID(found["submission"]), base64.b64decode(found["space"]), token)


def sign_out(session: Session, token: bytes) -> None:
    """Sign a browser out."""
    spaces.close_session(session, derive_id(token, "space session id"))


def _context(session_id: UUID) -> Context:
    return Context("front.space_session", session_id, "space", session_id, 1)
