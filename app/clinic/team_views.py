"""The team: who may sign in, in what role. No patient, no case."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.exceptions import BadRequest

from app.clinic import administration
from app.clinic.forms import StaffForm
from app.clinic.people import me
from app.clinic.roles import staff_only
from app.clinic.services import clinic
from app.desk.errors import LastAdministrator, LoginTaken

bp = Blueprint("team", __name__)


@bp.route("/equipe", methods=["GET", "POST"])
@staff_only("administrator")
def team() -> ResponseReturnValue:
    """Show every account, and invite somebody."""
    form = StaffForm()
    if form.validate_on_submit():
        login, name = form["login"].data, form["display_name"].data
        try:
            code = administration.invite(clinic(), me(), login, name, form["role"].data)
        except LoginTaken:
            form["login"].errors = [_("Cet identifiant est déjà pris.")]
        else:
            return render_template("clinic/invited.html", code=code, login=login)
    people = administration.everyone(clinic())
    status = 422 if form.is_submitted() else 200
    return render_template(
        "clinic/team.html", people=people, form=form, act=FlaskForm(), now=clinic().clock()
    ), status


@bp.post("/equipe/<uuid:staff_id>/inviter")
@staff_only("administrator")
def invite_again(staff_id: UUID) -> ResponseReturnValue:
    """Start an account again from an invitation; its password and second factor go."""
    _require_form()
    code = administration.invite_again(clinic(), me(), staff_id)
    return render_template("clinic/invited.html", code=code, login=None)


@bp.post("/equipe/<uuid:staff_id>/desactiver")
@staff_only("administrator")
def disable(staff_id: UUID) -> ResponseReturnValue:
    """Close an account and its sessions."""
    _require_form()
    try:
        administration.disable(clinic(), me(), staff_id)
    except LastAdministrator:
        flash(_("Impossible : ce compte est le dernier de l’administration."))
    else:
        flash(_("Compte fermé. Ses sessions sont terminées."))
    return redirect(url_for("team.team"), 303)


@bp.post("/equipe/<uuid:staff_id>/reactiver")
@staff_only("administrator")
def enable(staff_id: UUID) -> ResponseReturnValue:
    """Open a closed account again."""
    _require_form()
    administration.enable(clinic(), me(), staff_id)
    flash(_("Compte rouvert."))
    return redirect(url_for("team.team"), 303)


@bp.post("/equipe/<uuid:staff_id>/deconnecter")
@staff_only("administrator")
def end_sessions(staff_id: UUID) -> ResponseReturnValue:
    """Sign somebody out everywhere."""
    _require_form()
    administration.end_sessions(clinic(), me(), staff_id)
    flash(_("Sessions terminées."))
    return redirect(url_for("team.team"), 303)


def _require_form() -> None:
    if not FlaskForm().validate_on_submit():
        raise BadRequest
