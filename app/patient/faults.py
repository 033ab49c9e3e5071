"""What is wrong with a step, as its summary lists it. A message that fits any field names its question."""

from flask_babel import lazy_gettext as _l

from app.booking.journey import Place
from app.booking.wording import message
from app.web.jinja import translator
from app.web.languages import Language

_GENERIC = frozenset({"choose", "word", "too_long"})
_NAMES = {
    "act": _l("Besoin"),
    "whom": _l("Pour qui"),
    "standing": _l("Décisions de santé"),
    "age": _l("Âge"),
    "decision": _l("Votre choix"),
    "slot": _l("Moment"),
    "day": _l("Jour"),
    "hours": _l("Moment"),
    "site": _l("Lieu"),
    "practitioner": _l("Soignant"),
    "gender": _l("Une femme ou un homme"),
    "access": _l("Accès sans marche"),
    "name": _l("Nom à dire"),
    "channel": _l("Moyen de vous joindre"),
    "phone": _l("Téléphone"),
    "email": _l("Courriel"),
}
"""How the summary names each field's question. Those of the profile and the words to retype bear a number."""


def summary(place: Place, language: Language) -> list[tuple[str, str]]:
    """Return a step's faults as (field id, sentence)."""
    faults = place.draft.journey.faults.get(place.step, [])
    return [(field or "f", _sentence(place, language, field, key)) for field, key in faults]


def _sentence(place: Place, language: Language, field: str, key: str) -> str:
    said = message(key)
    name = _name(place, language, field) if key in _GENERIC else None
    if name is None:
        return said
    _ = translator(language)
    return _("%(question)s : %(message)s", question=name, message=said[0].lower() + said[1:])


def _name(place: Place, language: Language, field: str) -> str | None:
    _ = translator(language)
    if place.step.startswith("questions"):
        return _("Question %(n)s", n=field.removeprefix("q"))
    if field in ("word1", "word2"):
        return _("Mot numéro %(n)s", n=place.draft.journey.asked_words[field == "word2"] + 1)
    return str(_NAMES[field]) if field in _NAMES else None
