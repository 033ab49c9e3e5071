"""The ledger's notes in a locked bucket: put there once, compared each minute, and copied for an auditor."""

import argparse
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select

from app.cli import ledger as commands
from app.cli.environment import open_vault
from app.cli.setup import set_up
from app.clock import system_clock
from app.db import Databases
from app.ledger.models import Checkpoint, Event, Leaf
from app.ledger.notes import Head, signed_note
from app.ledger.sealed import sealer_of
from app.ledger.service import record
from app.worker import anchor_bucket
from app.worker.anchor_bucket import (
    NOTES,
    STAMPS,
    Bucket,
    BucketAway,
    BucketTaken,
    file_name,
)
from app.worker.anchoring import Anchoring, as_kept, rounds_of
from app.worker.chain import Chain, LedgerRolledBack, signer_of
from tests.factories.kept_ledger import CASE, KeptLedger, a_ledger
from tests.factories.locked_bucket import LockedBuckets
from tests.factories.stamp_authority import local_authority

NOW = system_clock()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[KeptLedger]:
    """A ledger of thirty events, as of now, since a server locks by its own clock."""
    with a_ledger(tmp_path, 30, waiting=0) as made:
        yield made


def anchoring(ledger: KeptLedger, bucket: Bucket) -> Anchoring:
    """Return the round of a worker that has just started."""
    return Anchoring(ledger.db, ledger.signer.public_key(), system_clock, ledger.anchors, bucket)


def cut(ledger: KeptLedger, size: int) -> None:
    """Cut the ledger to a size, as a superuser can, or a restored copy does."""
    with ledger.db.writing("ledger") as session:
        session.execute(delete(Checkpoint).where(Checkpoint.size > size))
        events = list(session.scalars(select(Leaf.event).where(Leaf.position >= size)))
        session.execute(delete(Leaf).where(Leaf.position >= size))
        session.execute(delete(Event).where(Event.id.in_(events)))
    for file in ledger.anchors.glob("*.notes"):
        file.unlink()


def typed(environ: dict[str, str], *words: str) -> int:
    """Type a command of the ledger."""
    parser = argparse.ArgumentParser()
    commands.add_to(parser.add_subparsers(dest="command", required=True))
    arguments = parser.parse_args(["ledger", *words])
    status: int = arguments.act(arguments, environ)
    return status


def test_each_round_puts_the_newest_note_once(ledger: KeptLedger, bucket: Bucket) -> None:
    todo = anchoring(ledger, bucket)
    assert [todo.turn(), todo.turn()] == [1, 0]
    ledger.write(5)
    ledger.chain.turn()
    assert [todo.turn(), todo.turn(), anchoring(ledger, bucket).turn()] == [1, 0, 0]
    assert list(bucket.sizes(NOTES)) == [30, 35]


def test_an_auditor_verifies_against_the_bucket_alone(ledger: KeptLedger, bucket: Bucket, tmp_path: Path) -> None:
    """Objects copied as they are make a folder that the outsider's program reads; a ledger that was cut is seen."""
    anchoring(ledger, bucket).turn()
    copied = tmp_path / "copied"
    copied.mkdir()
    for size in bucket.sizes(NOTES):
        (copied / file_name(NOTES, size)).write_bytes(bucket.contents(NOTES, size)[0])
    assert ledger.faults(copied) == []
    cut(ledger, 20)
    assert ledger.faults() == []
    assert "cut" in ledger.faults(copied)


def test_a_cut_ledger_is_found_though_its_folder_was_emptied(ledger: KeptLedger, bucket: Bucket) -> None:
    running = anchoring(ledger, bucket)
    running.turn()
    cut(ledger, 20)
    for round_ in (running, anchoring(ledger, bucket)):  # a worker that goes on, and one that starts
        with pytest.raises(LedgerRolledBack, match="PARAVENT_ANCHORS_S3"):
            round_.turn()
        ledger.write(2)
        with pytest.raises(LedgerRolledBack):
            Chain(ledger.db, ledger.signer, ledger.clock, ledger.anchors, round_.is_forked).turn()
    assert list(bucket.sizes(NOTES)) == [30]


