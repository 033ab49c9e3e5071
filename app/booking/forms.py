"""The steps' forms: Flask-WTF validates, our own macros draw. A fault is a message key, never a text.

The one-time key of each form is its CSRF token and is checked before the form is built (booking/draft.py).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import phonenumbers
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field, RadioField, StringField
from wtforms.validators import StopValidation, ValidationError

NOT_ASKED = "00"
YES, NO = "01", "02"
NO_MESSAGE, PHONE, PHONE_VOICEMAIL, EMAIL = "01", "02", "03", "04"
CONTINUE, FILTER, NEXT_DAYS, PREVIOUS_DAYS, EXTEND = "01", "02", "03", "04", "05"
OWN_DEVICE, SHARED_DEVICE = "06", "07"
ANSWERS_NOTHING = (FILTER, NEXT_DAYS, PREVIOUS_DAYS, EXTEND, OWN_DEVICE, SHARED_DEVICE)
"""The buttons of a step that keep what was typed and answer nothing yet."""
MAX_AGE = 130

_ODD_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Sm", "So", "Zl", "Zp"}
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\]+\.[^\s@.<>,;:\"()\[\]\\]{2,}")


class Chosen(RadioField):
    """A choice among codes. Anything that is not on the list is refused, never guessed."""

    def pre_validate(self, form: Any) -> None:
        """Refuse a code that is not among the choices."""
        if self.data not in {code for code, _label in self.choices}:
            raise StopValidation("choose")


class StepForm(FlaskForm):
    """A step's form, filled with what was typed. `faults` lists field and message key."""

    class Meta:
        """The step's one-time key replaces the session's CSRF token."""

        csrf = False

        def get_translations(self, _form: FlaskForm) -> None:
            """Return none: a fault is a message key, and looking catalogues up took as long as the rest."""

    @classmethod
    def of(cls, typed: Mapping[str, str], choices: Mapping[str, Iterable[str]] | None = None) -> "StepForm":
        """Build the form from typed values, with the codes each choice field allows."""
        form = cls(formdata=MultiDict(typed))
        for name, codes in (choices or {}).items():
            form[name].choices = [(code, "") for code in codes]
        return form

    def faults(self) -> list[tuple[str, str]]:
        """Validate and return one fault for each field that is wrong."""
        self.validate()
        return [(name, str(messages[0])) for name, messages in self.errors.items() if messages]


class NeedForm(StepForm):
    """Which act."""

    act = Chosen()


def _age(_form: Any, field: Field) -> None:
    text = (field.data or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= MAX_AGE):
        raise ValidationError("age")


class SituationForm(StepForm):
    """For whom, in what standing, at what age."""

    whom = Chosen()
    standing = Chosen()
    age = StringField(validators=[_age])


class WhoForm(StepForm):
    """The one optional consent, or its filler where none may be asked."""

    decision = Chosen()


class QuestionsForm(StepForm):
    """Up to four questions of a page; the fields a profile does not use carry a filler."""

    q1 = Chosen()
    q2 = Chosen()
    q3 = Chosen()
    q4 = Chosen()


class SlotForm(StepForm):
    """The slot or window chosen, with the wishes that filter the list; the step checks the slot itself."""

    slot = StringField()
    site = Chosen()
    practitioner = Chosen()
    gender = Chosen()
    day = Chosen()
    hours = Chosen()
    access = Chosen()


def _name(_form: Any, field: Field) -> None:
    text = (field.data or "").strip()
    if not text:
        raise ValidationError("name_missing")
    if len(text) > 60:
        raise ValidationError("name_long")
    if any(unicodedata.category(sign) in _ODD_CATEGORIES for sign in text) or "�" in text:
        raise ValidationError("name_letters")


def _phone(form: Any, field: Field) -> None:
    text = (field.data or "").strip()
    if form.channel.data not in (PHONE, PHONE_VOICEMAIL):
        return
    if not text:
        raise ValidationError("phone_missing")
    if phone_number(text) is None:
        raise ValidationError("phone")


def _email(form: Any, field: Field) -> None:
    text = (field.data or "").strip()
    if form.channel.data != EMAIL:
        return
    if not text:
        raise ValidationError("email_missing")
    if len(text) > 120 or not _EMAIL.fullmatch(text):
        raise ValidationError("email")


class ReachForm(StepForm):
    """A name to be called by, and one safe contact or none."""

    name = StringField(validators=[_name])
    channel = Chosen()
    phone = StringField(validators=[_phone])
    email = StringField(validators=[_email])


class FeesForm(StepForm):
    """Fees and traces were shown; there is nothing to choose, only a filler."""

    seen = Chosen()


class CheckForm(StepForm):
    """Two of the code words, retyped."""

    word1 = StringField()
    word2 = StringField()


FIELD_NAMES = frozenset(
    {"act", "whom", "standing", "age", "decision", "q1", "q2", "q3", "q4", "seen", "word1", "word2"}
    | {"slot", "site", "practitioner", "gender", "day", "hours", "access"}
    | {"name", "channel", "phone", "email"}
)
"""Every field of every step. The day a list of slots starts at is none: it comes from a button, and is checked."""


def phone_number(text: str) -> str | None:
    """Return a number in E.164, read as French without a prefix; None when it can't be one.

    Possible, not valid: the numbers reserved for fiction must pass, and new ranges appear before libraries know.
    """
    try:
        parsed = phonenumbers.parse(text, "FR")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
