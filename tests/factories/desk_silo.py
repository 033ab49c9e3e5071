"""A desk silo alone, on a file, with what a test of its services puts in it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.db import Databases
from app.desk.models import Base, Visit

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def desk_silo(folder: Path) -> Databases:
    """Return a desk silo with its tables."""
    db = Databases({"desk": f"sqlite:///{folder}/desk.sqlite"})
    Base.metadata.create_all(db.engine("desk"))
    return db


def a_visit(session: Session, **changes: Any) -> UUID:
    """Write a booked appointment an hour from now, changed as told, and return its id."""
    columns: dict[str, Any] = {
        "id": uuid4(),
        "pseudonym": uuid4(),
        "kind": "appointment",
        "state": "booked",
        "starts_at": NOW + timedelta(hours=1),
        "minutes": 30,
        "buffer_minutes": 0,
        "site_id": uuid4(),
        "room_id": uuid4(),
        "practitioner_id": uuid4(),
        "reachable": True,
        "version": 1,
        "created_at": NOW,
    }
    columns |= changes
    row = Visit(**({"confirmed": columns["state"] != "requested"} | columns))
    session.add(row)
    session.flush()
    return row.id
