"""The loop: each round for itself, the whole way of a sending, and a stop that is clean."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest

from app.config import ROOT
from app.desk.models import Visit
from app.worker.loop import Round, rounds, run, turn
from tests.factories.house import House
from tests.unit.worker.agenda import book, leave_patch, owners, staff_change, taken_in, visit_of
from tests.unit.worker.sending import Sent, leave_action, space_of, submit


def test_one_turn_carries_a_sending_and_what_follows_it(house: House) -> None:
    sent = submit(house, Sent())
    leave_action(house, sent, "move", "booked")

    turn(rounds(house.db, house.vault, house.clock), house.clock)

    assert visit_of(house, sent).state == "move_asked"


def test_one_turn_frees_what_staff_called_off(house: House) -> None:
    sent = taken_in(house)
    book(house, sent)
    staff_change(house, sent, "cancelled")

    turn(rounds(house.db, house.vault, house.clock), house.clock)

    assert owners(house) == set()


def test_a_round_that_fails_is_logged_and_stops_no_other(house: House, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def fails() -> int:
        done.append("fails")
        raise RuntimeError("a name that must not be logged")

    def works() -> int:
        done.append("good")
        return 1

    todo = (Round("bad", timedelta(0), fails), Round("good", timedelta(0), works))

    assert turn(todo, house.clock) == 1
    assert turn(todo, house.clock) == 1
    assert done == ["fails", "good", "good"]  # the bad one waits a little before it is tried again
    house.clock.forward(seconds=6)
    turn(todo, house.clock)
    assert done.count("fails") == 2
    assert [getattr(record, "kind", "") for record in caplog.records] == ["bad", "bad"]
    assert all(hasattr(record, "event_id") for record in caplog.records)


def test_what_is_seldom_is_not_done_at_each_turn(house: House) -> None:
    todo = (Round("seldom", timedelta(minutes=1), lambda: 1),)
    done = 0
    for _ in range(5):
        done += turn(todo, house.clock)
        house.clock.forward(seconds=25)
    assert done == 2


def test_the_loop_works_until_told_to_stop(house: House) -> None:
    sent, stop = submit(house, Sent()), threading.Event()
    worker = threading.Thread(target=run, args=(house.db, house.vault, house.clock, stop))
    worker.start()
    for _ in range(100):
        with house.db.reading("desk") as session:
            if session.get(Visit, sent.submission):
                break
        time.sleep(0.05)
    leave_patch(house, sent, message="Bonjour")
    for _ in range(100):
        if space_of(house, sent)["message"]:
            break
        time.sleep(0.05)
    stop.set()
    worker.join(timeout=10)

    assert not worker.is_alive()
    assert space_of(house, sent)["message"] == "Bonjour"


def test_a_worker_process_takes_in_and_stops_cleanly_on_sigterm(house: House) -> None:
    sent = submit(house, Sent())
    house.keystore.destroy_days(["2026-11-23"])  # the process makes its own, by the real day
    settings = house.settings("worker")
    environ = {f"PARAVENT_DB_{silo.upper()}": url for silo, url in settings.databases.items()} | {
        "PATH": os.environ["PATH"],
        "PARAVENT_ZONE": "worker",
        "PARAVENT_VAR": str(house.root),
        "PARAVENT_KEYSTORE_KEY_FILE": str(house.root / "unlock"),
        "PARAVENT_VERIFY_KEY": settings.verify_key.hex(),
        "PARAVENT_WORDS_SALT": settings.words_salt.hex(),
    }
    command = [sys.executable, "-m", "app.cli.main", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        for _ in range(200):
            with house.db.reading("desk") as session:
                if session.get(Visit, sent.submission):
                    break
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 0
    assert errors == ""
    assert visit_of(house, sent).state == "booked"
