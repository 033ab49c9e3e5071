"""The turn of the day's key: everything readable moves under it, older keys go, and no damage stops that."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from app.vault.errors import EpochKeyMissing, KeystoreDamaged
from app.vault.half_days import HALF_DAY_NAME, day_of
from app.vault.keyfiles import KeptKey, KeyFiles
from app.vault.keystore import SETTLE
from app.vault.models import Secret
from app.vault.rewrapping import BATCH, DayTurn
from app.vault.sealing import new_secret
from app.vault.wrapping import DayKey
from tests.unit.vault.keystore_place import NOW, Place, make_place

TOMORROW = NOW + timedelta(days=1)
LATER = NOW + timedelta(days=2)


@dataclass(frozen=True)
class Turned:
    """What a turn did."""

    moved: int
    lost: int
    destroyed: tuple[str, ...]


def _turn(place: Place, now: datetime) -> Turned:
    """Turn the day's key as the worker does."""
    place.keystore.ensure_epoch(now)
    day, more = place.keystore.turn(now), True
    while more:
        with place.db.writing("keys") as session:
            more = day.move_batch(session)
    unused = day.unused()
    place.keystore.destroy_days(unused)
    return Turned(day.moved, day.lost, unused)


def _put(place: Place, pseudonym: UUID, secret: bytes, now: datetime = NOW) -> None:
    with place.db.writing("keys") as session:
        place.keystore.put(session, pseudonym, "care", secret, now)


def _get(place: Place, pseudonym: UUID) -> bytes:
    with place.db.reading("keys") as session:
        return place.keystore.get(session, pseudonym, "care")


def _keep(place: Place, count: int, now: datetime = NOW) -> dict[UUID, bytes]:
    kept = {uuid4(): new_secret() for _ in range(count)}
    for pseudonym, secret in kept.items():
        _put(place, pseudonym, secret, now)
    return kept


def _damage_row(place: Place, pseudonym: UUID) -> None:
    with place.db.writing("keys") as session:
        session.execute(update(Secret).where(Secret.pseudonym == pseudonym).values(wrapped=b"damaged"))


