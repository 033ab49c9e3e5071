"""Events as former releases wrote them: schema 1 counted nothing, schema 2 said all in clear."""

import os
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app.db import Databases
from app.ledger.models import Event, EventSubject
from app.ledger.notes import time_of
from app.ledger.sealed import canonical
from app.ledger.service import leaf_of


def write_former(db: Databases, now: datetime, schema: int, name: str = "case.opened", **other: Any) -> UUID:
    """Write one opened case as of schema 1 or 2; return whom it concerned.

    `other` says otherwise whatever may be said of it, as who holds a zone's login could.
    """
    event, subject, salt = uuid4(), uuid4(), os.urandom(32)
    document = {
        "schema": schema,
        "event": str(event),
        "at": time_of(now),
        "zone": "clinic",
        "name": name,
        "subjects": [str(subject)],
        "purposes": ["care"],
        "fields": {"actor": str(UUID(int=7)), "role": "practitioner", "form": "screen"},
    }
    if schema == 2:
        turn = db.writer.take()
        document |= {"writer": str(turn.writer), "count": turn.count, "unwritten": turn.unwritten}
    row = {"id": event, "at": now, "zone": "clinic", "name": name, "salt": salt}
    payload = canonical(document | other)
    with db.writing("ledger") as session:
        session.add(Event(**row, payload=payload, leaf=leaf_of(salt, payload)))
        session.add(EventSubject(subject=subject, event=event))
    return subject