def test_a_ledger_that_grew_again_after_it_was_cut_is_found(ledger: KeptLedger, bucket: Bucket) -> None:
    anchoring(ledger, bucket).turn()
    cut(ledger, 20)
    ledger.write(10)
    Chain(ledger.db, ledger.signer, ledger.clock, ledger.anchors).turn()  # one that knows of no bucket signs
    ledger.write(4)
    Chain(ledger.db, ledger.signer, ledger.clock, ledger.anchors).turn()
    with pytest.raises(LedgerRolledBack):
        anchoring(ledger, bucket).turn()
    assert list(bucket.sizes(NOTES)) == [30]


def test_rubbish_under_a_larger_name_is_told_and_does_not_stop_the_chain(
    server: LockedBuckets, name: str, folder: str, ledger: KeptLedger, bucket: Bucket
) -> None:
    server.client().put_object(Bucket=name, Key=f"{folder}notes/000000000000099.notes", Body=b"x")
    todo = anchoring(ledger, bucket)
    with pytest.raises(BucketTaken):
        todo.turn()
    assert not todo.is_forked()


def test_a_true_note_under_another_name_does_not_stop_the_chain(
    server: LockedBuckets, name: str, folder: str, ledger: KeptLedger, bucket: Bucket
) -> None:
    anchoring(ledger, bucket).turn()
    [note] = bucket.contents(NOTES, 30)
    server.client().put_object(Bucket=name, Key=f"{folder}notes/000000000000099.notes", Body=note)
    todo = anchoring(ledger, bucket)
    with pytest.raises(BucketTaken):
        todo.turn()
    assert not todo.is_forked()


def test_a_note_that_somebody_else_put_unlocked_is_told(
    server: LockedBuckets, name: str, folder: str, ledger: KeptLedger, bucket: Bucket
) -> None:
    with ledger.db.reading("ledger") as session:
        note = session.scalar(select(Checkpoint.note).where(Checkpoint.size == 30))
    key = f"{folder}notes/{file_name(NOTES, 30)}"
    server.client().put_object(Bucket=name, Key=key, Body=as_kept(note or ""))
    todo = anchoring(ledger, bucket)
    for _ in range(2):
        with pytest.raises(BucketTaken):
            todo.turn()
    ledger.write(1)
    ledger.chain.turn()
    assert todo.turn() == 1
    assert not todo.is_forked()


def test_stamps_follow_with_the_note_they_are_of_whatever_else_is_there(
    server: LockedBuckets, name: str, folder: str, ledger: KeptLedger, bucket: Bucket
) -> None:
    server.client().put_object(Bucket=name, Key=f"{folder}stamps/000000000999999.tsr", Body=b"rubbish")
    (ledger.anchors / file_name(STAMPS, 20)).write_bytes(b"a token")
    todo = anchoring(ledger, bucket)
    assert [todo.turn(), todo.turn()] == [3, 0]
    assert list(bucket.sizes(NOTES)) == [20, 30]
    assert bucket.contents(STAMPS, 20) == [b"a token"]
    with ledger.db.reading("ledger") as session:
        note = session.scalar(select(Checkpoint.note).where(Checkpoint.size == 20))
    assert bucket.contents(NOTES, 20) == [as_kept(note or "")]


def test_it_resumes_after_the_server_hung(
    server: LockedBuckets, ledger: KeptLedger, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchor_bucket, "_READ_SECONDS", 1)
    todo = anchoring(ledger, bucket)
    assert todo.turn() == 1
    server.freeze()
    try:
        ledger.write(3)
        assert ledger.chain.turn() == 3
        with pytest.raises(BucketAway):
            todo.turn()
    finally:
        server.thaw()
    assert todo.turn() == 1
    assert list(bucket.sizes(NOTES)) == [30, 33]


