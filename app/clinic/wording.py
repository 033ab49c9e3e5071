"""The words of the clinic's pages for codes kept in the silos. A state has a sign too, beside any colour."""

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from babel.dates import format_date, get_day_names
from flask_babel import lazy_gettext as _l

STATES: Mapping[str, tuple[str, object]] = {
    "requested": ("○", _l("À traiter")),
    "booked": ("●", _l("Prévu")),
    "proposed": ("◐", _l("Autre horaire proposé")),
    "move_asked": ("⇄", _l("Demande à déplacer")),
    "arrived": ("▶", _l("Arrivé·e")),
    "seen": ("✓", _l("Vu·e")),
    "absent": ("✕", _l("Absent·e")),
    "cancelled": ("—", _l("Annulé")),
    "declined": ("—", _l("Refusé")),
    "answered": ("✓", _l("Répondu")),
}
"""State to sign and word."""

NEEDS: Mapping[str, object] = {
    "confirm": _l("À confirmer"),
    "ask": _l("Horaire à proposer"),
    "call": _l("À rappeler"),
    "come": _l("Passage à l’accueil"),
    "write": _l("Réponse à écrire"),
    "move": _l("À déplacer"),
}
"""What a request needs, by the word `need_of` gives."""

ROLES: Mapping[str, object] = {
    "practitioner": _l("Praticien"),
    "desk": _l("Accueil"),
    "administrator": _l("Administration"),
}
HOLDS: Mapping[str, object] = {
    "claim": _l("Une réclamation ou un procès"),
    "authority": _l("Un juge ou une autorité le demande"),
    "request": _l("La personne demande qu’on garde son dossier"),
}
"""Why nothing of a file may be destroyed."""

ORIGINS: Mapping[str, object] = {
    "patient": _l("demandé par la personne"),
    "staff": _l("demandé par l’administration"),
    "term": _l("fin du délai"),
}
"""Who or what withdrew a file."""

MARKS: Mapping[str, object] = {"new": _l("nouveau"), "moved": _l("déplacé")}
GENDERS: Mapping[str, object] = {"woman": _l("Une femme"), "man": _l("Un homme"), "unsaid": _l("Non précisé")}
SITUATIONS: Mapping[str, object] = {
    "self": _l("Pour soi"),
    "child": _l("Pour un enfant"),
    "assisted": _l("Aide à décider, ou mesure de protection"),
    "emancipated": _l("Mineur·e émancipé·e"),
}
DECISIONS: Mapping[str, object] = {
    "yes": _l("Oui"),
    "no": _l("Non"),
    "not_asked": _l("Non demandé"),
    "told": _l("Informé·e"),
}
HOWS: Mapping[str, object] = {"self": _l("par la personne elle-même"), "read_aloud": _l("lu à voix haute")}
PARTS: Mapping[str, object] = {
    "any": _l("Toute la journée"),
    "morning": _l("Le matin"),
    "afternoon": _l("L’après-midi"),
    "evening": _l("Le soir"),
}


ENTERED: Mapping[str, object] = {
    "booked": _l("Rendez-vous pris"),
    "requested": _l("Demande d’horaire, à confirmer par le praticien"),
    "request": _l("Demande de rendez-vous, horaire à proposer"),
    "call": _l("Demande à être rappelé·e"),
    "come": _l("Passage prévu à l’accueil"),
    "write": _l("Demande de réponse écrite"),
}
"""What was just entered, by its state for a visit with a time, else by its kind."""


def need_of(kind: str, state: str, *, has_time: bool) -> str:
    """Return what a request needs of staff, as a key of NEEDS."""
    if state == "move_asked":
        return "move"
    if kind in ("call", "come", "write"):
        return kind
    return "confirm" if has_time else "ask"


def weekday(number: int) -> str:
    """Return a day of the week; 0 is Monday."""
    return str(get_day_names("wide", locale="fr")[number])


def kind_names(specialties: Path) -> dict[str, str]:
    """Return the French name of each kind of practitioner that the specialties name."""
    source = specialties / "practitioners.toml"
    if not source.is_file():
        return {}
    return {slug: texts["fr"] for slug, texts in tomllib.loads(source.read_text(encoding="utf-8")).items()}


def phone_text(number: str) -> str:
    """Return a number as people read it aloud: pairs of figures for a French one."""
    figures = number.replace(" ", "")
    if figures.startswith("+33") and len(figures) == 12:
        figures = "0" + figures[3:]
        return "\u00a0".join(figures[i : i + 2] for i in range(0, 10, 2))
    return number


def day_text(day: date) -> str:
    """Return a day as people write it: mardi 24 novembre 2026."""
    return str(format_date(day, "EEEE d MMMM y", locale="fr"))


def weekday_text(day: date) -> str:
    """Return a day as the head of a column: mardi 24."""
    return str(format_date(day, "EEEE d", locale="fr"))
