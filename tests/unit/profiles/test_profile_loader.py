"""Loading a specialty: every fault of every file, named at once, in plain words."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.profiles.faults import ProfileFaults
from app.profiles.loader import load_all, load_profile
from tests.unit.profiles.orchard import ACTS, PATHS, PROFILE, changed, write

FEE = "a fee is a whole number of cents (57 € is 5700)"


def faults_of(load: Callable[[Path], object], directory: Path) -> list[str]:
    with pytest.raises(ProfileFaults) as refused:
        load(directory)
    return refused.value.faults


def test_a_sound_specialty_loads_into_frozen_models(tmp_path: Path) -> None:
    publishable = load_profile(write(tmp_path))

    assert [act.slug for act in publishable.profile.acts] == list(ACTS)
    assert publishable.profile.reviewed_on == date(2026, 11, 1)
    assert publishable.paths.path("grafting", "13_14", "child") == "no"
    assert publishable.paths.path("pruning", "13_14", "child") == "call"
    for field in ("slug", "acts"):
        with pytest.raises(ValidationError):
            setattr(publishable.profile, field, "meadow")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('code = "41"', 'code = "41"\ncolour = "green"', "colour: the key is unknown"),
        ("minutes = 30", 'minutes = 30\nmotto = "x"', "acts[0].motto: the key is unknown"),
        ('fr = "On regarde ensemble.", ', "", "acts[0].summary.fr: the French text is missing"),
        ("On regarde ensemble.", "", "acts[0].summary.fr: the French text is missing"),
        (', en = "We look together."', "", "acts[0].summary.en: the English text is missing"),
        ("fee_cents = 3000", "fee_cents = 30.5", f"acts[0].fee_cents: {FEE}"),
        ("fee_cents = 3000", "fee_cents = 3000.0", f"acts[0].fee_cents: {FEE}"),
        ("fee_cents = 3000", 'fee_cents = "3000"', f"acts[0].fee_cents: {FEE}"),
        ("fee_cents = 3000", "fee_cents = true", f"acts[0].fee_cents: {FEE}"),
        ("fee_cents = 3000", "fee_cents = -1", "acts[0].fee_cents: must be 0 or more"),
        ("fee_cents = 3000\n", "", "acts[0].fee_cents: the key is missing"),
        ("minutes = 30", "minutes = 31", "acts[0].minutes: must be a multiple of 5"),
        ('"instant"', '"maybe"', "acts[0].booking: must be 'instant', 'to_confirm' or 'ask'"),
        (
            "2026-11-01",
            '"2026-11-01"',
            "reviewed_on: a date is expected, without quotes and without a time: 2026-11-21",
        ),
        (
            "2026-11-01",
            "2026-11-01T00:00:00",
            "reviewed_on: a date is expected, without quotes and without a time: 2026-11-21",
        ),
        ('["gardener"]', '"gardener"', "acts[0].practitioner_kinds: a list between [ ] is expected"),
        ('["gardener"]', "[]", "acts[0].practitioner_kinds: needs 1 or more, has 0"),
        ("optional = false", 'optional = "no"', "purposes[0].optional: true or false is expected, without quotes"),
        ('slug = "orchard"', 'slug = "meadow"', "slug: must be the name of the folder"),
        ('slug = "grafting"', 'slug = "pruning"', "acts[1].slug: another of the acts has the same slug"),
        ('code = "02"', 'code = "01"', "acts[1].code: another of the acts has the same code"),
        (
            '{ code = "02"',
            '{ code = "01"',
            "questions[0].choices[1].code: another choice of this question has the same code",
        ),
        (
            '{ code = "02"',
            '{ code = "99"',
            "questions[0].choices[1].code: 99 is kept for the choice that every question gets by itself",
        ),
        (
            "page = 1",
            'page = 1\nacts = ["felling"]',
            "questions[0].acts[0]: no act of this profile has the slug 'felling'",
        ),
    ],
)
def test_a_bad_profile_is_refused_with_file_key_and_reason(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    directory = write(tmp_path, profile=changed(PROFILE, old, new))

    assert f"orchard/profile.toml: {expected}" in faults_of(load_profile, directory)


def test_a_text_without_languages_is_told_its_form(tmp_path: Path) -> None:
    directory = write(tmp_path, profile=changed(PROFILE, '{ fr = "Verger", en = "Orchard" }', '"Verger"'))

    assert faults_of(load_profile, directory) == [
        'orchard/profile.toml: name: a text is a table with both languages: { fr = "…", en = "…" }'
    ]


def test_words_spread_over_lines_are_refused(tmp_path: Path) -> None:
    directory = write(tmp_path, profile=changed(PROFILE, "On regarde ensemble.", r"On regarde\nensemble."))

    [fault] = faults_of(load_profile, directory)
    assert fault.startswith("orchard/profile.toml: acts[0].summary.fr: not in the form expected")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('["grafting"]', '["felling"]', "cells[1].acts[0]: no act of this profile has the slug 'felling'"),
        ('"13_14"', '"14"', "cells[1].bands[1]: must be 'under_13', '13_14', '15', '16_17' or 'adult'"),
        ('path = "no"', 'path = "yes"', "cells[1].path: must be 'self', 'call' or 'no'"),
        ('articles = ["Code rural 2"]', "articles = []", "cells[1].articles: needs 1 or more, has 0"),
        ('path = "no"', 'path = "no"\nwhy = "x"', "cells[1].why: the key is unknown"),
    ],
)
def test_a_bad_matrix_is_refused_with_file_key_and_reason(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    directory = write(tmp_path, paths=changed(PATHS, old, new))

    assert faults_of(load_profile, directory) == [f"orchard/paths.toml: {expected}"]


def test_all_faults_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    profile = changed(PROFILE, 'code = "41"', 'code = "41"\ncolour = "green"')
    profile = changed(profile, 'fr = "On regarde ensemble.", ', "")
    profile = changed(profile, "fee_cents = 3000", "fee_cents = 29.9")
    paths = changed(PATHS, '["grafting"]', '["felling"]')
    paths = changed(paths, 'status = "read"', 'status = "guessed"')
    write(tmp_path, profile=profile, paths=paths)
    (tmp_path / "meadow").mkdir()
    (tmp_path / ".hidden").mkdir()

    faults = faults_of(load_all, tmp_path)

    assert sorted(faults) == [
        "meadow/paths.toml: the file is missing",
        "meadow/profile.toml: the file is missing",
        "orchard/paths.toml: cells[0].status: must be 'read' or 'to_review'",
        "orchard/paths.toml: cells[1].acts[0]: no act of this profile has the slug 'felling'",
        f"orchard/profile.toml: acts[0].fee_cents: {FEE}",
        "orchard/profile.toml: acts[0].summary.fr: the French text is missing",
        "orchard/profile.toml: colour: the key is unknown",
    ]


def test_malformed_toml_and_bytes_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    directory = write(tmp_path, profile="code = \n")
    (directory / "paths.toml").write_bytes(b"# caf\xe9\n")

    malformed, undecodable = faults_of(load_profile, directory)

    assert malformed.startswith("orchard/profile.toml: not well-formed TOML: ")
    assert "line 1" in malformed
    assert undecodable == "orchard/paths.toml: not UTF-8 text, from byte 5 on"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    directory = write(tmp_path, profile="\ufeff" + PROFILE)

    assert load_profile(directory).profile.slug == "orchard"


@pytest.mark.parametrize("there", [True, False])
def test_a_place_without_specialties_is_refused(tmp_path: Path, there: bool) -> None:
    place = tmp_path / "specialties"
    if there:
        place.mkdir()

    assert faults_of(load_all, place) == ["specialties: the folder holds no specialty"]


def test_specialties_come_in_the_order_of_their_codes(tmp_path: Path) -> None:
    write(tmp_path)
    meadow = changed(changed(PROFILE, 'slug = "orchard"', 'slug = "meadow"'), 'code = "41"', 'code = "42"')
    write(tmp_path, profile=meadow, folder="meadow")

    assert list(load_all(tmp_path)) == ["orchard", "meadow"]
