"""The outbox: what a patient did waits there sealed, and the one word in clear passes the gate."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import LargeBinary, String, Table, Text

from app.db import Databases
from app.desk.models import DeskOutbox
from app.discretion.gate import Betrayal
from app.front.models import Base, FrontOutbox
from app.front.spaces import queue_action


@pytest.mark.parametrize("table", [FrontOutbox.__table__, DeskOutbox.__table__], ids=["front", "desk"])
def test_only_the_kind_of_an_act_stands_in_clear(table: Table) -> None:
    columns = {column.name: column.type for column in table.columns}
    assert {name for name, kind in columns.items() if isinstance(kind, String | Text)} == {"kind"}
    assert isinstance(columns["sealed"], LargeBinary)


def test_a_kind_that_tells_is_refused(tmp_path: Path) -> None:
    db = Databases({"front": f"sqlite:///{tmp_path}/front.sqlite"})
    Base.metadata.create_all(db.engine("front"))
    now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def queued(kind: str) -> None:
        action = FrontOutbox(id=uuid4(), kind=kind, pseudonym=uuid4(), sealed=b"x", created_at=now)
        with db.writing("front") as session:
            queue_action(session, action)

    queued("cancel")
    with pytest.raises(Betrayal):
        queued("contraception")
    db.dispose()
