"""An SMS as it may leave: one part, of the letters every telephone has, from a neutral sender."""

import re
from dataclasses import dataclass
from string import ascii_letters, digits

from app.discretion.gate import Malformed, leaving
from app.discretion.lexicon import Lexicon
from app.discretion.surfaces import Surface

SEPTETS = 160
"""What one part holds. A longer text travels in several, and may be shown in several."""

_BASIC = frozenset(f"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡{ascii_letters}{digits}ÄÖÑÜ§¿äöñüà")
_EXTENDED = frozenset("\f^{}\\[~]|€")
_SENDER = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{3,11}|\+?[0-9]{5,15}")


@dataclass(frozen=True, slots=True)
class ClearedSms:
    """An SMS that passed the gate. Only this module makes one."""

    sender: str
    text: str


def clear_sms(sender: str, text: str, lexicon: Lexicon | None = None) -> ClearedSms:
    """Return an SMS as it may be sent. Raises Betrayal or Malformed."""
    leaving(Surface.SMS_SENDER, sender, lexicon)
    leaving(Surface.SMS_TEXT, text, lexicon)
    if not _SENDER.fullmatch(sender):
        raise Malformed(Surface.SMS_SENDER, "is no number, nor 3 to 11 letters, digits or spaces")
    if not septets(text) <= SEPTETS:
        raise Malformed(Surface.SMS_TEXT, f"takes more than the {SEPTETS} places of one part")
    return ClearedSms(sender, text)


def septets(text: str) -> int:
    """Return how many places a text takes in the GSM alphabet (3GPP TS 23.038). Raises Malformed outside it."""
    if not set(text) <= _BASIC | _EXTENDED:
        raise Malformed(Surface.SMS_TEXT, "has a letter outside the GSM alphabet, which would cost it its length")
    return len(text) + sum(character in _EXTENDED for character in text)
