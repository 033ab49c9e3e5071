"""The lint: what keeps a well-formed profile from being published."""

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.discretion.lexicon import compiled
from app.profiles.lint import check, check_directory, check_together
from app.profiles.loader import load_profile
from app.profiles.models import Act, Band, PathCell, PathMatrix, PublishableProfile, Situation, Text, band_of
from app.profiles.models import Path as ConsentPath
from app.profiles.texts import LIMITS, texts_of
from tests.unit.profiles.orchard import ACTS, PATHS, PROFILE, OrchardLexicon, changed, write

BANDS: tuple[Band, ...] = get_args(Band)
SITUATIONS: tuple[Situation, ...] = get_args(Situation)
WAYS: tuple[ConsentPath, ...] = get_args(ConsentPath)

BETRAYS = "a neutral name holds a word that betrays the specialty"
ONE_OPTIONAL = "exactly one is, so that every specialty has the same shape"
TOO_LONG = "at most, so that all pages keep one size"
ONLY_ADULTS = "only an adult alone has the path 'self'; leave the others out, or say call"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> PublishableProfile:
    return load_profile(write(tmp_path_factory.mktemp("specialties")))


def linted(tmp_path: Path, profile: str = PROFILE, paths: str = PATHS, pages: int = 1) -> list[str]:
    write(tmp_path, profile=profile, paths=paths)
    return check_directory(tmp_path, pages, OrchardLexicon())


def test_a_sound_profile_has_no_fault(tmp_path: Path) -> None:
    assert linted(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("page = 1", "page = 2", "questions[0].page: this installation has 1 question page(s)"),
        (
            "page = 1",
            'page = 1\nacts = ["pruning"]',
            "acts[3]: 0 questions on page 1; every page asks 1 to 4",
        ),
        ('"Rendez-vous"', '"Au verger"', f"acts[0].neutral_name.fr: {BETRAYS}"),
        ('en = "Consultation"', 'en = "Verger"', f"neutral_name.en: {BETRAYS}"),
        (
            'slug = "care"',
            'slug = "cure"',
            "purposes: the purpose 'care' is missing, or is not told as one that is not optional",
        ),
        ("optional = false", "optional = true", f"purposes: 2 are optional; {ONE_OPTIONAL}"),
        ("optional = true", "optional = false", f"purposes: 0 are optional; {ONE_OPTIONAL}"),
        (
            'if_refused = { fr = "Rien ne change.", en = "Nothing changes." }',
            "",
            "purposes[2].if_refused: an optional purpose says what a refusal changes",
        ),
        (
            "retention_days = 90",
            "retention_days = 91",
            "purposes[0].retention_days: more than the 90 days a file is kept at most",
        ),
        ("La visite pruning", "x" * 61, f"acts[0].name.fr: 61 characters long; 60 {TOO_LONG}"),
        ("Une échelle", "x" * 71, f"questions[0].choices[0].text.fr: 71 characters long; 70 {TOO_LONG}"),
        ("Bienvenue.", "Bien\u00advenue.", "introduction.fr: holds a character that can't be seen"),
    ],
)
def test_a_fault_of_a_profile_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert f"orchard/profile.toml: {expected}" in linted(tmp_path, profile=changed(PROFILE, old, new))


@pytest.mark.parametrize(
    "betraying",
    [
        "VERGER",
        "vérgèr",
        "ver\u00adger",
        "ver&shy;ger",
        "v&#101;rger",
        "ver%67er",
        "vеrgеr",
        "ｖｅｒｇｅｒ",
        "v.e.r.g.e.r",
    ],
)
def test_a_betraying_word_in_disguise_is_found(tmp_path: Path, betraying: str) -> None:
    write(tmp_path, profile=changed(PROFILE, '"Rendez-vous"', f'"Au {betraying}"'), paths=PATHS)
    found = check_directory(tmp_path, 1, compiled(["verger"]))
    assert f"orchard/profile.toml: acts[0].neutral_name.fr: {BETRAYS}" in found


