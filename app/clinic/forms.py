"""The forms of the clinic zone: they check shape, say what is wrong beside the field, and have no effect."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    Field,
    IntegerField,
    StringField,
    TextAreaField,
)
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    Regexp,
    StopValidation,
    ValidationError,
)

from app.desk.legal_holds import REASONS
from app.desk.staff import ROLES

MESSAGE_LENGTH = 600
_MISSING = _l("Remplissez ce champ.")
_LONG = _l("C’est trop long.")
_CHOOSE = _l("Choisissez dans la liste.")
_TIME = _l("Écrivez une heure, par exemple 08:30.")
_MINUTES_OF_DAY = 1440
_STEP = 5
NOBODY_READS = _l("Ce dossier est effacé : la personne ne peut plus rien lire ici. Rien n’a été fait.")
"""What is said beside a message that would reach nobody."""


def text(greatest: int) -> StringField:
    """Return a line of text that must be filled, up to so many characters."""
    return StringField(
        filters=[_stripped], validators=[DataRequired(_MISSING), Length(max=greatest, message=_LONG)]
    )


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


class Choice(StringField):
    """One code of a list; `choices` holds codes and words. Anything else is refused, never guessed."""

    def __init__(self, *args: Any, choices: Iterable[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.choices = list(choices)

    def pre_validate(self, form: Any) -> None:
        """Refuse a code that is not on the list."""
        if self.data not in {code for code, _words in self.choices}:
            raise StopValidation(_CHOOSE)


class Choices(Field):
    """Several codes of a list, at least one."""

    def __init__(self, *args: Any, choices: Iterable[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.choices = list(choices)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep every value sent."""
        self.data = valuelist

    def pre_validate(self, form: Any) -> None:
        """Refuse nothing at all, and a code that is not on the list."""
        if not self.data or not set(self.data) <= {code for code, _words in self.choices}:
            raise StopValidation(_CHOOSE)


class SignInForm(FlaskForm):
    """Login and password."""

    login = text(64)
    password = StringField(validators=[DataRequired(_MISSING), Length(max=200, message=_LONG)])


class CodeForm(FlaskForm):
    """Six figures of the authenticator, or a recovery code; or an invitation code."""

    code = text(64)


class NewPasswordForm(FlaskForm):
    """A password, typed twice."""

    password = StringField(validators=[DataRequired(_MISSING)])
    again = StringField(validators=[DataRequired(_MISSING)])

    def validate_again(self, field: Field) -> None:
        """Refuse two different texts."""
        if field.data != self["password"].data:
            raise ValidationError(_l("Les deux mots de passe sont différents."))


class ActionForm(FlaskForm):
    """An act on the version of a visit that was shown; `back` says which page to return to."""

    version = IntegerField(validators=[InputRequired()])
    back = StringField(validators=[Optional(), Regexp(r"^(day|requests|case)?$")])


class MessageForm(ActionForm):
    """An act with words for the patient."""

    message = TextAreaField(
        filters=[_stripped], validators=[DataRequired(_MISSING), Length(max=MESSAGE_LENGTH, message=_LONG)]
    )


class OptionalMessageForm(ActionForm):
    """An act with words for the patient, or none."""

    message = TextAreaField(filters=[_stripped], validators=[Optional(), Length(max=MESSAGE_LENGTH, message=_LONG)])


class ProposeForm(OptionalMessageForm):
    """The slot to offer instead."""

    slot = StringField(validators=[DataRequired(_l("Choisissez un créneau."))])


class Clock(StringField):
    """A time of day typed as 08:30, read as minutes since midnight, in steps of five."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read hours and minutes. Raises ValueError with a plain message."""
        typed = valuelist[0].strip().replace("h", ":").replace(" ", "") if valuelist else ""
        hours, _colon, minutes = typed.partition(":")
        self.data = None
        if not (
            hours.isascii() and hours.isdigit() and (minutes or "00").isascii() and (minutes or "00").isdigit()
        ):
            raise ValueError(_TIME)
        found = int(hours) * 60 + int(minutes or "0")
        if len(hours) > 2 or int(minutes or "0") > 59 or found > _MINUTES_OF_DAY or found % _STEP:
            raise ValueError(_TIME)
        self.data = found


