"""How each event is told to a SIEM: its category, outcome and severity. No event has them by default.

Categories and types are words of the Elastic Common Schema (its categorisation fields), in the pairs it expects.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from typing import Literal, NamedTuple

Category = Literal["authentication", "session", "iam", "database", "configuration", "intrusion_detection"]
Type = Literal["access", "change", "creation", "deletion", "end", "info", "start", "user"]
Outcome = Literal["success", "failure", "unknown"]


class Severity(Enum):
    """How much it matters: syslog's number (RFC 5424, table 2: 0 is worst), and CEF's (0 to 10: 10 is worst)."""

    INFO = (6, 2)
    NOTICE = (5, 4)
    WARNING = (4, 7)
    CRITICAL = (2, 10)

    @property
    def syslog(self) -> int:
        """Syslog's number."""
        return self.value[0]

    @property
    def cef(self) -> int:
        """CEF's number, which is also ECS's `event.severity`."""
        return self.value[1]


class Row(NamedTuple):
    """How one event is told. `user` is the field that says who acted, `target` the account acted on, if any."""

    title: str
    category: Category
    types: tuple[Type, ...]
    outcome: Outcome
    severity: Severity
    user: str
    target: str


class Said(StrEnum):
    """What a declared field holds, which decides whether it is told."""

    WHAT = auto()
    STAFF = auto()
    PATIENTS = auto()
    """Id or digest of what one patient sent, booked or keeps: it stands for the patient as a pseudonym does."""


_OK: Outcome = "success"
_READ: tuple[Category, tuple[Type, ...], Outcome] = ("database", ("access",), _OK)
_WROTE: tuple[Category, tuple[Type, ...], Outcome] = ("database", ("change",), _OK)
_CONFIGURED: tuple[Category, tuple[Type, ...], Outcome] = ("configuration", ("change",), _OK)
_INFO, _NOTICE, _WARNING, _CRITICAL = Severity

ROWS: Mapping[str, Row] = {
    "submission.sent": Row("Submission sent", *_WROTE, _INFO, "", ""),
    "submission.taken_in": Row("Submission taken in", *_WROTE, _INFO, "", ""),
    "submission.kept": Row("Submission kept", *_WROTE, _INFO, "", ""),
    "space.opened": Row("Space opened", *_READ, _INFO, "", ""),
    "space.updated": Row("Space updated", *_WROTE, _INFO, "", ""),
    "case.opened": Row("Case opened", *_READ, _INFO, "actor", ""),
    "list.opened": Row("List opened", *_READ, _INFO, "actor", ""),
    "contact.opened": Row("Contact opened", *_READ, _NOTICE, "actor", ""),
    "likeness.shown": Row("Files with the same contact shown", *_READ, _INFO, "actor", ""),
    "person.joined": Row("Two files joined as one person", *_WROTE, _NOTICE, "actor", ""),
    "person.parted": Row("Joined files parted", *_WROTE, _NOTICE, "actor", ""),
    "contacts.reindexed": Row("Contacts indexed under a new key", *_WROTE, _INFO, "", ""),
    "visit.changed": Row("Visit changed", *_WROTE, _INFO, "actor", ""),
    "booking.entered": Row("Booking entered by staff", *_WROTE, _INFO, "actor", ""),
    "staff.signed_in": Row("Staff signed in", "authentication", ("start",), _OK, _INFO, "actor", ""),
    "staff.signed_out": Row("Staff signed out", "session", ("end",), _OK, _INFO, "actor", ""),
    "staff.sign_in_refused": Row("Sign-in refused", "authentication", ("start",), "failure", _WARNING, "staff", ""),
    "staff.changed": Row("Staff account changed", "iam", ("user", "change"), _OK, _NOTICE, "actor", "staff"),
    "practitioner.linked": Row(
        "Practitioner linked to an account", "iam", ("user", "change"), _OK, _WARNING, "actor", "new_staff"
    ),
    "profile.published": Row("Profile published", *_CONFIGURED, _NOTICE, "actor", ""),
    "directory.published": Row("Directory published", *_CONFIGURED, _INFO, "actor", ""),
    "keys.changed": Row("Keystore changed", *_CONFIGURED, _WARNING, "actor", ""),
    "count.told": Row("Event count not written", "database", ("info",), "failure", _NOTICE, "", ""),
    "purpose.withdrawn": Row("Purpose withdrawn", *_WROTE, _NOTICE, "actor", ""),
    "purpose.restored": Row("Purpose restored", *_WROTE, _WARNING, "actor", ""),
    "destruction.begun": Row("Destruction of a file begun", "database", ("info",), _OK, _NOTICE, "", ""),
    "purpose.destroyed": Row("Key of a purpose destroyed", "database", ("info",), _OK, _NOTICE, "", ""),
    "hold.placed": Row("Destruction held", *_WROTE, _WARNING, "actor", ""),
    "hold.lifted": Row("Hold on a destruction lifted", *_WROTE, _WARNING, "actor", ""),
    "shred.agreed": Row("Destruction agreed", *_WROTE, _WARNING, "actor", ""),
    "epoch.made": Row("Key made", "configuration", ("creation",), _OK, _INFO, "", ""),
    "epoch.destroyed": Row("Key destroyed", "configuration", ("deletion",), _OK, _INFO, "", ""),
}
"""Each event of `app.ledger.events.EVENTS`."""

