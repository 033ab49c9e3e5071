"""A rehearsal judges every kind of thing that leaves: the rule of doors counts on it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli import rehearsal, rehearsal_judge
from app.config import ROOT, Settings
from app.discretion.gate import Cleared, leaving
from app.discretion.lexicon import Lexicon
from app.discretion.surfaces import Surface
from app.profiles.loader import load_all
from tests.factories.house import clinic_directory
from tests.rules.doors import SEEN_AT_REHEARSAL
from tests.unit.profiles.orchard import PATHS, PROFILE

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_a_rehearsal_judges_the_kinds_that_the_rule_of_doors_counts_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: set[Surface] = set()

    def heard(surface: Surface, text: str, lexicon: Lexicon) -> Cleared:
        if text:
            judged.add(surface)
        return leaving(surface, text, lexicon)

    for module in (rehearsal, rehearsal_judge):
        monkeypatch.setattr(module, "leaving", heard)
    assert rehearsal.rehearse(_settings(tmp_path), _orchard(tmp_path), clinic_directory(), lambda: NOW).faults == ()
    assert judged == SEEN_AT_REHEARSAL


def _orchard(tmp_path: Path) -> rehearsal.Profiles:
    folder = tmp_path / "specialties" / "orchard"
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text(PROFILE, encoding="utf-8")
    (folder / "paths.toml").write_text(PATHS, encoding="utf-8")
    return list(load_all(folder.parent).values())


def _settings(tmp_path: Path) -> Settings:
    return Settings(
        zone="cli",
        var=tmp_path,
        databases={},
        specialties=ROOT / "specialties",
        keystore=tmp_path / "keystore",
        public_keys=tmp_path / "public",
        verify_key=bytes(32),
        words_salt=bytes(16),
    )
