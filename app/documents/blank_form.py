"""A whole journey on paper: what a screen would ask, to be filled in by hand."""

from app.discretion.sizes import FORM_BYTES
from app.documents.render import render
from app.profiles.models import RATHER_NOT, Act, Choice, Profile, PublishableProfile, Question, band_of

BYTES = FORM_BYTES
"""How long the form of every profile is: its length must not tell which one was fetched."""

_MINOR_AGES = (12, 13, 15, 16)
"""One age of each band below eighteen."""


def blank_form(publishable: PublishableProfile, language: str, clinic_name: str) -> bytes:
    """Return the form of one profile as a PDF, in `fr` or `en`.

    The first page is a cover that names no act; the eight steps follow. It takes about a second: published
    versions never change, so a caller can keep what it gets.
    """
    profile = publishable.profile
    acts = tuple(act for act in profile.acts if act.published)
    return render(
        "blank_form.html",
        {
            "profile": profile,
            "clinic_name": clinic_name,
            "acts": acts,
            "adults_only": {act.slug for act in acts if _adults_only(publishable, act)},
            "questions": [
                (question, _choices(question), _asked_for(profile, question)) for question in _asked(profile, acts)
            ],
            "told": [purpose for purpose in profile.purposes if not purpose.optional],
            "chosen": [purpose for purpose in profile.purposes if purpose.optional],
        },
        language,
        BYTES,
    )


def _adults_only(publishable: PublishableProfile, act: Act) -> bool:
    """Say whether the matrix offers an act to no minor who asks for themselves, not even by a call."""
    return all(publishable.paths.path(act.slug, band_of(age), "self") == "no" for age in _MINOR_AGES)


def _asked(profile: Profile, acts: tuple[Act, ...]) -> list[Question]:
    """Return the questions of published acts, page by page."""
    slugs = {act.slug for act in acts}
    asked = [question for question in profile.questions if not question.acts or slugs & set(question.acts)]
    return sorted(asked, key=lambda question: question.page)


def _choices(question: Question) -> list[Choice]:
    """Return a question's own choices; the form adds *je préfère en parler sur place* to every one itself."""
    return [choice for choice in question.choices if choice.code != RATHER_NOT]


def _asked_for(profile: Profile, question: Question) -> list[Act]:
    """Return the acts a question is kept for; none when it is asked to everybody."""
    return [act for act in profile.acts if act.slug in question.acts and act.published]