GONE, ALTERED, UNKNOWN = "ledger.gone", "ledger.altered", "ledger.unknown"
FAULTS: Mapping[str, Row] = {
    GONE: Row("Event's row expired or removed", "database", ("info",), "unknown", _NOTICE, "", ""),
    ALTERED: Row("Event altered in the database", "intrusion_detection", ("info",), "unknown", _CRITICAL, "", ""),
    UNKNOWN: Row("Event of another release", "database", ("info",), "unknown", _WARNING, "", ""),
}
"""What is told in the place of an event that can't be."""

FIELDS: Mapping[str, Said] = {
    "actor": Said.STAFF,
    "care_digest": Said.PATIENTS,
    "cause": Said.WHAT,
    "change": Said.WHAT,
    "contact_digest": Said.PATIENTS,
    "count": Said.WHAT,
    "counted": Said.WHAT,
    "digest": Said.PATIENTS,
    "due": Said.WHAT,
    "epoch": Said.WHAT,
    "factor": Said.WHAT,
    "form": Said.WHAT,
    "from_state": Said.WHAT,
    "generation": Said.WHAT,
    "how": Said.WHAT,
    "kind": Said.WHAT,
    "list": Said.WHAT,
    "new_staff": Said.STAFF,
    "old_staff": Said.STAFF,
    "origin": Said.WHAT,
    "other": Said.PATIENTS,
    "practitioner": Said.WHAT,
    "profile": Said.WHAT,
    "purpose": Said.WHAT,
    "reason": Said.WHAT,
    "restricted": Said.WHAT,
    "role": Said.WHAT,
    "second": Said.STAFF,
    "space": Said.PATIENTS,
    "staff": Said.STAFF,
    "submission": Said.PATIENTS,
    "to_state": Said.WHAT,
    "unwritten": Said.WHAT,
    "version": Said.WHAT,
    "visit": Said.PATIENTS,
    "visit_digest": Said.PATIENTS,
}
"""Each field of a declared event. One that is not here is never told."""

_OTHERWISE: Mapping[tuple[str, str], Said] = {("profile.published", "digest"): Said.WHAT}
"""Fields that hold something else in one event than in the others."""


def held_by(event: str, field: str) -> Said:
    """Return what a declared field holds in a declared event. Raises KeyError for a field that is not declared."""
    return _OTHERWISE.get((event, field), FIELDS[field])
