"""Workers that share PostgreSQL silos: each submission is carried by one of them, and none waits for another."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from app.desk.models import Visit
from app.front.models import Submission
from app.identity.models import Contact
from app.ledger.models import Event
from app.worker.intake import take_in
from tests.factories.house import BASES, House, build_house
from tests.factories.mortal import Killed, MortalDatabases
from tests.factories.scratch import postgres_urls
from tests.unit.worker.sending import Sent, submit

pytestmark = pytest.mark.postgres

SENDINGS = 24
WORKERS = 4


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An installation on the PostgreSQL server, for this module."""
    with postgres_urls() as urls:
        house = build_house(tmp_path_factory.mktemp("shared"), urls)
        yield house
        house.db.dispose()


@pytest.fixture
def shared(built: House) -> House:
    """That installation, without a row of an earlier test."""
    for silo, base in BASES.items():
        with built.db.writing(silo) as session:
            for table in reversed(base.metadata.sorted_tables):
                if table.name != "event_keys":  # this process goes on sealing events with them
                    session.execute(table.delete())
    return built


def test_each_submission_is_carried_once(shared: House) -> None:
    for _ in range(SENDINGS):
        submit(shared, Sent())
    done: list[int] = []

    def work() -> None:
        while shared_count(shared):
            done.append(take_in(shared.db, shared.vault, shared.clock))

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)

    assert sum(done) == SENDINGS
    with shared.db.reading("ledger") as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 2 * SENDINGS  # taken in, kept
    with shared.db.reading("desk") as session:
        assert session.scalar(select(func.count()).select_from(Visit)) == SENDINGS


def test_a_row_that_another_worker_holds_is_passed_over(shared: House) -> None:
    held, free = submit(shared, Sent()), submit(shared, Sent())
    with shared.db.writing("front") as session:
        session.scalar(select(Submission).where(Submission.id == held.submission).with_for_update())
        assert take_in(shared.db, shared.vault, shared.clock) == 1
    with shared.db.reading("identity") as session:
        assert session.get(Contact, free.pseudonym)
        assert session.get(Contact, held.pseudonym) is None


def test_a_dead_workers_row_is_free_for_another(shared: House) -> None:
    sent = submit(shared, Sent())
    with pytest.raises(Killed):
        take_in(MortalDatabases(shared.db, after=4), shared.vault, shared.clock)

    assert take_in(shared.db, shared.vault, shared.clock) == 1
    with shared.db.reading("desk") as session:
        assert session.get(Visit, sent.submission)


def shared_count(shared: House) -> int:
    """Return how many submissions wait."""
    with shared.db.reading("front") as session:
        return session.scalar(select(func.count()).select_from(Submission)) or 0
