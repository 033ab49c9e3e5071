"""Coming back with code words: to a space, or to an unsent journey. Right, wrong and malformed cost the same."""

import base64
from uuid import UUID

from app.booking.journey import Funnel
from app.booking.signed import Signed, sign_in, sign_out
from app.booking.words import keys_of, resume
from app.front import guesses
from app.vault.posting import space_secret
from app.vault.tokens import new_token
from app.vault.words import WordKeys, WordsGate, open_with_words

GUESSES_PER_PREFIX = 20
"""Wrong words an hour from one network prefix, after which it is asked to wait or to call."""
SLOW_AFTER = 100
"""Wrong words an hour from everybody, after which every answer takes longer; nobody is refused for it."""
SLOWEST = 8
"""At most so many word slots an answer is slowed by."""


class TooManyGuesses(Exception):
    """This network prefix tried too often in this hour."""


def enter(funnel: Funnel, gate: WordsGate, typed: str, address: str) -> bytes | None:
    """Return the token that opens what the words lead to, or None when they lead nowhere.

    Raises TooManyGuesses before anything is derived, and TooManyAtOnce when more people try than the machine can
    serve.
    """
    now, prefix = funnel.clock(), guesses.prefix_of(address, funnel.settings.words_salt)
    with funnel.db.reading("front") as session:
        if guesses.count(session, prefix, now) >= GUESSES_PER_PREFIX:
            raise TooManyGuesses
    keys = keys_of(funnel, gate, typed)
    signed, draft_token = _space_of(funnel, keys), resume(funnel, keys)
    token = draft_token or new_token()
    with funnel.db.writing("front") as session:
        if draft_token is not None:  # not sent, whatever a sending that stopped half-way left in the keys
            sign_out(session, token)
        elif signed is not None:
            sign_in(session, token, signed, now, funnel.settings)
        else:
            guesses.add(session, prefix, now)
    return token if signed or draft_token else None


def slowness(funnel: Funnel) -> int:
    """Return how many word slots an answer takes now: one, and more while many wrong words come in."""
    with funnel.db.reading("front") as session:
        wrong = guesses.count(session, guesses.EVERYBODY, funnel.clock())
    return min(1 + wrong // SLOW_AFTER, SLOWEST)


def _space_of(funnel: Funnel, keys: WordKeys) -> Signed | None:
    with funnel.db.reading("keys") as session:
        kept = space_secret(session, keys.locator)
    if kept is None:
        return None
    found = open_with_words(keys, kept.sealed, kept.submission)
    return Signed(UUID(found["pseudonym"]), UUID(found["submission"]), base64.b64decode(found["space"]))
