"""The events there are, each with the exact fields it carries.

A field is an id, a whole number, a digest, an epoch's name or one word of a declared set: nothing a person
typed, no identity and nothing clinical can enter the ledger.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

FieldValue = UUID | int | str | None
Check = Callable[[object], bool]
KeysChange = Literal[
    "ceremony",
    "lock_added",
    "lock_removed",
    "recovered",
    "revoked",
    "root_rotated",
    "silo_rotated",
    "silo_retired",
    "epochs_turned",
    "sealed",
    "unsealed",
    "drilled",
]
"""What may be done to the keystore as a whole."""


class EventRefused(Exception):
    """An event that is not declared, or fields that are not exactly those declared for it."""


def _is_id(value: object) -> bool:
    return isinstance(value, UUID)


def _is_id_or_none(value: object) -> bool:
    return value is None or isinstance(value, UUID)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53  # the whole numbers that JSON keeps exactly


def _matches(pattern: str) -> Check:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _one_of(*words: str) -> Check:
    return lambda value: isinstance(value, str) and value in words


ROLE = _one_of("practitioner", "desk", "administrator")
VISIT_KIND = _one_of("appointment", "request", "call", "come", "write")
VISIT_STATE = _one_of(
    "requested",
    "booked",
    "proposed",
    "move_asked",
    "arrived",
    "seen",
    "absent",
    "cancelled",
    "declined",
    "answered",
)
STAFF_CHANGE = _one_of(
    "invited",
    "activated",
    "disabled",
    "enabled",
    "role",
    "password",
    "second_factor",
    "recovery_codes",
    "signed_out",
    "locked",
)
REFUSAL = _one_of("unknown", "password", "code", "replay", "locked", "disabled", "invitation")
KEYS_CHANGE = _one_of(*get_args(KeysChange))
SHEET = _one_of("screen", "print", "document")
DIGEST = _matches("[0-9a-f]{64}")
EPOCH = _matches(r"\d{4}(-(\d\d-\d\d|W\d\d))?")

_ACTOR: Mapping[str, Check] = {"actor": _is_id, "role": ROLE}

EVENTS: Mapping[str, Mapping[str, Check]] = {
    # A patient sent; digest is the SHA-256 of the three ciphertexts, one after the other.
    "submission.sent": {"submission": _is_id, "kind": VISIT_KIND, "digest": DIGEST},
    "submission.taken_in": {"submission": _is_id},
    # The worker opens a space to merge what staff or the patient decided.
    "space.updated": {"space": _is_id, "cause": _one_of("patient", "clinic")},
    "case.opened": {**_ACTOR, "form": SHEET},
    "list.opened": {**_ACTOR, "list": _one_of("requests", "day", "week"), "form": SHEET, "count": _is_count},
    "contact.opened": {**_ACTOR},
    # A visit's page named other files that share its patient's contact.
    "likeness.shown": {**_ACTOR, "visit": _is_id, "count": _is_count},
    "person.joined": {**_ACTOR, "visit": _is_id, "other": _is_id},
    "person.parted": {**_ACTOR, "visit": _is_id},
    # The worker opened contacts to index them under a new key.
    "contacts.reindexed": {"count": _is_count},
    # `actor` is null when the patient did it.
    "visit.changed": {
        "actor": _is_id_or_none,
        "role": _one_of("practitioner", "desk", "administrator", "patient"),
        "visit": _is_id,
        "from_state": VISIT_STATE,
        "to_state": VISIT_STATE,
    },
    "booking.entered": {**_ACTOR, "submission": _is_id, "how": _one_of("telephone", "walk_in")},
    "staff.signed_in": {**_ACTOR, "factor": _one_of("code", "recovery")},
    "staff.signed_out": {**_ACTOR},
    # `staff` is null when no account has the login that was tried.
    "staff.sign_in_refused": {"staff": _is_id_or_none, "reason": REFUSAL},
    # `actor` is null on the command line.
    "staff.changed": {"actor": _is_id_or_none, "staff": _is_id, "change": STAFF_CHANGE},
    # Whoever signs in with the account named sees the practitioner's cases from then on.
    "practitioner.linked": {
        "actor": _is_id,
        "practitioner": _is_id,
        "old_staff": _is_id_or_none,
        "new_staff": _is_id_or_none,
    },
    "profile.published": {"actor": _is_id_or_none, "profile": _is_id, "digest": DIGEST},
    "directory.published": {"actor": _is_id_or_none, "version": _is_count},
    # `actor` and `second` confirmed what destroys; null for what one person at the command line may do.
    "keys.changed": {
        "actor": _is_id_or_none,
        "second": _is_id_or_none,
        "change": KEYS_CHANGE,
        "generation": _is_count,
    },
    # A count of this process's was not written, and a later one was handed out already: this event tells of it.
    "count.told": {"unwritten": _is_count},
    "epoch.made": {"epoch": EPOCH, "kind": _one_of("secrets", "intake", "index")},
    "epoch.destroyed": {"epoch": EPOCH, "kind": _one_of("secrets", "intake", "index")},
}


@dataclass(frozen=True, slots=True)
class EventBody:
    """A declared event with fields that were checked."""

    name: str
    fields: Mapping[str, FieldValue]


def checked(name: str, fields: Mapping[str, FieldValue]) -> EventBody:
    """Check an event against its declaration. Raises EventRefused, which names keys and never a value."""
    declared = EVENTS.get(name)
    if declared is None:
        raise EventRefused("this event is not declared")
    if fields.keys() != declared.keys():
        raise EventRefused(f"{name} takes exactly the fields {', '.join(sorted(declared))}")
    wrong = sorted(key for key, check in declared.items() if not check(fields[key]))
    if wrong:
        raise EventRefused(f"{name}: not an allowed value in {', '.join(wrong)}")
    return EventBody(name, dict(fields))
