"""What a fault looks like to staff: plain words, the right status, an event id, never a trace."""

import logging
from uuid import uuid4

from flask import Flask, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, Unauthorized

from app.care.service import CaseMissing
from app.clinic.errors import AccountTooNew, ForeignPost, NotForRole, SlotGone
from app.clinic.sessions import StaffBrowser
from app.db import SiloUnavailable
from app.desk.errors import NotPossible, StaffNotFound, TooManyAtOnce, VersionConflict, VisitNotFound
from app.front.published_directory import DirectoryFaults, NoDirectory
from app.vault.errors import KeystoreSealed, SecretMissing
from app.vault.sealing import Unsealable

_log = logging.getLogger("paravent.clinic")


def init_failures(app: Flask) -> None:
    """Give each named fault its page."""
    app.register_error_handler(Unauthorized, _sign_in)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _old_form)
    app.register_error_handler(InternalServerError, _unexpected)
    missing: tuple[type[Exception], ...] = (VisitNotFound, StaffNotFound)
    changed: tuple[type[Exception], ...] = (VersionConflict, NotPossible)
    erased: tuple[type[Exception], ...] = (CaseMissing, SecretMissing)
    for fault in missing:
        app.register_error_handler(fault, _not_found)
    for fault in changed:
        app.register_error_handler(fault, _changed_meanwhile)
    for fault in erased:
        app.register_error_handler(fault, _erased)
    app.register_error_handler(SlotGone, _slot_gone)
    app.register_error_handler(NotForRole, _not_for_role)
    app.register_error_handler(AccountTooNew, _account_too_new)
    app.register_error_handler(ForeignPost, _foreign_post)
    app.register_error_handler(SiloUnavailable, _unavailable)
    app.register_error_handler(KeystoreSealed, _sealed)
    app.register_error_handler(TooManyAtOnce, _busy)
    app.register_error_handler(NoDirectory, _no_directory)
    app.register_error_handler(DirectoryFaults, _not_published)
    app.register_error_handler(Unsealable, _unexpected)


def _page(status: int, title: str, text: str) -> ResponseReturnValue:
    return render_template("clinic/failure.html", title=title, text=text, event_id=None), status


def _sign_in(_error: Unauthorized) -> ResponseReturnValue:
    return redirect(url_for("access.sign_in"), 303)


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status in (301, 302, 303, 307, 308):
        return error
    if status == 404:
        return _not_found(error)
    if status == 405:
        return _page(405, _("Cette page ne s’ouvre pas ainsi"), _("Revenez en arrière et utilisez les boutons."))
    if status == 413:
        return _page(413, _("C’est trop long"), _("Ce qui a été envoyé est trop grand. Raccourcissez le texte."))
    return _page(status, _("La demande n’a pas été comprise"), _("Revenez en arrière et recommencez."))


def _not_found(_error: Exception) -> ResponseReturnValue:
    return _page(404, _("Cette page n’existe pas"), _("Elle n’existe pas, ou elle n’est pas de votre ressort."))


def _old_form(_error: CSRFError) -> ResponseReturnValue:
    return _page(
        400,
        _("Ce formulaire a expiré"),
        _("Rien n’a été changé. Revenez en arrière, rechargez la page, puis recommencez."),
    )


def _changed_meanwhile(_error: Exception) -> ResponseReturnValue:
    return _page(
        409,
        _("Quelqu’un d’autre vient d’agir"),
        _("Ce rendez-vous a changé depuis que la page s’est affichée. Rien n’a été fait. Rouvrez-le pour le voir."),
    )


def _erased(_error: Exception) -> ResponseReturnValue:
    return _page(
        410,
        _("Ce dossier ne peut plus être lu"),
        _("Il a été effacé à la demande de la personne, ou n’est pas encore arrivé. Réessayez dans une minute."),
    )


def _slot_gone(_error: SlotGone) -> ResponseReturnValue:
    return _page(
        409,
        _("Ce créneau n’est plus libre"),
        _("Il vient d’être pris. Revenez en arrière et choisissez-en un autre."),
    )


def _not_for_role(_error: NotForRole) -> ResponseReturnValue:
    return _page(
        403, _("Cette page n’est pas pour votre rôle"), _("Demandez à un administrateur si c’est une erreur.")
    )


def _account_too_new(_error: AccountTooNew) -> ResponseReturnValue:
    return _page(
        403,
        _("Votre compte est trop récent pour donner un accord"),
        _("Un compte le peut sept jours après son invitation. Rien n’a été fait."),
    )


def _foreign_post(_error: ForeignPost) -> ResponseReturnValue:
    return _page(403, _("Cette demande vient d’un autre site"), _("Rien n’a été changé."))


def _busy(_error: TooManyAtOnce) -> ResponseReturnValue:
    return _page(
        503, _("Trop de connexions à la fois"), _("Attendez une minute, puis recommencez. Rien n’est perdu.")
    )


def _no_directory(_error: NoDirectory) -> ResponseReturnValue:
    return _page(
        409,
        _("L’annuaire n’est pas encore publié"),
        _("Un administrateur doit d’abord enregistrer les lieux, les horaires et les règles."),
    )


def _not_published(_error: DirectoryFaults) -> ResponseReturnValue:
    return _page(
        409,
        _("Rien n’a été enregistré"),
        _(
            "Il faut au moins un lieu. Ses mots ne doivent dire ni un soin, ni le nom d’un praticien : "
            "le patient les emporte sur un papier."
        ),
    )


def _unavailable(error: SiloUnavailable) -> ResponseReturnValue:
    event_id = str(uuid4())
    _log.error("a silo is unavailable", extra={"event_id": event_id, "silo": error.silo, "route": request.endpoint})
    title = _("Une partie du service ne répond pas")
    text = _("Rien n’a été ouvert ni changé. Réessayez dans quelques minutes.")
    return render_template("clinic/failure.html", title=title, text=text, event_id=event_id), 503


def _sealed(_error: KeystoreSealed) -> ResponseReturnValue:
    return _page(
        503,
        _("Les dossiers sont fermés"),
        _("Un responsable a fermé les clés de la clinique. Rien n’est perdu. Demandez-lui quand elles rouvriront."),
    )


def _unexpected(error: Exception) -> ResponseReturnValue:
    original = getattr(error, "original_exception", None) or error
    if isinstance(original, SiloUnavailable):
        if isinstance(session, StaffBrowser):
            session.out_of_reach = True
        return _unavailable(original)
    event_id = str(uuid4())
    _log.error("an unexpected fault", exc_info=original, extra={"event_id": event_id, "route": request.endpoint})
    title = _("Quelque chose n’a pas marché")
    text = _("Rien de ce que vous aviez enregistré n’est perdu. Réessayez, puis donnez le numéro ci-dessous.")
    return render_template("clinic/failure.html", title=title, text=text, event_id=event_id), 500
