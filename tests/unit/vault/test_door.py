"""The door: nothing opens without the ledger's receipt for this pseudonym and purpose."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.ledger.service import record
from app.vault.door import Vault
from app.vault.errors import SecretMissing
from app.vault.receipts import Receipt, ReceiptRefused
from app.vault.sealing import Context, Unsealable, new_secret
from tests.unit.vault.keystore_place import NOW, Place, make_place

PSEUDONYM = UUID(int=7)
CONTEXT = Context("care.answers", PSEUDONYM, "care", UUID(int=8), 1)
DOCUMENT = {"schema": 1, "answer": "marker"}


def _furnished(tmp_path: Path) -> tuple[Place, Vault, bytes]:
    place = make_place(tmp_path)
    with place.db.writing("keys") as session:
        place.keystore.put(session, PSEUDONYM, "care", new_secret(), NOW)
    vault = Vault(place.keystore, place.db)
    return place, vault, vault.seal_json(CONTEXT, DOCUMENT)


def _receipt(place: Place, subject: UUID = PSEUDONYM, purpose: str = "care") -> Receipt:
    actor: dict[str, Any] = {"actor": uuid4(), "role": "practitioner"}
    return record(place.db, NOW, "clinic", "case.opened", [subject], [purpose], form="screen", **actor)


def test_it_opens_with_a_covering_receipt(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    assert vault.open_json(sealed, _receipt(place), CONTEXT) == DOCUMENT
    assert vault.open(vault.seal(CONTEXT, b"marker"), _receipt(place), CONTEXT) == b"marker"


def test_a_receipt_for_another_subject_or_purpose_is_refused(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    for receipt in (_receipt(place, subject=uuid4()), _receipt(place, purpose="contact")):
        with pytest.raises(ReceiptRefused):
            vault.open_json(sealed, receipt, CONTEXT)


def test_a_receipt_of_a_step_that_writes_opens_nothing(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    receipt = record(
        place.db, NOW, "worker", "submission.taken_in", [PSEUDONYM], ["care"], once=uuid4(), submission=uuid4()
    )
    with pytest.raises(ReceiptRefused):
        vault.open_json(sealed, receipt, CONTEXT)


def test_a_receipt_can_be_neither_made_by_hand_nor_widened(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    genuine = _receipt(place, subject=uuid4())
    with pytest.raises(ReceiptRefused):
        Receipt(uuid4(), frozenset({PSEUDONYM}), frozenset({"care"}))
    with pytest.raises(ReceiptRefused):
        replace(genuine, subjects=frozenset({PSEUDONYM}))
    widened = copy.copy(genuine)
    object.__setattr__(widened, "subjects", frozenset({PSEUDONYM}))
    with pytest.raises(ReceiptRefused):
        vault.open_json(sealed, widened, CONTEXT)


def test_a_secret_destroyed_closes_the_door_for_good(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    with place.db.writing("keys") as session:
        place.keystore.destroy(session, PSEUDONYM, "care")
    with pytest.raises(SecretMissing):
        vault.open_json(sealed, _receipt(place), CONTEXT)
    with pytest.raises(SecretMissing):
        vault.seal_json(CONTEXT, DOCUMENT)


def test_a_row_rolled_back_or_moved_does_not_open(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    for context in (replace(CONTEXT, version=2), replace(CONTEXT, object_id=uuid4())):
        with pytest.raises(Unsealable):
            vault.open_json(sealed, _receipt(place), context)
