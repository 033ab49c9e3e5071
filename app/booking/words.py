"""A journey's code words: kept on request from the first page, and at the latest on sending."""

import base64
from dataclasses import dataclass

from app.booking.draft import Draft, load_draft, save_draft
from app.booking.holds import hand_over
from app.booking.journey import Funnel
from app.front import drafts
from app.vault.tokens import new_token
from app.vault.words import WordKeys, WordsGate, normalise, open_with_words, seal_to_words


@dataclass(frozen=True, slots=True)
class WordsLock:
    """What a set of words gives: where to look, and the public key to seal to."""

    locator: bytes
    public: bytes


def lock_of(funnel: Funnel, gate: WordsGate, draft: Draft) -> WordsLock:
    """Return the lock of a draft's words, computing it (slowly) unless it was before. Raises TooManyAtOnce."""
    journey = draft.journey
    if draft.locator and journey.words_public:
        return WordsLock(draft.locator, base64.b64decode(journey.words_public))
    keys = keys_of(funnel, gate, " ".join(journey.words))
    return WordsLock(keys.locator, keys.public_bytes)


def keys_of(funnel: Funnel, gate: WordsGate, typed: str) -> WordKeys:
    """Return the keys that words give, right, wrong or malformed alike, in the same time. Raises TooManyAtOnce."""
    return gate.derive(normalise(typed), funnel.settings.words_salt, funnel.settings.words_cost)


def keep_words(funnel: Funnel, gate: WordsGate, token: bytes) -> Draft:
    """Let a draft be opened again by its words, on any device, for some days. Raises DraftGone, TooManyAtOnce."""
    with funnel.db.reading("front") as session:
        draft = load_draft(session, token, funnel.clock())
    if draft.locator:
        return draft
    lock = lock_of(funnel, gate, draft)
    with funnel.db.writing("front") as session:
        now = funnel.clock()
        draft = load_draft(session, token, now, locked=True)
        _seal_to(draft, lock)
        save_draft(session, draft, now, funnel.settings)
    return draft


def resume(funnel: Funnel, keys: WordKeys) -> bytes | None:
    """Take up the unsent draft that these words open under a new token, or return None.

    The cookie of the device it was begun on opens it no more: that device may be another person's by now.
    """
    now, token = funnel.clock(), new_token()
    with funnel.db.writing("front") as session:
        row = drafts.load_by_locator(session, keys.locator, now)
        if row is None or row.sealed_token is None:
            return None
        old_token = base64.b64decode(open_with_words(keys, row.sealed_token, row.id)["token"])
        draft = load_draft(session, old_token, now, locked=True)
        old_id, draft.token, draft.version = draft.id, token, 0
        hand_over(session, old_id, draft.id)
        drafts.remove(session, old_id)
        _seal_to(draft, WordsLock(keys.locator, keys.public_bytes))
        save_draft(session, draft, now, funnel.settings)
    return token


def _seal_to(draft: Draft, lock: WordsLock) -> None:
    """Let words open a draft."""
    draft.locator = lock.locator
    draft.journey.words_public = base64.b64encode(lock.public).decode()
    document = {"schema": 1, "token": base64.b64encode(draft.token).decode()}
    draft.sealed_token = seal_to_words(lock.public, document, draft.id)
