"""The intake: sealing to the half-day's key, and refusing a public file that is not the clinic's."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
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
    is_epoch,
    load_intake_key,
    seal_for_intake,
    signed_document,
    validity,
)
from app.vault.sealing import SchemaMissing, Unsealable
from tests.unit.vault.keystore_place import NOW, PAIR, Place, make_place

DOCUMENT = {"schema": 1, "secrets": {"care": "marker"}}


def test_the_worker_opens_what_was_sealed(tmp_path: Path) -> None:
    place, submission = make_place(tmp_path), uuid4()
    sealed = seal_for_intake(place.intake_key(), DOCUMENT, submission)
    assert b"marker" not in sealed
    assert place.keystore.open_intake(PAIR, sealed, submission) == DOCUMENT
    assert place.keystore.open_intake(PAIR, sealed, submission) == DOCUMENT


def test_sealed_documents_have_one_length(tmp_path: Path) -> None:
    key = make_place(tmp_path).intake_key()
    assert len({len(seal_for_intake(key, {"schema": 1, "x": "y" * n}, uuid4())) for n in range(0, 200, 20)}) == 1


def test_every_altered_byte_and_another_submission_or_half_day_are_refused(tmp_path: Path) -> None:
    place, submission = make_place(tmp_path), uuid4()
    sealed = seal_for_intake(place.intake_key(), DOCUMENT, submission)
    with pytest.raises(Unsealable):
        place.keystore.open_intake(PAIR, sealed, uuid4())
    with pytest.raises(Unsealable):
        place.keystore.open_intake(
            PAIR,
            seal_for_intake(IntakeKey("2026-11-17T12", place.intake_key().public), DOCUMENT, submission),
            submission,
        )
    for wrong in [b"", sealed[:1], sealed[:40], sealed[:-1], b"\2" + sealed[1:], sealed + b"\0"]:
        with pytest.raises(Unsealable):
            place.keystore.open_intake(PAIR, wrong, submission)
    for at in range(0, len(sealed), 7):
        with pytest.raises(Unsealable):
            place.keystore.open_intake(PAIR, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], submission)


@pytest.mark.parametrize(
    "epoch", ["2026-11-17", "2026-W46", "../epoch-2026-11-18", "", "2026-11-1\n", "2026-11-18\0", "x" * 500]
)
def test_a_half_day_that_has_no_key_is_said(tmp_path: Path, epoch: str) -> None:
    place, submission = make_place(tmp_path), uuid4()
    sealed = seal_for_intake(place.intake_key(), DOCUMENT, submission)
    with pytest.raises(IntakeEpochMissing):
        place.keystore.open_intake(epoch, sealed, submission)


def test_a_cut_private_key_is_said(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    file = place.directory / f"intake-{PAIR}.key"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(KeystoreDamaged):
        place.keystore.open_intake(PAIR, b"", uuid4())


def test_a_document_needs_its_schema(tmp_path: Path) -> None:
    with pytest.raises(SchemaMissing):
        seal_for_intake(make_place(tmp_path).intake_key(), {"secrets": {}}, uuid4())


def test_every_altered_byte_of_the_public_file_is_refused(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    file = place.public_dir / f"intake-{PAIR}.json"
    good = file.read_bytes()
    for at in range(0, len(good) - 1, 5):
        file.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(IntakeKeyRefused):
            place.intake_key()
    file.write_bytes(good)
    assert place.intake_key().epoch == PAIR


def _changed(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.update(fields)


@pytest.mark.parametrize(
    "change",
    [
        _changed(valid_until="2036-01-01T00:00:00+00:00"),
        _changed(epoch="2026-11-17T12"),
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
    file = place.public_dir / f"intake-{PAIR}.json"
    document = json.loads(file.read_bytes())
    change(document)
    file.write_text(json.dumps(document))
    with pytest.raises(IntakeKeyRefused):
        place.intake_key()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 50_000, b"null"])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    place = make_place(tmp_path)
    (place.public_dir / f"intake-{PAIR}.json").write_bytes(content)
    with pytest.raises(IntakeKeyRefused):
        place.intake_key()


def test_a_key_signed_by_another_is_refused(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    forged = signed_document(PAIR, public_of(new_seed()), Ed25519PrivateKey.generate())
    (place.public_dir / f"intake-{PAIR}.json").write_bytes(forged)
    with pytest.raises(IntakeKeyRefused):
        place.intake_key()


def test_a_genuine_key_under_another_name_is_refused(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    old = (place.public_dir / f"intake-{PAIR}.json").rename(place.public_dir / "intake-2026-11-18T12.json")
    assert old.exists()
    with pytest.raises(IntakeKeyRefused):
        place.intake_key(NOW + timedelta(hours=12))


@pytest.mark.parametrize("verify_key", [b"", bytes(31), bytes(32), b"\xff" * 32])
def test_a_malformed_verifying_key_is_refused(tmp_path: Path, verify_key: bytes) -> None:
    with pytest.raises(IntakeKeyRefused):
        load_intake_key(make_place(tmp_path).public_dir, verify_key, NOW)


def test_no_directory_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(IntakeKeyRefused):
        load_intake_key(tmp_path / "nowhere", bytes(32), NOW)


def test_a_key_serves_its_half_day_and_a_few_days_more(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    starts, ends = validity(PAIR)
    assert starts == datetime(2026, 11, 18, tzinfo=UTC)
    assert ends == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert place.intake_key(starts).epoch == place.intake_key(ends).epoch == PAIR
    for moment in (starts - timedelta(seconds=1), ends + timedelta(seconds=1)):
        with pytest.raises(IntakeKeyRefused):
            place.intake_key(moment)


def test_the_newest_half_day_that_has_begun_is_used(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.keystore.ensure_epoch(NOW + timedelta(hours=12))
    assert place.intake_key().epoch == PAIR
    assert place.intake_key(NOW + timedelta(hours=12)).epoch == "2026-11-18T12"


def test_half_days_are_of_utc() -> None:
    paris = timezone(timedelta(hours=1))
    assert intake_epoch(datetime(2027, 1, 4, 12, 59, tzinfo=paris)) == "2027-01-04"
    assert intake_epoch(datetime(2027, 1, 4, 13, 0, tzinfo=paris)) == "2027-01-04T12"


@pytest.mark.parametrize("wrong", ["2026-02-30", "2026-11-18T00", "2026-W54", "2026-11", "2026-11-18 ", ""])
def test_what_names_neither_a_half_day_nor_a_week_is_refused(wrong: str) -> None:
    assert not is_epoch(wrong)


def publish_week(place: Place, week: str = "2026-W47") -> None:
    """Put a week's pair there, as a release of before did, and its public file."""
    seed = new_seed()
    place.keystore.intakes.files.make(week, seed, NOW - timedelta(days=2))
    document = signed_document(week, public_of(seed), place.keystore.intakes.signer)
    (place.public_dir / f"intake-{week}.json").write_bytes(document)


