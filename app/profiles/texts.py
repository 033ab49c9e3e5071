"""What the words of a profile may be: short enough for one page size, true, in two languages, nothing hidden."""

import re
import unicodedata
from collections.abc import Iterator

from pydantic import BaseModel

from app.profiles.models import Text

LIMITS = {
    "name": 50,
    "neutral_name": 40,
    "introduction": 280,
    "who_knows": 400,
    "minors_note": 480,
    "call_note": 320,
    "not_offered": 400,
    "acts.name": 60,
    "acts.neutral_name": 40,
    "acts.summary": 140,
    "acts.reimbursement": 280,
    "acts.traces.bank": 220,
    "acts.traces.insurance": 260,
    "acts.traces.mutuelle": 260,
    "questions.text": 120,
    "questions.hint": 120,
    "questions.choices.text": 70,
    "purposes.name": 60,
    "purposes.explanation": 240,
    "purposes.recipients": 140,
    "purposes.retention": 140,
    "purposes.if_refused": 160,
    "resources.name": 60,
    "resources.note": 140,
}
"""The longest each text may be, in characters: all pages of all specialties share one small size."""

OVERCLAIMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"100 ?% (?!pris|prise|rembours|cover|reimburs|paid|par |by |of )\w+",
        r"\bgarantie?s?\b|\bgarantit\b|\bguarante",
        r"(totalement|complètement|entièrement|parfaitement|absolument) (anonym|confident|secr|sûr|sécuris|discr)",
        r"(totally|completely|entirely|perfectly|absolutely|fully) (anonym|confid|secre|safe|secure|discre|priva)",
        r"secret absolu|absolute secrecy|secret total\b|total secrecy|inviolable|incassable|unbreakable",
        r"personne ne (le )?saura|nobody will (ever )?know|no one will (ever )?know",
        r"(sans|aucun|zéro) risque|(no|zero) risk|risk.free|sans danger",
        r"certifiée?s? HDS|HDS.certifi|qualité militaire|military.grade",
        r"les? meilleure?s? (médecin|praticien|clinique|résultat)|the best (doctor|clinic|result)|n° ?1\b",
        r"satisfait ou remboursé|money.back|code promo|offre (spéciale|limitée)|(special|limited) offer|miracle",
        r"dernières? (places?|chance)|plus que \d+ (places?|jours?)|last (chance|places)|only \d+ left",
    )
)
"""What no text may promise: absolute secrecy, a certificate that is the host's, a result, or a bargain.

Code de la santé publique R.4127-19 and R.4127-19-1; a claim to *100 %* is let through where it says who pays.
"""


def texts_of(record: BaseModel, at: str = "", rule: str = "") -> Iterator[tuple[str, str, Text]]:
    """Yield every text of a record with its key (`acts[2].name`) and the key of its limit (`acts.name`)."""
    for name in type(record).model_fields:
        value = getattr(record, name)
        inner = [(f"{at}{name}", value)]
        if isinstance(value, tuple):
            inner = [(f"{at}{name}[{place}]", item) for place, item in enumerate(value)]
        for key, item in inner:
            if isinstance(item, Text):
                yield key, f"{rule}{name}", item
            elif isinstance(item, BaseModel):
                yield from texts_of(item, f"{key}.", f"{rule}{name}.")


def text_faults(profile: BaseModel) -> Iterator[tuple[str, str]]:
    """Yield the key and the reason for every text too long, untranslated, untrue or with something hidden."""
    for key, rule, text in texts_of(profile):
        for language, words in (("fr", text.fr), ("en", text.en)):
            for reason in _line_faults(words, LIMITS[rule]):
                yield f"{key}.{language}", reason
        if text.fr == text.en and len(text.fr) > LIMITS["acts.name"]:
            yield f"{key}.en", "the same as the French: it still waits for its translation"


def _line_faults(words: str, limit: int) -> Iterator[str]:
    if len(words) > limit:
        yield f"{len(words)} characters long; {limit} at most, so that all pages keep one size"
    if any(unicodedata.category(character) in {"Cc", "Cf"} for character in words):
        yield "holds a character that can't be seen"
    plain = " ".join(words.split())  # a no-break space is a space
    for pattern in OVERCLAIMS:
        for match in pattern.finditer(plain):
            yield f"promises too much: « {match.group()} »"
