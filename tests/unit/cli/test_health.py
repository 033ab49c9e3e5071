"""Health of a zone: words on a private address, ready only when everything it needs is there."""

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text

from app.cli import silos
from app.cli.environment import file_of, read_file
from app.cli.health import Listener, Sight, look, newest_revision, see_day_key, see_silo, start
from app.clock import system_clock
from app.config import Settings, SettingsError, Zone, load_settings
from app.db import SILOS, Databases, Silo
from app.vault.intake import intake_epoch
from app.vault.posting import LATE, post_secrets
from tests.factories.installed import settings_in
from tests.factories.scratch import postgres_urls


def amiss(settings: Settings, now: datetime | None = None) -> list[Sight]:
    """Return what is not well, in a process that makes no dumps."""
    return [sight for sight in look(settings, now or system_clock(), lambda: True) if not sight.well]


@pytest.mark.parametrize("zone", ["patient", "clinic", "worker"])
def test_a_zone_that_has_everything_is_ready(var: Path, zone: Zone) -> None:
    assert amiss(settings_in(var, zone)) == []


def test_each_zone_looks_at_its_own_silos_only(var: Path) -> None:
    assert [sight.what for sight in look(settings_in(var, "patient"), system_clock())] == [
        "front", "keys", "ledger", "intake key", "ledger key", "memory",
    ]  # fmt: skip


def test_a_silo_that_is_gone_is_said_and_no_empty_one_is_made(var: Path) -> None:
    (var / "keys.sqlite").unlink()
    assert amiss(settings_in(var, "patient")) == [Sight("keys", False, "does not answer")]
    assert not (var / "keys.sqlite").exists()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE alembic_version SET version_num = '0000'", "has the tables of another release"),
        ("DROP TABLE alembic_version", "has no tables"),
    ],
)
def test_a_silo_of_another_release_is_said(var: Path, statement: str, said: str) -> None:
    settings = settings_in(var, "worker")
    db = Databases(settings.databases)
    with db.engine("care").begin() as connection:
        connection.execute(text(statement))
    db.dispose()
    assert amiss(settings) == [Sight("care", False, said)]


def test_without_a_key_to_seal_to_patients_pages_are_not_ready(var: Path) -> None:
    for path in (var / "public").iterdir():
        path.write_text("{}")
    assert [sight.what for sight in amiss(settings_in(var, "patient"))] == ["intake key", "ledger key"]


@pytest.mark.parametrize("zone", ["patient", "clinic", "worker"])
@pytest.mark.parametrize("month", [0, 1])
def test_without_a_key_to_record_by_this_month_or_the_next_no_zone_is_ready(
    var: Path, zone: Zone, month: int
) -> None:
    sorted((var / "public").glob("ledger-*.json"))[month].unlink()
    (sight,) = amiss(settings_in(var, zone))
    assert (sight.what, ("this month", "the next month")[month] in sight.said) == ("ledger key", True)


def test_without_the_key_of_the_day_the_inner_zones_are_not_ready(var: Path) -> None:
    (key,) = (var / "keystore").glob("epoch-*.key")
    ends = datetime.fromisoformat(key.stem.removeprefix("epoch-")).replace(tzinfo=UTC) + timedelta(hours=12)
    assert amiss(settings_in(var, "clinic"), ends + timedelta(minutes=9)) == []
    late = amiss(settings_in(var, "clinic"), ends + timedelta(minutes=11))
    assert [sight.what for sight in late] == ["key of the day"]


def test_what_nobody_takes_in_for_a_day_is_said_by_the_worker_alone(var: Path) -> None:
    settings, now = settings_in(var, "worker"), system_clock()
    db = Databases(settings.databases)
    with db.writing("keys") as session:
        post_secrets(session, uuid4(), intake_epoch(now), b"", now)
    db.dispose()
    assert "mailbox" not in [sight.what for sight in amiss(settings, now + LATE)]
    key = see_day_key(settings, now + LATE + timedelta(seconds=1))  # which nobody turned in this test
    late = [sight for sight in amiss(settings, now + LATE + timedelta(seconds=1)) if sight != key]
    assert late == [Sight("mailbox", False, "something has waited for a day: read the worker's log")]
    others: tuple[Zone, ...] = ("patient", "clinic")
    for zone in others:
        assert "mailbox" not in [sight.what for sight in look(settings_in(var, zone), now + 2 * LATE)]


def test_a_process_that_could_be_dumped_is_not_ready(var: Path) -> None:
    sights = look(settings_in(var, "worker"), system_clock(), lambda: False)
    assert [sight.what for sight in sights if not sight.well] == ["memory"]