def clock_text(minute: int | None) -> str:
    """Return minutes since midnight as 08:30."""
    return "" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


class AbsenceForm(FlaskForm):
    """Who is away, or which room is closed, from when until when."""

    resource = Choice()
    from_day = DateField(validators=[InputRequired(_l("Écrivez une date, par exemple 2027-03-14."))])
    from_time = Clock(validators=[InputRequired(_TIME)])
    until_day = DateField(validators=[InputRequired(_l("Écrivez une date, par exemple 2027-03-14."))])
    until_time = Clock(validators=[InputRequired(_TIME)])


class FileNumberForm(FlaskForm):
    """The number of a file."""

    number = text(32)


class HoldForm(FlaskForm):
    """Why nothing of a file may be destroyed."""

    reason = Choice(choices=[(reason, "") for reason in REASONS])


class StaffForm(FlaskForm):
    """Somebody to invite."""

    login = StringField(
        filters=[_stripped],
        validators=[
            DataRequired(_MISSING),
            Regexp(
                r"^[A-Za-z0-9._-]{3,64}$", message=_l("3 à 64 lettres sans accent, chiffres, points ou tirets.")
            ),
        ],
    )
    display_name = text(120)
    role = Choice(choices=[(role, role) for role in ROLES])


class SiteForm(FlaskForm):
    """A place, with what an arriving patient reads on their card."""

    name = text(120)
    address = text(300)
    door = text(300)
    desk_words = text(300)
    phone = text(32)
    step_free = BooleanField()
    timezone = text(64)

    def validate_timezone(self, field: Field) -> None:
        """Accept IANA names only."""
        if field.data not in available_timezones():
            raise ValidationError(_l("Écrivez un fuseau comme Europe/Paris."))


class RoomForm(FlaskForm):
    """A room of a site."""

    name = text(60)
    step_free = BooleanField()


class PractitionerForm(FlaskForm):
    """Who treats, by the name that patients read."""

    name = text(120)
    gender = Choice(choices=[("woman", ""), ("man", ""), ("unsaid", "")])
    kinds = Choices()
    staff = Choice()


class HoursForm(FlaskForm):
    """A weekly presence."""

    practitioner = Choice()
    site = Choice()
    weekday = Choice(choices=[(str(n), "") for n in range(7)])
    starts = Clock(validators=[InputRequired(_TIME)])
    ends = Clock(validators=[InputRequired(_TIME)])
    valid_from = DateField(validators=[Optional()])
    valid_until = DateField(validators=[Optional()])

    def validate_ends(self, field: Field) -> None:
        """Refuse an end before its beginning."""
        if field.data is not None and self["starts"].data is not None and field.data <= self["starts"].data:
            raise ValidationError(_l("La fin doit venir après le début."))

    def validate_valid_until(self, field: Field) -> None:
        """Refuse a last day before the first."""
        if field.data and self["valid_from"].data and field.data < self["valid_from"].data:
            raise ValidationError(_l("Le dernier jour vient avant le premier."))


def _whole(least: int, greatest: int) -> IntegerField:
    return IntegerField(
        validators=[
            InputRequired(_l("Écrivez un nombre entier.")),
            NumberRange(least, greatest, _l("Ce nombre est hors des limites.")),
        ]
    )


class RulesForm(FlaskForm):
    """The clinic's few numbers."""

    notice_hours = _whole(0, 720)
    horizon_days = _whole(1, 365)
    cancel_hours = _whole(0, 720)
    call_starts = Clock(validators=[InputRequired(_TIME)])
    call_ends = Clock(validators=[InputRequired(_TIME)])

    def validate_call_ends(self, field: Field) -> None:
        """Refuse calls that end before they begin."""
        starts = self["call_starts"].data
        if field.data is not None and starts is not None and field.data <= starts:
            raise ValidationError(_l("La fin doit venir après le début."))


def set_choices(form: FlaskForm, **choices: Iterable[tuple[str, str]]) -> None:
    """Give a form's select fields what may be chosen now."""
    for name, allowed in choices.items():
        form[name].choices = list(allowed)
