"""Signing in and out, and the first sign-in from an invitation."""

import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import segno
from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from markupsafe import Markup

from app.clinic import enrolment
from app.clinic.errors import SignInRefused, SignInTooOld
from app.clinic.forms import CodeForm, NewPasswordForm, SignInForm
from app.clinic.people import SignedIn, me
from app.clinic.roles import open_to_all, staff_only
from app.clinic.services import clinic
from app.clinic.sessions import StaffBrowser
from app.clinic.sign_in import PASSWORD_LASTS, check_code, check_password, check_recovery_code, sign_out
from app.desk.errors import InvitationRefused, PasswordRefused

bp = Blueprint("access", __name__)

_TOTP_DIGITS = 6
_HOMES = {"practitioner": "agenda.requests", "desk": "agenda.day", "administrator": "team.team"}


@bp.get("/")
@open_to_all
def home() -> ResponseReturnValue:
    """Lead to the first page of somebody's role, or to the sign-in."""
    if not current_user.is_authenticated:
        return redirect(url_for("access.sign_in"), 303)
    return redirect(url_for(_HOMES[me().role]), 303)


@bp.route("/connexion", methods=["GET", "POST"], endpoint="sign_in")
@open_to_all
def show_sign_in() -> ResponseReturnValue:
    """Ask for login and password."""
    form, refused = SignInForm(), False
    if form.validate_on_submit():
        try:
            staff_id = check_password(clinic(), form["login"].data, form["password"].data)
        except SignInRefused:
            refused = True
        else:
            _remember("password_of", str(staff_id))
            return redirect(url_for("access.second_factor"), 303)
    status = 200 if not form.is_submitted() else 422
    return render_template("clinic/sign_in.html", form=form, refused=refused, demo=clinic().settings.demo), status


@bp.route("/connexion/code", methods=["GET", "POST"])
@open_to_all
def second_factor() -> ResponseReturnValue:
    """Ask for the second factor: there is no way in without it."""
    form, refused = CodeForm(), False
    try:
        staff_id = UUID(_remembered("password_of"))
    except SignInTooOld:
        return redirect(url_for("access.sign_in"), 303)
    if form.validate_on_submit():
        try:
            person = _proved(staff_id, form["code"].data)
        except SignInRefused:
            refused = True
        else:
            _enter(person)
            return redirect(url_for("access.home"), 303)
    return render_template(
        "clinic/second_factor.html", form=form, refused=refused
    ), 422 if form.is_submitted() else 200


@bp.post("/deconnexion")
@staff_only("practitioner", "desk", "administrator")
def leave() -> ResponseReturnValue:
    """Sign out: the session dies on the server."""
    sign_out(clinic(), me())
    logout_user()
    _browser().end()
    response = redirect(url_for("access.sign_in"), 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.route("/invitation", methods=["GET", "POST"])
@open_to_all
def invitation() -> ResponseReturnValue:
    """Ask for the invitation code, which never travels in an address."""
    form, refused = CodeForm(), False
    if form.validate_on_submit():
        try:
            invited = enrolment.accept_code(clinic(), form["code"].data)
        except InvitationRefused:
            refused = True
        else:
            _remember("invited", invited.hex())
            return redirect(url_for("access.new_password"), 303)
    return render_template(
        "clinic/invitation.html", form=form, refused=refused
    ), 422 if form.is_submitted() else 200


@bp.route("/invitation/mot-de-passe", methods=["GET", "POST"])
@open_to_all
def new_password() -> ResponseReturnValue:
    """Ask for a password of one's own."""
    form = NewPasswordForm()
    try:
        invited = bytes.fromhex(_remembered("invited"))
        login = enrolment.invited_login(clinic(), invited)
        if form.validate_on_submit():
            enrolment.choose_password(clinic(), invited, form["password"].data)
            return redirect(url_for("access.new_factor"), 303)
    except (SignInTooOld, InvitationRefused):
        return redirect(url_for("access.invitation"), 303)
    except PasswordRefused as refusal:
        form["password"].errors = [_refusals()[refusal.reason]]
    status = 422 if form.is_submitted() else 200
    return render_template("clinic/new_password.html", form=form, login=login), status


@bp.route("/invitation/telephone", methods=["GET", "POST"])
@open_to_all
def new_factor() -> ResponseReturnValue:
    """Show the QR code, and open the account once a code of it is right."""
    form, refused = CodeForm(), False
    try:
        invited = bytes.fromhex(_remembered("invited"))
        shown = enrolment.enrolment(clinic(), invited)
        if form.validate_on_submit():
            confirmed = enrolment.confirm(clinic(), invited, form["code"].data)
            if confirmed:
                _enter(confirmed[0])
                return render_template("clinic/recovery_codes.html", codes=confirmed[1])
            refused = True
    except (SignInTooOld, InvitationRefused):
        return redirect(url_for("access.invitation"), 303)
    status = 422 if form.is_submitted() else 200
    return render_template(
        "clinic/new_factor.html", form=form, refused=refused, shown=shown, qr=_qr(shown.uri)
    ), status


def _proved(staff_id: UUID, typed: str) -> SignedIn:
    figures = "".join(typed.split())
    if len(figures) == _TOTP_DIGITS and figures.isdigit():
        return check_code(clinic(), staff_id, figures)
    return check_recovery_code(clinic(), staff_id, typed)


def _enter(person: SignedIn) -> None:
    """Begin a signed-in session, under a token that nobody knew before."""
    browser = _browser()
    browser.clear()
    browser.renew()
    login_user(person)
    flash(_("Bonjour %(name)s.", name=person.name))


def _remember(what: str, value: str) -> None:
    """Keep how far this browser has come, under a new token."""
    browser = _browser()
    browser.clear()
    browser.renew()
    browser[what] = [value, clinic().clock().isoformat()]


def _remembered(what: str) -> str:
    found = _browser().get(what)
    if not found:
        raise SignInTooOld
    if clinic().clock() - datetime.fromisoformat(found[1]).astimezone(UTC) > _lasts(what):
        raise SignInTooOld
    return str(found[0])


def _lasts(what: str) -> timedelta:
    return PASSWORD_LASTS if what == "password_of" else 4 * PASSWORD_LASTS


def _browser() -> StaffBrowser:
    return session._get_current_object()  # type: ignore[attr-defined,no-any-return]


def _refusals() -> dict[str, str]:
    return {
        "short": _("Trop court : 12 signes au moins. Une phrase de quatre ou cinq mots convient bien."),
        "long": _("Trop long : 200 signes au plus."),
        "common": _("Ce mot de passe est trop connu. Choisissez une phrase à vous."),
        "login": _("Ce mot de passe ressemble à votre identifiant. Choisissez-en un autre."),
    }


def _qr(uri: str) -> Markup:
    """Return the QR code as inline SVG: nothing is fetched, nothing is styled inline."""
    drawn = io.BytesIO()
    segno.make(uri, error="m").save(drawn, kind="svg", xmldecl=False, svgns=True, nl=False, omitsize=True, border=2)
    return Markup(drawn.getvalue().decode())  # noqa: S704 - segno draws figures from our own address, no text of it