def test_everything_stays_readable_and_the_old_day_is_destroyed(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    kept = _keep(place, 20)
    old_file = (place.directory / "epoch-2026-11-18.key").read_bytes()
    assert _turn(place, TOMORROW) == Turned(20, 0, ())
    assert place.files("epoch-*") == ["epoch-2026-11-18.key", "epoch-2026-11-19.key"]
    assert _turn(place, TOMORROW + SETTLE) == Turned(0, 0, ("2026-11-18",))
    assert place.files("epoch-*") == ["epoch-2026-11-19.key"]
    assert {pseudonym: _get(place, pseudonym) for pseudonym in kept} == kept
    assert not any(old_file in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_an_old_day_outlives_the_new_one_a_little_for_what_is_under_way(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    assert _turn(place, TOMORROW).destroyed == ()
    assert _turn(place, TOMORROW + SETTLE - timedelta(seconds=1)).destroyed == ()
    assert _turn(place, TOMORROW + SETTLE).destroyed == ("2026-11-18",)


def test_a_secret_destroyed_stays_unreadable_from_an_old_row_once_its_day_is_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place, gone, other, secret = make_place(tmp_path), uuid4(), uuid4(), new_secret()
    _put(place, gone, new_secret())
    _put(place, other, secret)
    with place.db.reading("keys") as session:
        backup = session.scalars(select(Secret).where(Secret.pseudonym == gone)).one()
        row = {"pseudonym": gone, "purpose": "care", "epoch": backup.epoch, "wrapped": backup.wrapped}
    with place.db.writing("keys") as session:
        place.keystore.destroy(session, gone, "care")
    _turn(place, TOMORROW)
    _turn(place, TOMORROW + SETTLE)
    with place.db.writing("keys") as session:
        session.add(Secret(**row))
    with pytest.raises(EpochKeyMissing):
        _get(place, gone)
    with caplog.at_level(logging.ERROR):
        assert _turn(place, TOMORROW + 2 * SETTLE) == Turned(0, 1, ())
    assert [record.__dict__["count"] for record in caplog.records] == [1]
    assert _get(place, other) == secret


def test_a_move_that_is_rolled_back_loses_nothing(tmp_path: Path) -> None:
    place, pseudonym, secret = make_place(tmp_path), uuid4(), new_secret()
    _put(place, pseudonym, secret)
    for moment in (TOMORROW, TOMORROW + SETTLE):
        place.keystore.ensure_epoch(moment)
        day = place.keystore.turn(moment)
        with pytest.raises(InterruptedError):
            _move_and_fail(place, day)
        assert day.unused() == ()
    assert _get(place, pseudonym) == secret


def _move_and_fail(place: Place, day: DayTurn) -> None:
    with place.db.writing("keys") as session:
        day.move_batch(session)
        raise InterruptedError


def test_a_damaged_row_is_counted_and_keeps_no_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = make_place(tmp_path)
    kept = _keep(place, 3)
    damaged, *whole = kept
    _damage_row(place, damaged)

    with caplog.at_level(logging.ERROR):
        assert _turn(place, TOMORROW) == Turned(2, 1, ())
    assert _turn(place, TOMORROW + SETTLE) == Turned(0, 1, ("2026-11-18",))

    assert [record.__dict__["count"] for record in caplog.records] == [1, 1]
    assert str(damaged) not in caplog.text
    assert [_get(place, pseudonym) for pseudonym in whole] == [kept[pseudonym] for pseudonym in whole]


@pytest.mark.parametrize("fault", ["cut", "open to others"])
def test_a_key_file_that_cannot_be_read_is_kept_and_the_others_turn(tmp_path: Path, fault: str) -> None:
    place = make_place(tmp_path)
    first = _keep(place, 2)
    place.keystore.ensure_epoch(TOMORROW)
    second = _keep(place, 2, TOMORROW)
    file = place.directory / "epoch-2026-11-18.key"
    good = file.read_bytes()
    if fault == "cut":
        file.write_bytes(good[:-1])
    else:
        file.chmod(0o604)

    assert _turn(place, LATER) == Turned(2, 2, ())
    assert _turn(place, LATER + SETTLE) == Turned(0, 2, ("2026-11-19",))
    assert place.files("epoch-*") == ["epoch-2026-11-18.key", "epoch-2026-11-20.key"]

    file.write_bytes(good)
    file.chmod(0o600)
    assert _turn(place, LATER + 2 * SETTLE) == Turned(2, 0, ())
    assert {pseudonym: _get(place, pseudonym) for pseudonym in first | second} == first | second


def test_a_damaged_key_of_today_moves_and_destroys_nothing(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    _keep(place, 1)
    place.keystore.ensure_epoch(TOMORROW)
    (place.directory / "epoch-2026-11-19.key").write_bytes(b"")
    with pytest.raises(KeystoreDamaged):
        _turn(place, TOMORROW + SETTLE)
    assert len(place.files("epoch-*")) == 2


class _CountedKeys(KeyFiles):
    """Key files that remember which were read."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700)
        wrapping = (new_secret(),)
        super().__init__(directory, "epoch", HALF_DAY_NAME, lambda: wrapping)
        self.days: list[str] = []

    def read(self, name: str) -> KeptKey:
        self.days.append(name)
        return super().read(name)


def test_secrets_move_by_batches_and_each_key_is_read_once(tmp_path: Path) -> None:
    place, keys, old = make_place(tmp_path), _CountedKeys(tmp_path / "counted"), new_secret()
    keys.make("2026-11-18", old, NOW)
    keys.make("2026-11-19", new_secret(), TOMORROW)
    with place.db.writing("keys") as session:
        for number in range(BATCH + 2):
            pseudonym = UUID(int=number + 1)
            wrapped = DayKey(old).wrap(new_secret(), pseudonym, "care") if number else b"damaged"
            session.add(Secret(pseudonym=pseudonym, purpose="care", epoch="2026-11-18", wrapped=wrapped))

    day, moved, more = DayTurn(keys, TOMORROW), [0], True
    while more:
        with place.db.writing("keys") as session:
            more = day.move_batch(session)
        moved.append(day.moved)

    assert moved == [0, BATCH - 1, BATCH + 1]
    assert day.lost == 1
    assert keys.days == ["2026-11-19", "2026-11-18"]


def test_no_key_is_unused_before_the_pass_is_whole(tmp_path: Path) -> None:
    place, keys, old = make_place(tmp_path), _CountedKeys(tmp_path / "counted"), new_secret()
    keys.make("2026-11-18", old, NOW)
    keys.make("2026-11-19", new_secret(), TOMORROW)
    with place.db.writing("keys") as session:
        for number in range(BATCH + 1):
            row = {
                "pseudonym": UUID(int=number + 1),
                "purpose": "care",
                "epoch": "2026-11-18",
                "wrapped": b"damaged",
            }
            session.add(Secret(**row))

    day = DayTurn(keys, TOMORROW + SETTLE)
    for unused in ((), ("2026-11-18",)):
        with place.db.writing("keys") as session:
            day.move_batch(session)
        assert day.unused() == unused


def test_a_key_of_a_day_to_come_is_left_unused_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place, pseudonym = make_place(tmp_path), uuid4()
    place.keystore.ensure_epoch(NOW + timedelta(days=4000))
    secret = new_secret()
    _put(place, pseudonym, secret)
    with place.db.reading("keys") as session:
        assert session.scalars(select(Secret.epoch)).all() == ["2026-11-18"]

    with caplog.at_level(logging.ERROR):
        assert _turn(place, TOMORROW) == Turned(1, 0, ())
    assert _turn(place, TOMORROW + SETTLE).destroyed == ("2026-11-18",)

    said = [(record.message, record.__dict__["count"]) for record in caplog.records]
    assert set(said) == {
        ("keys of days to come are left unused: a clock was wrong", 1),
        ("ledger keys of months to come are left unused: a clock was wrong", 3),
    }
    assert _get(place, pseudonym) == secret


def test_what_a_wrong_clock_put_under_a_day_to_come_is_moved_back(tmp_path: Path) -> None:
    place, wrong = make_place(tmp_path), NOW + timedelta(days=4000)
    place.keystore.ensure_epoch(wrong)
    kept = _keep(place, 2, wrong)

    assert _turn(place, NOW) == Turned(2, 0, ())

    with place.db.reading("keys") as session:
        assert set(session.scalars(select(Secret.epoch))) == {"2026-11-18"}
    assert {pseudonym: _get(place, pseudonym) for pseudonym in kept} == kept


def test_a_day_has_two_keys_whose_names_sort_by_age() -> None:
    moments = [NOW.replace(hour=0), NOW.replace(hour=11, minute=59), NOW.replace(hour=12), NOW.replace(hour=23)]
    names = [day_of(moment) for moment in moments]
    assert names == ["2026-11-18", "2026-11-18", "2026-11-18T12", "2026-11-18T12"]
    assert names[-1] < day_of(TOMORROW.replace(hour=0)) == "2026-11-19" < "2026-11-19T12"
    assert day_of(NOW.replace(hour=13, tzinfo=timezone(timedelta(hours=2)))) == "2026-11-18"


def test_the_afternoons_key_ends_the_mornings_and_a_former_name_turns_as_before(tmp_path: Path) -> None:
    place, pseudonym, secret = make_place(tmp_path), uuid4(), new_secret()
    _put(place, pseudonym, secret)
    noon = NOW.replace(hour=12)
    assert _turn(place, noon).moved == 1
    assert _turn(place, noon + SETTLE).destroyed == ("2026-11-18",)
    assert place.files("epoch-*") == ["epoch-2026-11-18T12.key"]
    assert _turn(place, TOMORROW).moved == 1
    assert _turn(place, TOMORROW + SETTLE).destroyed == ("2026-11-18T12",)
    with place.db.reading("keys") as session:
        assert place.keystore.get(session, pseudonym, "care") == secret
