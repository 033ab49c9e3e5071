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
    "backed_up",
    "restored",
    "ledger_lost",
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
WITHDRAWS = _one_of("practitioner", "desk", "administrator", "patient", "worker")
ORIGIN = _one_of("patient", "staff", "term")
PURPOSE = _one_of("care", "contact", "space")
HOLD = _one_of("claim", "authority", "request")
DIGEST = _matches("[0-9a-f]{64}")
EPOCH = _matches(r"\d{4}(-(\d\d(-\d\d(T12)?)?|W\d\d))?")

_ACTOR: Mapping[str, Check] = {"actor": _is_id, "role": ROLE}

_DIGESTS: Mapping[str, Check] = {"visit_digest": DIGEST, "contact_digest": DIGEST, "care_digest": DIGEST}

EVENTS: Mapping[str, Mapping[str, Check]] = {
    # A patient sent; digest is the SHA-256 of the SHA-256 of each of three ciphertexts: visit, contact, care.
    "submission.sent": {"submission": _is_id, "kind": VISIT_KIND, "digest": DIGEST},
    "submission.taken_in": {"submission": _is_id},
    # The worker puts what was sent where it stays: the SHA-256 of each ciphertext.
    "submission.kept": {"submission": _is_id, **_DIGESTS},
    # The worker opens a space, or an act that comes from it, for what the patient or staff decided.
    "space.opened": {"cause": _one_of("patient", "clinic")},
    # The worker writes a version of a space: the SHA-256 of its ciphertext.
    "space.updated": {"space": _is_id, "version": _is_count, "digest": DIGEST},
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
    # `actor` is null when the patient withdrew it, or its term came. `restricted`: kept unopenable until the term.
    # `due`: when it is destroyed, in seconds since 1970. Told again when that moment changes.
    "purpose.withdrawn": {
        "actor": _is_id_or_none,
        "role": WITHDRAWS,
        "origin": ORIGIN,
        "purpose": PURPOSE,
        "restricted": _one_of("yes", "no"),
        "due": _is_count,
    },
    "purpose.restored": {"actor": _is_id_or_none, "role": WITHDRAWS, "purpose": PURPOSE, "due": _is_count},
    # The worker begins to destroy. `counted`: it counts towards the most of an hour.
    "destruction.begun": {"counted": _one_of("yes", "no")},
    # The tombstone: what it names is destroyed again in a silo restored from an older copy.
    # `submission` is null when no silo knew it any more.
    "purpose.destroyed": {"origin": ORIGIN, "purpose": PURPOSE, "submission": _is_id_or_none},
    "hold.placed": {**_ACTOR, "reason": HOLD},
    "hold.lifted": {**_ACTOR, "reason": HOLD},
    "shred.agreed": {**_ACTOR},
    "epoch.made": {"epoch": EPOCH, "kind": _one_of("secrets", "intake", "index", "ledger")},
    "epoch.destroyed": {"epoch": EPOCH, "kind": _one_of("secrets", "intake", "index", "ledger")},
}


_IDS = (_is_id, _is_id_or_none)


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


def is_as_declared(name: str, fields: Mapping[str, object]) -> bool:
    """Say whether what was read back is an event as `checked` lets it through; ids are text in JSON."""
    declared = EVENTS.get(name, {})
    return (
        name in EVENTS
        and fields.keys() == declared.keys()
        and all(check(_id_in(fields[key]) if check in _IDS else fields[key]) for key, check in declared.items())
    )


def is_id_text(text: object) -> bool:
    """Say whether a text is an id as it is written in JSON."""
    return isinstance(_id_in(text), UUID)


def _id_in(value: object) -> object:
    """Return the id that a text is; anything else, and an id written otherwise, as no id."""
    if value is None:
        return None
    try:
        found = UUID(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    return found if found is not None and str(found) == value else ""
