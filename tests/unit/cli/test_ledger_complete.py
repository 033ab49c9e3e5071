"""Completeness: an opening without its event is named, and so is a stored ciphertext that is not what was told.

The attacker here writes rows by hand, as who holds a whole silo could: rolled back, exchanged, removed; told again
on PostgreSQL in `tests/security/siege/test_openings.py`. The clock is the real one, since the keys silo notes
openings by its own.
"""

from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, update

from app.booking.send import _digest
from app.care.models import Case
from app.cli import ledger_complete
from app.cli.ledger_complete import Looked, complete, said
from app.db import SILOS
from app.front.models import Space, Submission
from app.identity.models import Contact
from app.ledger.service import record
from app.vault.models import Opening
from app.worker.intake import take_in
from app.worker.space_patches import merge_patches
from app.worker.tidy import tidy
from tests.factories.former_events import write_former
from tests.factories.house import House, build_house
from tests.unit.worker.agenda import leave_patch
from tests.unit.worker.sending import Sent, change_space, submit


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house on files, at the present time."""
    built = build_house(tmp_path)
    yield at_present(built)
    built.db.dispose()


def at_present(house: House) -> House:
    """Set a house's clock right."""
    house.clock.now = datetime.now(UTC)
    house.keystore.ensure_epoch(house.clock())
    return house


def sent_and_kept(house: House, **message: Any) -> Sent:
    """Send as the patient zone does, take in, and have staff answer."""
    sent = submit(house, Sent())
    row = _submission(house, sent)
    record(house.db, house.clock(), "patient", "submission.sent", [sent.pseudonym], **_told(row))
    take_in(house.db, house.vault, house.clock)
    leave_patch(house, sent, **(message or {"message": "one"}))
    merge_patches(house.db, house.vault, house.clock)
    return sent


def _submission(house: House, sent: Sent) -> Any:
    with house.db.reading("front") as session:
        return session.get_one(Submission, sent.submission)


def _told(row: Any) -> dict[str, Any]:
    return {"submission": row.id, "kind": "appointment", "digest": _digest(row)}


def look(house: House, pauses: list[int] | None = None) -> Looked:
    counted = [] if pauses is None else pauses
    return complete(house.db, house.keystore, house.clock, lambda: counted.append(1))


def kinds(house: House) -> list[str]:
    return sorted(fault.kind for fault in look(house).faults)


def test_a_sound_house_is_complete_and_says_what_opened_nothing(house: House) -> None:
    first, second = sent_and_kept(house), sent_and_kept(house)
    before = house.clock() - timedelta(hours=1)
    record(house.db, before, "worker", "space.opened", [uuid4()], ["space"], cause="clinic")
    pauses: list[int] = []
    found = look(house, pauses)
    assert (found.faults, pauses) == (frozenset(), [])
    assert (found.openings, dict(found.unused)) == (4, {"space.opened": 1})
    assert (found.stored.files, found.stored.spaces, found.stored.uncovered) == (4, 2, 0)
    assert list(said(found))[-1] == "complete"
    assert first.submission != second.submission


def test_an_opening_without_its_event_is_named(house: House) -> None:
    sent, event = sent_and_kept(house), uuid4()
    note(house, event, sent.pseudonym, "care")
    found = look(house)
    assert [(fault.kind, fault.place) for fault in found.faults] == [
        ("opening without an event that allows any", str(event))
    ]
    assert str(sent.pseudonym) not in " ".join(said(found))


def test_an_opening_of_what_its_event_does_not_name_is_named(house: House) -> None:
    who = uuid4()
    receipt = record(house.db, house.clock(), "worker", "space.opened", [who], ["space"], cause="clinic")
    note(house, receipt.event, who, "care")
    assert kinds(house) == ["opening of what its event does not name"]


def test_an_event_that_allows_nothing_and_one_of_long_ago_are_no_reason(house: House) -> None:
    who, now = uuid4(), house.clock()
    quiet = record(house.db, now, "worker", "space.updated", [who], space=uuid4(), version=1, digest="0a" * 32)
    old = record(house.db, now - timedelta(hours=2), "worker", "space.opened", [who], ["space"], cause="clinic")
    note(house, quiet.event, who, "space")
    note(house, old.event, who, "space")
    assert kinds(house) == [
        "opening long before or after its event",
        "opening without an event that allows any",
    ]


