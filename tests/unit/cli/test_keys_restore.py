"""A restored copy of the keystore is sealed until what was destroyed since is destroyed again."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cli.keys_restore import restore
from app.cli.keys_state import unseal
from app.ledger import genuine
from app.ledger.genuine import seconds
from app.vault import withdrawals
from app.vault.backup_errors import (
    NotYetReplayed,
)
from app.vault.errors import KeystoreSealed
from app.vault.keybackup import restored_mark
from app.vault.keyrows import counts, hold_snapshot
from app.vault.models import Secret
from app.worker.epochs import turn_keys
from app.worker.shredding import shred
from tests.factories.cluster import own_cluster
from tests.factories.house import House, build_house
from tests.factories.mortal import killed_everywhere
from tests.factories.zoned import build_zoned
from tests.unit.cli.copies import Copied, dies_at, rows
from tests.unit.cli.custody import People
from tests.unit.worker.shredded import ALL, left_of, withdraw, withdrawn

WHOLE = set(ALL)


@pytest.fixture(scope="module")
def on_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house on PostgreSQL, that the tests of this file share."""
    with own_cluster() as cluster:
        zoned = build_zoned(tmp_path_factory.mktemp("zoned"), cluster.admin_url)
        yield zoned.owner
        zoned.dispose()


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def either(request: pytest.FixtureRequest, tmp_path: Path, folder: Path) -> Iterator[Copied]:
    """A house on either database."""
    if request.param == "PostgreSQL":
        yield Copied(request.getfixturevalue("on_server"), folder, People())
        return
    built = build_house(tmp_path)
    yield Copied(built, folder, People())
    built.db.dispose()


def test_what_was_destroyed_since_opens_for_nobody_and_all_else_opens(either: Copied) -> None:
    gone, stays, later = either.send(), either.send(), either.send()
    with either.house.db.writing("keys") as session:
        withdrawals.withdraw(
            session,
            later.pseudonym,
            ["space"],
            "staff",
            either.house.clock(),
            either.house.clock() + timedelta(days=9),
        )
    kept, files = rows(either.house), {path.name for path in either.directory.iterdir()}
    assert all(kept[name] for name in ("secrets", "space_secrets", "blind_indexes", "withdrawals"))
    copy = either.back_up()
    either.shred(gone)
    either.lose()

    either.restore(copy)

    assert rows(either.house) == kept
    assert {path.name for path in either.directory.iterdir()} == files | {"sealed", "restored"}
    with pytest.raises(KeystoreSealed):
        either.opens(stays)
    with pytest.raises(KeystoreSealed):
        turn_keys(either.house.db, either.house.vault, either.house.clock)

    either.unseal()

    assert either.opens(gone) == set()
    assert left_of(either.house, gone) <= {"slot_cells"}
    assert either.opens(stays) == WHOLE
    assert either.opens(later) == WHOLE - {"space"}
    assert restored_mark(either.directory) is None
    assert any("Destroyed again: 1 file(s)" in said for said in either.people.said)


def test_days_later_the_keys_of_the_copy_go_too(copied: Copied) -> None:
    stays = copied.send()
    copy = copied.back_up()
    copied.lose()
    copied.house.clock.forward(days=3)
    before = {path.name for path in (copy / "keystore").glob("epoch-*.key")}

    copied.restore(copy)
    copied.unseal()
    copied.house.clock.forward(minutes=11)
    for _ in range(2):
        turn_keys(copied.house.db, copied.house.vault, copied.house.clock)

    assert not before & {path.name for path in copied.directory.iterdir()}
    assert copied.opens(stays) == WHOLE


def test_a_copy_put_in_place_by_hand_is_replayed_all_the_same(copied: Copied) -> None:
    gone, stays = copied.send(), copied.send()
    copy = copied.back_up()
    kept = {path.name: path.read_bytes() for path in copied.house.root.glob("keys.sqlite*")}
    copied.shred(gone)
    copied.house.db.dispose()
    shutil.rmtree(copied.directory)
    for name, content in kept.items():
        (copied.house.root / name).write_bytes(content)
    shutil.copytree(copy / "keystore", copied.directory)

    with pytest.raises(KeystoreSealed):
        copied.opens(gone)
    copied.unseal()

    assert (copied.opens(gone), copied.opens(stays)) == (set(), WHOLE)


