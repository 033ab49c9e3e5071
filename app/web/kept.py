"""How long each kind of data is kept, in words: the same table for patients and for the clinic's administrators."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.config import Settings
from app.retention import Kept, Kind, Since, house_terms
from app.web.formats import duration_text
from app.web.jinja import translator
from app.web.languages import Language


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row of the table: what is kept, until when, and by what law. `staffs` says it is about staff alone."""

    what: str
    until: str
    basis: str
    staffs: bool


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when drawn."""
    return text


_WHAT: Mapping[Kind, str] = {
    "drafts": _("Une demande commencée, pas encore envoyée"),
    "holds": _("Le moment choisi, le temps de finir la demande"),
    "guesses": _("Le nombre d’essais de mots depuis un réseau"),
    "space_sessions": _("L’ouverture d’un espace dans un navigateur"),
    "care": _("Les réponses et l’acte demandé"),
    "contact": _("Le nom et le contact"),
    "space": _("L’espace que les mots ouvrent"),
    "visit": _("L’heure, le lieu et l’état du rendez-vous"),
    "blind_indexes": _("L’empreinte du contact, qui rapproche deux demandes"),
    "papers": _("Les papiers à imprimer"),
    "staff_sessions": _("Les connexions du personnel"),
    "staff_accounts": _("Les comptes du personnel"),
    "ledger": _("Le registre : qui a ouvert quoi, sans nom de patient"),
    "logs": _("Les journaux techniques, sans rien de personnel"),
    "key_backups": _("Les copies de secours des clés"),
}
_NOTHING_MORE = "%(time)s"
_UNTIL: Mapping[Since, str] = {
    "last_change": _("%(time)s au plus après le dernier changement"),
    "first_kept": _("%(time)s au plus"),
    "last_seen": _("%(time)s après la dernière page"),
    "signed_in": _("%(time)s après la connexion"),
    "end_of_visit": _("%(time)s après le rendez-vous, ou l’envoi s’il n’y en a pas"),
    "written": _NOTHING_MORE,
    "closed": _("%(time)s après la fermeture"),
    "made": _NOTHING_MORE,
}
_NEVER, _NO_END = _("jamais gardés"), _("tant que la personne travaille ici")
_STAFF: frozenset[Kind] = frozenset({"staff_sessions", "staff_accounts"})


def kept_rows(settings: Settings, language: Language) -> Iterator[KeptRow]:
    """Yield the table under these settings, in the order in which a patient meets what it names."""
    translate = translator(language)
    for kept in house_terms(settings):
        yield KeptRow(translate(_WHAT[kept.kind]), _until(kept, language), kept.basis, kept.kind in _STAFF)


def _until(kept: Kept, language: Language) -> str:
    translate = translator(language)
    if kept.lasts is None:
        return translate(_NO_END)
    if not kept.lasts:
        return translate(_NEVER)
    return translate(_UNTIL[kept.since], time=duration_text(kept.lasts // timedelta(minutes=1), language))
