"""The door: nothing opens or is sealed without the ledger's receipt, nor without a row in the keys silo before.

`tests/security/siege/test_openings.py` tells the same of PostgreSQL, to who tries to get round it.
"""

import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, event, select

from app.ledger.service import record
from app.vault.door import Vault
from app.vault.errors import SecretMissing, SecretWithdrawn
from app.vault.models import Opening, Withdrawal
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
    return place, vault, vault.seal_json(DOCUMENT, _receipt(place), CONTEXT)


def _receipt(place: Place, subject: UUID = PSEUDONYM, purpose: str = "care") -> Receipt:
    actor: dict[str, Any] = {"actor": uuid4(), "role": "practitioner"}
    return record(place.db, NOW, "clinic", "case.opened", [subject], [purpose], form="screen", **actor)


def test_it_opens_with_a_covering_receipt(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    assert vault.open_json(sealed, _receipt(place), CONTEXT) == DOCUMENT
    assert vault.open(vault.seal(b"marker", _receipt(place), CONTEXT), _receipt(place), CONTEXT) == b"marker"


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
        vault.seal_json(DOCUMENT, _receipt(place), CONTEXT)


def test_a_row_rolled_back_or_moved_does_not_open(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    for context in (replace(CONTEXT, version=2), replace(CONTEXT, object_id=uuid4())):
        with pytest.raises(Unsealable):
            vault.open_json(sealed, _receipt(place), context)


def test_the_trace_stands_before_the_secret_is_out(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    receipt = _receipt(place)
    vault.open(sealed, receipt, CONTEXT)
    assert (PSEUDONYM, "care") in _openings(place, receipt)
    unopened = _receipt(place)
    with pytest.raises(Unsealable):
        vault.open(b"", unopened, CONTEXT)
    assert len(_openings(place, unopened)) == 1


def test_one_trace_and_one_reading_for_a_list(tmp_path: Path) -> None:
    place, vault, _sealed = _furnished(tmp_path)
    people = [uuid4() for _ in range(50)]
    with place.db.writing("keys") as session:
        for one in people[1:]:
            place.keystore.put(session, one, "care", new_secret(), NOW)
    actor: dict[str, Any] = {"actor": uuid4(), "role": "practitioner", "form": "screen"}
    receipt = record(place.db, NOW, "clinic", "case.opened", people, ["care"], **actor)
    statements: list[str] = []
    event.listen(place.db.engine("keys"), "before_cursor_execute", lambda *a: statements.append(a[2]))
    taken = vault.take(receipt, [(one, "care") for one in people])
    contexts = [replace(CONTEXT, pseudonym=one) for one in people]
    sealed = [taken.seal(b"marker", one) for one in contexts[1:]]
    assert [taken.open(one, context) for one, context in zip(sealed, contexts[1:], strict=True)] == [b"marker"] * 49
    assert [one.split()[0] for one in statements if not one.startswith("PRAGMA")] == [
        "BEGIN",
        "INSERT",
        "BEGIN",
        "SELECT",
    ]
    assert len(_openings(place, receipt)) == 50
    with pytest.raises(SecretMissing):
        taken.seal(b"marker", contexts[0])


def test_a_withdrawn_secret_closes_the_door_and_others_stay_open(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    with place.db.writing("keys") as session:
        session.add(Withdrawal(pseudonym=PSEUDONYM, purpose="care", origin="staff", asked_at=NOW, due_at=NOW))
    with pytest.raises(SecretWithdrawn) as refused:
        vault.open(sealed, _receipt(place), CONTEXT)
    assert str(PSEUDONYM) not in str(refused.value)
    with place.db.writing("keys") as session:
        session.execute(delete(Withdrawal))
    assert vault.open_json(sealed, _receipt(place), CONTEXT) == DOCUMENT


def test_an_event_serves_for_a_minute_and_can_t_be_renewed(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    receipt = _receipt(place)
    vault.open(sealed, receipt, CONTEXT)
    vault.open(sealed, receipt, CONTEXT)
    with place.db.writing("keys") as session:
        for row in session.scalars(select(Opening)):
            row.at -= timedelta(seconds=61)
    with pytest.raises(ReceiptRefused):
        vault.open(sealed, receipt, CONTEXT)
    assert vault.open_json(sealed, _receipt(place), CONTEXT) == DOCUMENT


def test_a_secret_that_was_not_taken_out_is_not_there(tmp_path: Path) -> None:
    place, vault, sealed = _furnished(tmp_path)
    taken = vault.take(_receipt(place), [])
    with pytest.raises(ReceiptRefused):
        taken.open(sealed, CONTEXT)


def _openings(place: Place, receipt: Receipt) -> list[tuple[UUID, str]]:
    with place.db.reading("keys") as session:
        rows = session.scalars(select(Opening).where(Opening.event == receipt.event))
        return [(row.pseudonym, row.purpose) for row in rows]