def test_what_was_withdrawn_since_stays_closed_and_what_was_taken_back_stays(copied: Copied) -> None:
    house, closed, regretted = copied.house, copied.send(), copied.send()
    now = house.clock()
    withdraw(house, regretted, "patient", due=now + timedelta(hours=10))
    copy = copied.back_up()
    house.clock.forward(hours=1)
    soon, late = timedelta(hours=11), timedelta(days=90, hours=1)
    for purpose in ALL:
        ten = {"purpose": purpose, "due": seconds(now + timedelta(hours=10))}
        say(house, "purpose.restored", regretted.pseudonym, actor=None, role="patient", **ten)
        due_in = late if purpose == "care" else soon
        told = {"origin": "patient", "purpose": purpose, "restricted": "yes" if purpose == "care" else "no"}
        due = seconds(now + due_in)
        say(house, "purpose.withdrawn", closed.pseudonym, actor=None, role="patient", due=due, **told)
    copied.chain()
    copied.lose()
    house.clock.forward(hours=2)
    copied.restore(copy)
    copied.unseal()

    assert copied.opens(closed) == set()
    dues = {purpose: (row.origin, row.due_at - now) for purpose, row in withdrawn(house, closed).items()}
    assert dues == {"care": ("patient", late), "contact": ("patient", soon), "space": ("patient", soon)}
    assert withdrawn(house, regretted) == {}
    assert copied.opens(regretted) == WHOLE


def say(house: House, name: str, pseudonym: object, **fields: object) -> None:
    """Write an event of a worker."""
    genuine.say(house.db, house.keystore, house.clock(), "worker", name, pseudonym, **fields)  # type: ignore[arg-type]


def test_what_was_being_withdrawn_in_the_copy_and_was_destroyed_since_goes_again(copied: Copied) -> None:
    """A row of another purpose must not keep what a tombstone names from being destroyed."""
    house, sent = copied.house, copied.send()
    with house.db.writing("keys") as session:
        far = house.clock() + timedelta(days=60)
        withdrawals.withdraw(session, sent.pseudonym, ["contact", "space"], "staff", house.clock(), far)
    copy = copied.back_up()
    with house.db.writing("keys") as session:
        withdrawals.withdraw(session, sent.pseudonym, ["care", "space"], "patient", house.clock(), house.clock())
    shred(house.db, house.vault, house.clock)
    copied.lose()
    copied.restore(copy)
    copied.unseal()

    with house.db.reading("keys") as session:
        kept = set(session.scalars(select(Secret.purpose).where(Secret.pseudonym == sent.pseudonym)))
    assert kept == set(withdrawn(house, sent)) == {"contact"}


def test_rows_are_of_one_moment_on_either_database(either: Copied) -> None:
    either.send()
    with either.house.db.reading("keys") as session:
        hold_snapshot(session)
        before = key_rows(session)
        either.lose_rows()
        assert key_rows(session) == before > 0
    with either.house.db.reading("keys") as session:
        assert key_rows(session) == 0


def key_rows(session: Session) -> int:
    """Return how many rows a session sees."""
    return sum(counts(session).values())


@pytest.mark.parametrize("each", [4, pytest.param(1, marks=pytest.mark.prove)])
def test_killed_anywhere_it_opens_nothing_and_the_same_command_goes_on(copied: Copied, each: int) -> None:
    gone, stays = copied.send(), copied.send()
    copy = copied.back_up()
    copied.shred(gone)
    for step in range(1, 400, each):
        copied.lose()
        if dies_at(step, copied, lambda: restore(copied.table(), copy)):
            break
        if (copied.directory / "keystore.json").exists():
            with pytest.raises(KeystoreSealed):
                copied.opens(stays)
            mark = restored_mark(copied.directory)
            assert mark, "a keystore without the mark that it was restored"
            if not mark.whole:
                with pytest.raises(NotYetReplayed):
                    unseal(copied.table())
                assert restore(copied.table(), copy) == 0
        else:
            assert restore(copied.table(), copy) == 0
    assert step >= 20
    copied.unseal()
    assert (copied.opens(gone), copied.opens(stays)) == (set(), WHOLE)


def test_killed_while_unsealing_it_stays_sealed_until_all_is_done(copied: Copied) -> None:
    gone, stays = copied.send(), copied.send()
    copy = copied.back_up()
    copied.shred(gone)
    copied.lose()
    copied.restore(copy)

    def still_shut() -> None:
        with pytest.raises(KeystoreSealed):
            copied.opens(stays)

    assert killed_everywhere(copied.house.db, lambda db: unseal(copied.table(db)), still_shut) >= 6
    assert (copied.opens(gone), copied.opens(stays)) == (set(), WHOLE)