def test_five_questions_on_a_page_are_one_too_many(tmp_path: Path) -> None:
    question = PROFILE[PROFILE.index("[[questions]]") : PROFILE.index("\n[[purposes]]")]
    more = "".join(changed(question, 'code = "01"', f'code = "0{n}"') for n in range(2, 6))

    faults = linted(tmp_path, profile=changed(PROFILE, question, question + more))

    assert "orchard/profile.toml: acts[0]: 5 questions on page 1; every page asks 1 to 4" in faults


def test_every_question_page_must_be_filled(tmp_path: Path) -> None:
    assert len(linted(tmp_path, pages=2)) == len(ACTS)


def test_a_remote_act_is_not_published_and_needs_no_question(tmp_path: Path) -> None:
    head, last = PROFILE.split('slug = "planting"')
    asked = changed(last, "page = 1", 'page = 1\nacts = ["pruning", "grafting", "picking"]')
    remote = changed(asked, '"on_site"', '"remote"')

    assert linted(tmp_path, profile=f'{head}slug = "planting"{remote}') == []


def test_a_profile_with_nothing_to_publish_is_refused(tmp_path: Path) -> None:
    remote = changed(PROFILE, '"on_site"', '"remote"', count=len(ACTS))

    assert linted(tmp_path, profile=remote) == [
        "orchard/profile.toml: acts: none is on site, so none would be published"
    ]


@pytest.mark.parametrize(
    ("field", "claim"),
    [
        ("fr", "C’est 100 % anonyme."),
        ("fr", "C’est 100\u00a0% anonyme."),
        ("fr", "C’est totalement confidentiel."),
        ("fr", "Le secret est garanti."),
        ("fr", "Un site certifié HDS."),
        ("fr", "Personne ne le saura."),
        ("fr", "Un résultat sans risque."),
        ("fr", "Plus que 3 places !"),
        ("en", "HDS-certified and safe."),
        ("en", "100% anonymous."),
        ("en", "Nobody will ever know."),
        ("en", "Your privacy is guaranteed."),
    ],
)
def test_a_claim_too_big_is_refused(tmp_path: Path, field: str, claim: str) -> None:
    old = "Bienvenue." if field == "fr" else "Welcome."

    [fault] = linted(tmp_path, profile=changed(PROFILE, old, claim))

    assert fault.startswith(f"orchard/profile.toml: introduction.{field}: promises too much: « ")


def test_a_long_text_left_in_french_is_noticed(tmp_path: Path) -> None:
    long = "On regarde ensemble ce qui vous convient, et vous repartez quand vous voulez."
    profile = changed(changed(PROFILE, "On regarde ensemble.", long), "We look together.", long)

    assert linted(tmp_path, profile=profile) == [
        "orchard/profile.toml: acts[0].summary.en: the same as the French: it still waits for its translation"
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('["pruning", ', "[", "cells: an adult alone must have the path 'self' for the act 'pruning'"),
        ('path = "no"', 'path = "self"', f"cells[1].path: {ONLY_ADULTS}"),
        ('bands = ["adult"]', 'bands = ["adult", "16_17"]', f"cells[0].path: {ONLY_ADULTS}"),
        ('situations = ["self"]', 'situations = ["self", "assisted"]', f"cells[0].path: {ONLY_ADULTS}"),
        (
            'bands = ["under_13", "13_14"]',
            'bands = ["adult"]',
            "cells[1]: contradicts cells[0] for grafting, adult, self",
        ),
        (
            'status = "read"',
            'status = "read"\nreviewed_by = "Me Pomme"',
            "cells[0]: reviewed_by and reviewed_on are given together",
        ),
    ],
)
def test_a_fault_of_the_matrix_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert f"orchard/paths.toml: {expected}" in linted(tmp_path, paths=changed(PATHS, old, new))