def test_an_opening_older_than_what_is_kept_is_not_asked_for_its_event(house: House) -> None:
    """Rows of openings are removed after 30 days by the worker, which may be late."""
    with house.db.writing("keys") as session:
        old = house.clock() - timedelta(days=30, minutes=1)
        session.add(Opening(event=uuid4(), pseudonym=uuid4(), purpose="care", at=old))
    assert kinds(house) == []


def test_events_that_nobody_of_ours_wrote_keep_nothing_from_being_compared(house: House) -> None:
    sent = sent_and_kept(house)
    for name in ("submission.kept", "submission.sent", "purpose.destroyed", "space.updated"):
        write_former(house.db, house.clock(), 2, name, fields={})
    whole = {"visit_digest": "0a" * 32, "contact_digest": "0a" * 32, "care_digest": "0a" * 32}
    of_nobody = {"submission": str(uuid4())} | whole
    write_former(house.db, house.clock(), 2, "submission.kept", subjects=[], fields=of_nobody)
    version = {"space": str(uuid4()), "version": 1, "digest": "0a" * 32}
    write_former(house.db, house.clock(), 2, "space.updated", subjects=[], fields=version)
    assert kinds(house) == []
    _write(house, "care", delete(Case).where(Case.id == sent.submission))
    assert kinds(house) == ["care gone, and no event says destroyed"]


def note(house: House, event: UUID, pseudonym: UUID, purpose: str) -> None:
    with house.db.writing("keys") as session:
        session.add(Opening(event=event, pseudonym=pseudonym, purpose=purpose, at=datetime.now(UTC)))


def test_what_is_rolled_back_exchanged_or_removed_is_named(house: House) -> None:
    roll_back_everything(house)


def roll_back_everything(house: House) -> None:
    """Roll back, exchange and remove one thing after the other, and see that each is named."""
    one, other = sent_and_kept(house), sent_and_kept(house)
    assert kinds(house) == []
    _roll_back_a_file(house, one, other)
    _roll_back_a_space(house, other)


def _roll_back_a_file(house: House, one: Sent, other: Sent) -> None:
    with house.db.reading("identity") as session:
        former = session.get_one(Contact, one.pseudonym).sealed
    _write(house, "identity", update(Contact).where(Contact.pseudonym == one.pseudonym).values(sealed=_older(one)))
    assert kinds(house) == ["contact altered, exchanged or rolled back"]
    _write(house, "identity", update(Contact).where(Contact.pseudonym == one.pseudonym).values(sealed=former))
    assert kinds(house) == []

    with house.db.reading("care") as session:
        cases = {row.id: row.sealed for row in session.scalars(select(Case))}
    _write(house, "care", update(Case).where(Case.id == one.submission).values(sealed=cases[other.submission]))
    assert kinds(house) == ["care altered, exchanged or rolled back"]
    _write(house, "care", delete(Case).where(Case.id == one.submission))
    assert kinds(house) == ["care gone, and no event says destroyed"]
    told: dict[str, Any] = {"origin": "term", "purpose": "care", "submission": one.submission}
    record(house.db, house.clock(), "worker", "purpose.destroyed", [one.pseudonym], **told)
    assert kinds(house) == []


def _roll_back_a_space(house: House, other: Sent) -> None:
    with house.db.reading("front") as session:
        first = session.get_one(Space, other.space_id)
        kept = {"sealed": first.sealed, "version": first.version}
    leave_patch(house, other, message="two")
    assert kinds(house) == []
    merge_patches(house.db, house.vault, house.clock)
    assert kinds(house) == []
    with house.db.reading("front") as session:
        newest = session.get_one(Space, other.space_id).version
    _write(house, "front", update(Space).where(Space.id == other.space_id).values(**kept))
    assert kinds(house) == ["space rolled back"]
    _write(house, "front", update(Space).where(Space.id == other.space_id).values(version=newest))
    assert kinds(house) == ["space altered"]
    _write(house, "front", delete(Space).where(Space.id == other.space_id))
    assert kinds(house) == ["space gone, and no event says destroyed"]