def test_the_key_of_a_running_week_serves_until_a_half_days_key_is_there(tmp_path: Path) -> None:
    place, submission = make_place(tmp_path), uuid4()
    publish_week(place)
    assert place.intake_key().epoch == PAIR
    (place.public_dir / f"intake-{PAIR}.json").unlink()

    key = place.intake_key()

    assert key.epoch == "2026-W47"
    sealed = seal_for_intake(key, DOCUMENT, submission)
    assert place.keystore.open_intake("2026-W47", sealed, submission) == DOCUMENT


def test_pairs_sort_by_age_whatever_they_are_named_after(tmp_path: Path) -> None:
    place = make_place(tmp_path, datetime(2026, 12, 28, 9, tzinfo=UTC))  # the Monday that begins W53
    for moment in (datetime(2027, 1, 2, tzinfo=UTC), datetime(2026, 12, 28, 13, tzinfo=UTC)):
        place.keystore.ensure_epoch(moment)
    for week in ("2026-W52", "2026-W53", "2027-W01"):
        publish_week(place, week)
    begun = place.keystore.intakes.begun(datetime(2027, 1, 3, tzinfo=UTC))
    assert begun == ("2026-W52", "2026-W53", "2026-12-28", "2026-12-28T12", "2027-01-02")
    assert place.intake_key(datetime(2027, 1, 3, tzinfo=UTC)).epoch == "2027-01-02"
