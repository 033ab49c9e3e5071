"""Events as documents of the Elastic Common Schema (ECS), one JSON object each.

Text is written in ASCII (`\\u00e9`), so that a document can travel in a syslog message without a byte order mark.
"""

import json
from typing import Any

from app.ledger.notes import time_of
from app.ledger.siem import Told
from app.ledger.siem_rows import FAULTS, Said, held_by

VERSION = "8.17.0"
"""The ECS release whose fields are used; later ones have them all."""


def ecs_line(told: Told) -> str:
    """Return an event's document as one line of JSON, without the line's end."""
    return json.dumps(ecs_document(told), separators=(",", ":"), ensure_ascii=True)


def ecs_document(told: Told) -> dict[str, Any]:
    """Return an event's document. Declared fields are under `paravent`, as they are named in the ledger."""
    document: dict[str, Any] = {
        "@timestamp": time_of(told.at),
        "ecs": {"version": VERSION},
        "message": told.row.title,
        "event": _event(told),
        "service": {"name": f"paravent-{told.zone}", "type": "paravent"},
        "paravent": _own(told),
    }
    user = _user(told)
    if user:
        document["user"] = user
    people = _people(told)
    if people:
        document["related"] = {"user": people}
    return document


def _event(told: Told) -> dict[str, Any]:
    return {
        "id": str(told.id),
        "kind": "alert" if told.name in FAULTS else "event",
        "category": [told.row.category],
        "type": list(told.row.types),
        "action": told.name,
        "outcome": told.row.outcome,
        "severity": told.row.severity.cef,
        "sequence": told.position,
        "module": "paravent",
        "dataset": "paravent.ledger",
    }


def _user(told: Told) -> dict[str, Any]:
    user: dict[str, Any] = {}
    if told.user:
        user["id"] = told.user
    if told.role:
        user["roles"] = [told.role]
    if told.target:
        user["target"] = {"id": told.target}
    return user


def _people(told: Told) -> list[str]:
    """Return everybody of staff that an event names: who acted, and those of its fields."""
    named = {str(value) for key, value in told.declared.items() if held_by(told.name, key) is Said.STAFF}
    return sorted(named | ({told.user} if told.user else set()))


def _own(told: Told) -> dict[str, Any]:
    own: dict[str, Any] = dict(told.declared)
    if told.purposes:
        own["purposes"] = list(told.purposes)
    if told.subjects:
        own["subjects"] = list(told.subjects)
    own["ledger"] = {"position": told.position, "leaf": told.leaf.hex()}
    return own