def test_what_a_patient_writes_after_the_worker_is_no_fault_and_going_back_from_it_is_not_seen(
    house: House,
) -> None:
    sent = sent_and_kept(house)
    with house.db.reading("front") as session:
        row = session.get_one(Space, sent.space_id)
        kept = {"sealed": row.sealed, "version": row.version}
    change_space(house, sent, state="cancelled")
    assert kinds(house) == []
    _write(house, "front", update(Space).where(Space.id == sent.space_id).values(**kept))
    assert kinds(house) == []


def test_a_row_that_nobody_told_of_is_named_and_an_older_one_counted(house: House) -> None:
    sent_and_kept(house)
    now = house.clock()
    ages = {now + timedelta(minutes=1): uuid4(), now - timedelta(days=800): uuid4()}
    for at, submission in ages.items():
        with house.db.writing("identity") as session:
            session.add(Contact(pseudonym=uuid4(), submission=submission, sealed=b"", created_at=at))
    found = look(house)
    assert [fault.kind for fault in found.faults] == ["contact that no event tells of"]
    assert found.stored.uncovered == 1


def test_what_was_put_away_otherwise_than_it_was_sent_is_named(house: House) -> None:
    sent = submit(house, Sent())
    told = _told(_submission(house, sent)) | {"digest": "0a" * 32}
    record(house.db, house.clock(), "patient", "submission.sent", [sent.pseudonym], **told)
    unsent = submit(house, Sent())
    take_in(house.db, house.vault, house.clock)
    found = look(house)
    assert sorted((fault.kind, fault.place) for fault in found.faults) == [
        ("put away otherwise than it was sent", str(sent.submission)),
        ("put away, and nobody sent it", str(unsent.submission)),
    ]


def test_what_one_look_alone_finds_is_no_fault(house: House) -> None:
    sent = sent_and_kept(house)
    note(house, event := uuid4(), sent.pseudonym, "care")

    def mended() -> None:
        _write(house, "keys", delete(Opening).where(Opening.event == event))

    assert complete(house.db, house.keystore, house.clock, mended).faults == frozenset()


def test_the_command_says_it_with_its_exit_status(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = sent_and_kept(house)
    monkeypatch.setattr(ledger_complete, "_PAUSE_SECONDS", 0.0)
    environ = {
        f"PARAVENT_{name}": value
        for name, value in {
            "ZONE": "cli",
            "VAR": str(house.root),
            "KEYSTORE": str(house.root / "keystore"),
            "KEYSTORE_KEY_FILE": str(house.root / "unlock"),
            "PUBLIC_KEYS": str(house.root / "public"),
            "VERIFY_KEY": house.keystore.verify_key.hex(),
            "WORDS_SALT": bytes(16).hex(),
            **{f"DB_{silo.upper()}": house.urls[silo] for silo in SILOS},
        }.items()
    }
    assert ledger_complete.run(Namespace(), environ) == 0
    assert "complete" in capsys.readouterr().out
    note(house, uuid4(), sent.pseudonym, "care")
    assert ledger_complete.run(Namespace(), environ) == 1
    assert "FAULT opening without an event" in capsys.readouterr().out


def test_openings_go_after_thirty_days(house: House) -> None:
    sent = sent_and_kept(house)
    tidy(house.db, house.clock)
    with house.db.reading("keys") as session:
        assert len(session.scalars(select(Opening)).all()) == 2
    house.clock.forward(days=31)
    tidy(house.db, house.clock)
    with house.db.reading("keys") as session:
        assert session.scalars(select(Opening)).all() == []
    assert sent.pseudonym


def _older(sent: Sent) -> bytes:
    """Return an older ciphertext of the same place, which opens as well as the present one."""
    return sent.seal("identity.contact", "contact", {"schema": 1, "call_name": "Avant"}, sent.submission)


def _write(house: House, silo: Any, statement: Any) -> None:
    with house.db.writing(silo) as session:
        session.execute(statement)