@pytest.mark.parametrize("silo", SILOS)
def test_the_newest_revision_is_the_chains_head(silo: Silo) -> None:
    assert newest_revision(silo) == silos.head(silo)


@pytest.mark.postgres
def test_a_login_that_may_not_read_the_revision_is_told_that_the_silo_answers() -> None:
    with postgres_urls() as urls:
        role = f"scratch_{uuid4().hex[:12]}"
        url = make_url(urls["front"]).set(username=role).render_as_string()
        owner, small = Databases({"front": urls["front"]}, 1), Databases({"front": url}, 1)
        with owner.engine("front").begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
            connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        try:
            assert see_silo(small, "front", url) == Sight("front", True, "answers")
            assert see_silo(owner, "front", url) == Sight("front", False, "has the tables of another release")
        finally:
            small.dispose()
            with owner.engine("front").begin() as connection:
                connection.execute(text(f"DROP ROLE {role}"))
            owner.dispose()


@pytest.fixture
def listener(var: Path) -> Iterator[Listener]:
    """A patient zone's health, asked for real."""
    listener = Listener(("127.0.0.1", 0), settings_in(var, "patient"), system_clock)
    Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
    yield listener
    listener.shutdown()
    listener.server_close()


def asked(listener: Listener, path: str, method: str = "GET") -> tuple[int, str, dict[str, str]]:
    """Ask, and return status, words and headers."""
    connection = HTTPConnection("127.0.0.1", int(listener.server_address[1]), timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    return answer.status, said, dict(answer.getheaders())


def test_it_says_that_it_lives_and_in_words_what_is_missing(
    listener: Listener, var: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert asked(listener, "/live")[:2] == (200, "alive\n")
    (var / "ledger.sqlite").unlink()
    status, said, headers = asked(listener, "/ready")
    assert (status, said.splitlines()[0]) == (503, "not ready")
    assert "ledger: does not answer" in said
    assert "front: answers, with the tables of this release" in said
    assert set(headers) == {"Content-Type", "Content-Length", "Cache-Control", "Connection"}
    assert capfd.readouterr() == ("", "")


def test_it_is_ready_where_nothing_is_missing(var: Path) -> None:
    listener = Listener(("127.0.0.1", 0), settings_in(var, "worker"), system_clock, lambda: True)
    Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
    assert asked(listener, "/ready")[:2][0] == 200
    listener.shutdown()
    listener.server_close()


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/", "GET", 404), ("/ready?x", "GET", 404), ("/live", "POST", 501)]
)
def test_it_answers_nothing_else(listener: Listener, path: str, method: str, status: int) -> None:
    found, said, _ = asked(listener, path, method)
    assert found == status
    assert len(said.splitlines()) == 1


def test_what_is_no_question_is_not_repeated(listener: Listener, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(listener.server_address[:2], timeout=10) as line:  # type: ignore[arg-type]
        line.sendall(b"<marker> <marker>\r\n\r\n")
        said = line.recv(4096)
    assert said.endswith(b"refused\n")
    assert b"marker" not in said
    assert capfd.readouterr() == ("", "")


def test_a_forked_worker_does_not_hold_the_address(listener: Listener) -> None:
    child = os.fork()
    if not child:
        os._exit(0 if listener.socket.fileno() == -1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert asked(listener, "/live")[0] == 200


def test_without_the_setting_nothing_listens(var: Path) -> None:
    settings = settings_in(var, "patient")
    assert settings.health is None
    start(settings, system_clock)


def test_an_address_that_is_taken_is_named(var: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = replace(settings_in(var, "patient"), health=taken.getsockname())
        with pytest.raises(SettingsError, match="PARAVENT_HEALTH can't be listened on"):
            start(settings, system_clock)


@pytest.mark.parametrize(
    "address", ["127.0.0.1:9101", "10.1.2.3:1", "172.31.0.1:65535", "192.168.1.1:8", "[::1]:9101", "[fd00::1]:1"]
)
def test_a_private_address_is_taken(var: Path, address: str) -> None:
    settings = load_settings(read_file(file_of(var, "patient")) | {"PARAVENT_HEALTH": address})
    host, port = settings.health or ("", 0)
    assert address in (f"{host}:{port}", f"[{host}]:{port}")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0:9101",
        "[::]:9101",
        "[::ffff:127.0.0.1]:9101",
        "203.0.113.5:9101",
        "172.32.0.1:9101",
        "[2001:db8::1]:9101",
        "localhost:9101",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        ":9101",
        "9101",
    ],
)
def test_an_address_that_others_could_reach_is_refused(var: Path, address: str) -> None:
    with pytest.raises(SettingsError, match="PARAVENT_HEALTH must be a private address"):
        load_settings(read_file(file_of(var, "patient")) | {"PARAVENT_HEALTH": address})