def test_a_file_fault_and_a_lint_fault_are_named_together(tmp_path: Path) -> None:
    profile = changed(PROFILE, "Bienvenue.", "C’est 100 % anonyme.")
    paths = changed(PATHS, '["grafting"]', '["felling"]')

    faults = linted(tmp_path, profile=profile, paths=paths)

    assert [fault.split(": ")[0] for fault in faults] == ["orchard/paths.toml", "orchard/profile.toml"]


def test_profiles_side_by_side_have_their_own_codes_and_one_neutral_name(sound: PublishableProfile) -> None:
    other = sound.profile.model_copy(update={"slug": "meadow", "neutral_name": Text(fr="Soin", en="Care")})

    assert check_together([sound.profile, other]) == [
        "meadow/profile.toml: code: orchard has the same code",
        "meadow/profile.toml: neutral_name: differs from that of orchard, so it would tell them apart",
    ]


def test_a_file_has_one_term_in_a_profile_and_in_all(sound: PublishableProfile) -> None:
    care, contact, *others = sound.profile.purposes
    shorter = [care.model_copy(update={"retention_days": 30}), contact.model_copy(update={"retention_days": 30})]
    torn = sound.profile.model_copy(update={"purposes": (care, shorter[1], *others)})
    other = sound.profile.model_copy(update={"slug": "meadow", "code": "42", "purposes": (*shorter, *others)})

    found = check(PublishableProfile(profile=torn, paths=sound.paths), 1, OrchardLexicon())
    assert "orchard/profile.toml: purposes[1].retention_days: differs from that of 'care'" in found
    assert check_together([sound.profile, other]) == [
        "meadow/profile.toml: purposes: retention_days differ from those of orchard"
    ]


def test_every_text_has_a_limit(sound: PublishableProfile) -> None:
    rules = {rule for _, rule, _ in texts_of(sound.profile)}

    assert rules | {"questions.hint"} == set(LIMITS)


cells = st.builds(
    PathCell,
    acts=st.lists(st.sampled_from(ACTS), min_size=1, unique=True).map(tuple),
    bands=st.lists(st.sampled_from(BANDS), min_size=1, unique=True).map(tuple),
    situations=st.lists(st.sampled_from(SITUATIONS), min_size=1, unique=True).map(tuple),
    path=st.sampled_from(WAYS),
    articles=st.just(("Code rural 3",)),
    status=st.just("read"),
    reviewed_by=st.just(""),
    reviewed_on=st.none(),
)


@given(overlay=st.lists(cells, max_size=4), first=st.booleans())
def test_no_overlay_that_passes_lets_anybody_but_an_adult_alone_through(
    sound: PublishableProfile, overlay: list[PathCell], first: bool
) -> None:
    added = tuple(overlay)
    stated = added + sound.paths.cells if first else sound.paths.cells + added
    changed_profile = sound.model_copy(update={"paths": PathMatrix(cells=stated)})

    faults = check(changed_profile, 1, OrchardLexicon())

    through = {
        (act, band, situation)
        for act in ACTS
        for band in BANDS
        for situation in SITUATIONS
        if changed_profile.paths.path(act, band, situation) == "self"
    }
    assert faults or through == {(act, "adult", "self") for act in ACTS}


@given(age=st.integers(min_value=0, max_value=130))
def test_a_band_is_adult_from_eighteen_on(age: int) -> None:
    assert (band_of(age) == "adult") == (age >= 18)
    assert (band_of(age) == "under_13") == (age < 13)


@given(minutes=st.integers(max_value=4) | st.integers(min_value=241))
def test_an_act_lasts_between_five_minutes_and_four_hours(sound: PublishableProfile, minutes: int) -> None:
    act = sound.profile.acts[0].model_dump()

    with pytest.raises(ValueError, match="minutes"):
        Act.model_validate({**act, "minutes": minutes})
