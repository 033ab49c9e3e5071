"""The intake: sealing to the week's key, and refusing a public file that is not the clinic's."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.vault.errors import IntakeEpochMissing, KeystoreDamaged
from app.vault.hybrid import new_seed, public_of
from app.vault.intake import (
    IntakeKey,
    IntakeKeyRefused,
    intake_epoch,
    load_intake_key,
    seal_for_intake,
    signed_document,
    validity,
)
from app.vault.sealing import SchemaMissing, Unsealable
from tests.unit.vault.keystore_place import NOW, WEEK, make_place

DOCUMENT = {"schema": 1, "secrets": {"care": "marker"}}


def test_the_worker_opens_what_was_sealed(tmp_path: Path) -> None:
    place, submission = make_place(tmp_path), uuid4()
    sealed = seal_for_intake(place.intake_key(), DOCUMENT, submission)
    assert b"marker" not in sealed
    assert place.keystore.open_intake(WEEK, sealed, submission) == DOCUMENT
    assert place.keystore.open_intake(WEEK, sealed, submission) == DOCUMENT


def test_sealed_documents_have_one_length(tmp_path: Path) -> None:
    key = make_place(tmp_path).intake_key()
    assert len({len(seal_for_intake(key, {"schema": 1, "x": "y" * n}, uuid4())) for n in range(0, 200, 20)}) == 1


def test_every_altered_byte_and_another_submission_or_week_are_refused(tmp_path: Path) -> None:
    place, submission = make_place(tmp_path), uuid4()
    sealed = seal_for_intake(place.intake_key(), DOCUMENT, submission)
    with pytest.raises(Unsealable):
        place.keystore.open_intake(WEEK, sealed, uuid4())
    with pytest.raises(Unsealable):
        place.keystore.open_intake(
            WEEK,
            seal_for_intake(IntakeKey("2026-W46", place.intake_key().public), DOCUMENT, submission),
            submission,
        )
    for wrong in [b"", sealed[:1], sealed[:40], sealed[:-1], b"\2" + sealed[1:], sealed + b"\0"]:
        with pytest.raises(Unsealable):
            place.keystore.open_intake(WEEK, wrong, submission)
    for at in range(0, len(sealed), 7):
        with pytest.raises(Unsealable):
            place.keystore.open_intake(WEEK, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], submission)


@pytest.mark.parametrize("epoch", ["2026-W46", "../epoch-2026-11-18", "", "2026-W4\n", "2026-W47\0", "x" * 500])
def test_a_week_that_has_no_key_is_said(tmp_path: Path, epoch: str) -> None:
    place, submission = make_place(tmp_path), uuid4()
    sealed = seal_for_intake(place.intake_key(), DOCUMENT, submission)
    with pytest.raises(IntakeEpochMissing):
        place.keystore.open_intake(epoch, sealed, submission)


def test_a_cut_private_key_is_said(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    file = place.directory / f"intake-{WEEK}.key"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(KeystoreDamaged):
        place.keystore.open_intake(WEEK, b"", uuid4())


def test_a_document_needs_its_schema(tmp_path: Path) -> None:
    with pytest.raises(SchemaMissing):
        seal_for_intake(make_place(tmp_path).intake_key(), {"secrets": {}}, uuid4())


def test_every_altered_byte_of_the_public_file_is_refused(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    file = place.public_dir / f"intake-{WEEK}.json"
    good = file.read_bytes()
    for at in range(0, len(good) - 1, 5):
        file.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(IntakeKeyRefused):
            place.intake_key()
    file.write_bytes(good)
    assert place.intake_key().epoch == WEEK


def _changed(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.update(fields)


@pytest.mark.parametrize(
    "change",
    [
        _changed(valid_until="2036-01-01T00:00:00+00:00"),
        _changed(epoch="2026-W46"),
        _changed(public=base64.b64encode(public_of(new_seed())).decode()),
        _changed(signature=""),
        _changed(signature=None),
        _changed(extra=1),
        lambda document: document.pop("signature"),
        dict.clear,
    ],
)
def test_an_altered_field_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    place = make_place(tmp_path)
    file = place.public_dir / f"intake-{WEEK}.json"
    document = json.loads(file.read_bytes())
    change(document)
    file.write_text(json.dumps(document))
    with pytest.raises(IntakeKeyRefused):
        place.intake_key()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 50_000, b"null"])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    place = make_place(tmp_path)
    (place.public_dir / f"intake-{WEEK}.json").write_bytes(content)
    with pytest.raises(IntakeKeyRefused):
        place.intake_key()


def test_a_key_signed_by_another_is_refused(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    forged = signed_document(WEEK, public_of(new_seed()), Ed25519PrivateKey.generate())
    (place.public_dir / f"intake-{WEEK}.json").write_bytes(forged)
    with pytest.raises(IntakeKeyRefused):
        place.intake_key()


def test_a_genuine_key_under_another_weeks_name_is_refused(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    old = (place.public_dir / f"intake-{WEEK}.json").rename(place.public_dir / "intake-2026-W48.json")
    assert old.exists()
    with pytest.raises(IntakeKeyRefused):
        place.intake_key(NOW + timedelta(days=7))


@pytest.mark.parametrize("verify_key", [b"", bytes(31), bytes(32), b"\xff" * 32])
def test_a_malformed_verifying_key_is_refused(tmp_path: Path, verify_key: bytes) -> None:
    with pytest.raises(IntakeKeyRefused):
        load_intake_key(make_place(tmp_path).public_dir, verify_key, NOW)


def test_no_directory_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(IntakeKeyRefused):
        load_intake_key(tmp_path / "nowhere", bytes(32), NOW)


def test_a_key_serves_its_week_and_a_few_days_more(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    starts, ends = validity(WEEK)
    assert starts == datetime(2026, 11, 16, tzinfo=UTC)
    assert place.intake_key(starts).epoch == place.intake_key(ends).epoch == WEEK
    for moment in (starts - timedelta(seconds=1), ends + timedelta(seconds=1)):
        with pytest.raises(IntakeKeyRefused):
            place.intake_key(moment)


def test_the_newest_week_that_has_begun_is_used(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.keystore.ensure_epoch(NOW + timedelta(days=7))
    assert place.intake_key().epoch == WEEK
    assert place.intake_key(NOW + timedelta(days=7)).epoch == "2026-W48"


def test_weeks_follow_iso_8601_in_utc() -> None:
    assert intake_epoch(datetime(2027, 1, 3, 23, 59, tzinfo=UTC)) == "2026-W53"
    assert intake_epoch(datetime(2027, 1, 4, tzinfo=UTC)) == "2027-W01"
    with pytest.raises(ValueError, match="week"):
        validity("2026-11-18")