def test_the_commands_copy_the_bucket_and_say_what_stamps_prove(
    server: LockedBuckets, name: str, folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An installation anchors; its own folder is lost; the copy holds all that is needed to verify."""
    copied = tmp_path / "copied"
    with local_authority(tmp_path / "tsa") as authority:
        environ = {
            "PARAVENT_VAR": str(tmp_path / "var"),
            "PARAVENT_ANCHORS_S3": f"{server.endpoint}/{name}/{folder}",
            "PARAVENT_ANCHORS_S3_KEY": server.key,
            "PARAVENT_ANCHORS_S3_SECRET": server.secret,
            "PARAVENT_TSA": authority.address,
            "PARAVENT_TSA_CA": str(authority.roots),
        }
        signer = anchored_elsewhere(environ)

    assert [typed(environ, "anchors", str(copied)) for _ in range(2)] == [0, 0]
    assert sorted(path.suffix for path in copied.iterdir()) == [".notes", ".tsr"]
    assert typed(environ, "stamps", "--anchors", str(copied)) == 0
    said = capsys.readouterr().out
    assert "1 notes, 1 time stamps" in said
    assert "0 notes, 0 time stamps" in said
    assert "a ledger of 3 events was signed before 20" in said
    pinned = environ | {"PARAVENT_LEDGER_KEY": signer.public_key().public_bytes_raw().hex()}
    assert typed(pinned, "verify", "--anchors", str(copied)) == 0
    large = {"Bucket": name, "Key": f"{folder}notes/000000000000002.notes", "Body": bytes((1 << 20) + 1)}
    server.client().put_object(**large)
    stamped, stamp = copied / file_name(STAMPS, 3), (copied / file_name(STAMPS, 3)).read_bytes()
    stamped.unlink()
    assert typed(environ, "anchors", str(copied)) == 1
    assert stamped.read_bytes() == stamp
    assert "notes/000000000000002.notes is too large to be ours" in capsys.readouterr().err
    stamped.write_bytes(stamp[:-1] + b"x")
    assert typed(environ, "stamps", "--anchors", str(copied)) == 1
    assert "REFUSED" in capsys.readouterr().out
    seconds = of_many_stamps(environ, tmp_path / "many", signer)
    assert seconds < 2
    assert "0 of 1000 time stamps hold" in capsys.readouterr().out


def anchored_elsewhere(environ: dict[str, str]) -> Ed25519PrivateKey:
    """Make an installation of three events that anchors, and loses its own folder; return what signed."""
    settings = set_up(environ)
    db = Databases(settings.databases, sealer=sealer_of(settings))
    signer, anchors = signer_of(open_vault(settings, db).keystore), settings.anchors
    for _ in range(3):
        record(db, system_clock(), "clinic", "case.opened", (), ["care"], **CASE)
    Chain(db, signer, system_clock, anchors).turn()
    bucket, stamping = rounds_of(db, signer.public_key(), system_clock, anchors, settings.elsewhere)
    assert stamping is not None
    assert bucket is not None
    assert (stamping.turn(), bucket.turn()) == (1, 2)
    db.dispose()
    shutil.rmtree(anchors)
    return signer


def of_many_stamps(environ: dict[str, str], folder: Path, signer: Ed25519PrivateKey) -> float:
    """Judge a thousand files that are no stamps, of as many notes; return how many seconds of computing it took."""
    folder.mkdir()
    for size in range(1, 1001):
        (folder / file_name(NOTES, size)).write_bytes(as_kept(signed_note(Head(size, bytes(32), NOW, 0), signer)))
        (folder / file_name(STAMPS, size)).write_bytes(b"x")
    before = time.process_time()
    assert typed(environ, "stamps", "--anchors", str(folder)) == 1
    return time.process_time() - before


@pytest.mark.prove
def test_it_resumes_after_the_server_was_killed(server: LockedBuckets, ledger: KeptLedger, bucket: Bucket) -> None:
    todo = anchoring(ledger, bucket)
    assert todo.turn() == 1
    server.stop()
    try:
        ledger.write(3)
        assert ledger.chain.turn() == 3
        with pytest.raises(BucketAway):
            todo.turn()
    finally:
        server.start()
    assert todo.turn() == 1
    assert list(bucket.sizes(NOTES)) == [30, 33]
