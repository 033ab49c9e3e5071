"""What each zone may do in each silo on PostgreSQL, declared once, as data.

`paravent silos create` and `upgrade` turn it into roles, grants and settings; `paravent silos check` compares the
server's catalogue with it. What is not written here, nobody may do. SQLite files enforce none of it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from app.db import Silo

Zone = Literal["patient", "clinic", "worker"]
ZONES: tuple[Zone, ...] = get_args(Zone)

EVERY = "*"
"""Every column of a table."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a zone may do with a table: read and change columns (named with blanks between), add and remove rows."""

    select: str = ""
    insert: bool = False
    update: str = ""
    delete: bool = False

    def privileges(self) -> Iterator[tuple[str, str]]:
        """Yield each privilege by PostgreSQL's name, with its column; an empty one is the whole table."""
        for privilege, columns in (("SELECT", self.select), ("UPDATE", self.update)):
            yield from ((privilege, "" if column == EVERY else column) for column in columns.split())
        yield from (("INSERT", ""),) if self.insert else ()
        yield from (("DELETE", ""),) if self.delete else ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a silo that runs with its owner's rights, and the zones that may call it."""

    name: str
    arguments: str
    zones: tuple[Zone, ...]

    @property
    def signature(self) -> str:
        """The function's name and the types it takes, as the catalogue writes them."""
        return f"{self.name}({self.arguments})"


@dataclass(frozen=True, slots=True)
class Login:
    """How a zone's sessions in one silo are bounded: how many there may be, and the settings each begins with."""

    connections: int
    statement_timeout: str
    lock_timeout: str
    idle_in_transaction_session_timeout: str
    search_path: str = "public, pg_temp"

    def settings(self) -> dict[str, str]:
        """Return the settings of PostgreSQL, as its catalogue writes them."""
        return {
            "statement_timeout": self.statement_timeout,
            "lock_timeout": self.lock_timeout,
            "idle_in_transaction_session_timeout": self.idle_in_transaction_session_timeout,
            "search_path": self.search_path,
        }


LOGINS: Mapping[Zone, Login] = {
    "patient": Login(48, "5s", "4s", "10s"),
    "clinic": Login(32, "10s", "5s", "15s"),
    "worker": Login(16, "1min", "10s", "1min"),
}
"""Who can send SQL may change the settings of their own session: they stop accidents. The number holds."""

MIGRATIONS_CONNECTIONS = 32
"""How many connections the command line may have, in all silos of a server together."""

_READ = Rights(EVERY)
_ADD = Rights(insert=True)
_LOCKED = "created_at"
"""PostgreSQL locks a row only for who may change one of its columns: in a queue, the least telling one."""
_TURN = Rights(EVERY, insert=True, update="turn")
_CELLS = Rights(EVERY, insert=True, update="owner kind expires_at", delete=True)
_WITHDRAWALS = Rights(EVERY, insert=True, update="origin asked_at due_at first_by second_by", delete=True)

_TABLES: Mapping[Silo, Mapping[Zone, Mapping[str, Rights]]] = {
    "front": {
        "patient": {
            "published_profiles": _READ,
            "published_directories": _READ,
            "drafts": Rights(
                EVERY, insert=True, update="sealed version expires_at locator sealed_token", delete=True
            ),
            "holds": Rights(EVERY, insert=True, update="id draft expires_at extensions", delete=True),
            "slot_cells": _CELLS,
            "agenda_turns": _TURN,
            "submissions": _ADD,
            "spaces": Rights(EVERY, insert=True, update="sealed version"),
            "space_sessions": Rights(EVERY, insert=True, update="sealed expires_at", delete=True),
            "outbox": _ADD,
            "guesses": Rights(EVERY, insert=True, update="count"),
        },
        "clinic": {
            "published_profiles": _READ,
            "published_directories": Rights(EVERY, insert=True),
            "drafts": Rights("id", delete=True),
            "holds": Rights(EVERY, insert=True, delete=True),
            "slot_cells": _CELLS,
            "agenda_turns": _TURN,
            "submissions": _ADD,
            "spaces": Rights(EVERY, insert=True),
        },
        "worker": {
            "drafts": Rights("id expires_at", delete=True),
            "holds": Rights(EVERY, delete=True),
            "slot_cells": Rights(EVERY, insert=True, delete=True),
            "agenda_turns": _TURN,
            "submissions": Rights(EVERY, update=_LOCKED, delete=True),
            "spaces": Rights(EVERY, update="sealed version", delete=True),
            "space_sessions": Rights("id expires_at", delete=True),
            "outbox": Rights(EVERY, update=_LOCKED, delete=True),
            "guesses": Rights("hour", delete=True),
        },
    },
    "identity": {
        "clinic": {
            "contacts": _READ,
            "joins": Rights(EVERY, insert=True, update="person", delete=True),
        },
        "worker": {
            "contacts": Rights(EVERY, insert=True, delete=True),
            "joins": Rights("pseudonym person", delete=True),
        },
    },
    "care": {
        "clinic": {"cases": _READ},
        "worker": {"cases": Rights("id pseudonym created_at", insert=True, delete=True)},
    },
    "desk": {
        "clinic": {
            "absences": Rights(EVERY, insert=True, delete=True),
            "clinic_rules": Rights(
                EVERY,
                insert=True,
                update="notice_hours horizon_days cancel_hours call_starts_minute call_ends_minute",
            ),
            "opening_hours": Rights(EVERY, insert=True, delete=True),
            "legal_holds": Rights(EVERY, insert=True, delete=True),
            "outbox": _ADD,
            "practitioners": Rights(EVERY, insert=True, update="staff_id name kinds gender"),
            "proposals": Rights(EVERY, insert=True, delete=True),
            "recovery_codes": Rights(EVERY, insert=True, update="used_at", delete=True),
            "rooms": Rights(EVERY, insert=True, delete=True),
            "sessions": Rights(EVERY, insert=True, update="data staff_id created_at seen_at", delete=True),
            "sites": Rights(EVERY, insert=True, update="name address door desk_words phone step_free timezone"),
            "staff": Rights(
                EVERY,
                insert=True,
                update="password_hash sealed_totp last_totp_step invitation_hash invitation_expires_at"
                " invited_at failures locked_until disabled_at",
            ),
            "visit_pool": _READ,
            "visits": Rights(EVERY, update="state version confirmed"),
        },
        "worker": {
            "absences": _READ,
            "legal_holds": Rights(EVERY, insert=True, delete=True),
            "outbox": Rights(EVERY, insert=True, update=_LOCKED, delete=True),
            "proposals": Rights(EVERY, delete=True),
            "sessions": Rights("id created_at", delete=True),
            "visit_pool": _ADD,
            "visits": Rights(
                EVERY,
                insert=True,
                update="state version last_action kind starts_at minutes site_id room_id practitioner_id"
                " confirmed moved_at",
                delete=True,
            ),
        },
    },
    "keys": {
        "patient": {},
        "clinic": {"blind_indexes": _READ, "secrets": Rights("pseudonym purpose"), "withdrawals": _WITHDRAWALS},
        "worker": {
            "mailbox": Rights(EVERY, delete=True),
            "closed_intakes": Rights(EVERY, insert=True, delete=True),
            "secrets": Rights(EVERY, insert=True, update="epoch wrapped", delete=True),
            "space_secrets": Rights("locator created_at submission", delete=True),
            "withdrawals": _WITHDRAWALS,
            "openings": Rights("event at", delete=True),
            "blind_indexes": Rights("pseudonym epoch", insert=True, delete=True),
        },
    },
    "ledger": {
        "patient": {"events": _ADD, "event_keys": _ADD, "event_subjects": _ADD},
        "clinic": {"events": _ADD, "event_keys": _ADD, "event_subjects": _ADD},
        "worker": {
            "events": Rights(EVERY, insert=True),
            "event_keys": Rights(EVERY, insert=True),
            "event_subjects": Rights("event", insert=True, delete=True),
            "leaves": Rights(EVERY, insert=True),
            "checkpoints": Rights(EVERY, insert=True),
        },
    },
}

REVISION: Mapping[str, Rights] = {"alembic_version": Rights("version_num")}
"""What clinic and worker also read in each silo: whether its tables are those of their release."""

RIGHTS: Mapping[Silo, Mapping[Zone, Mapping[str, Rights]]] = {
    silo: {zone: tables if zone == "patient" else {**tables, **REVISION} for zone, tables in zones.items()}
    for silo, zones in _TABLES.items()
}
"""Each zone's rights, silo by silo and table by table. A zone that a silo does not name can't connect to it."""

FUNCTIONS: Mapping[Silo, tuple[Function, ...]] = {
    "keys": (
        Function("post_secrets", "uuid, text, bytea, timestamp without time zone", ("patient", "clinic")),
        Function("keep_space_secret", "bytea, uuid, bytea, timestamp without time zone", ("patient", "clinic")),
        Function("space_secret", "bytea", ("patient",)),
        Function("note_openings", "uuid, uuid[], text[]", ("clinic", "worker")),
        Function("opened_secrets", "uuid", ("clinic", "worker")),
    )
}
"""What a zone may do without a right to the table: leave a sealed secret, fetch the one of a locator, take secrets
out whose trace is committed."""

DEFINER = "search_path=pg_catalog, pg_temp"
"""Where such a function looks names up: nowhere that its caller could have put something."""

WITHDRAWN = (
    "^(lo_|loread$|lowrite$|pg_sleep|pg_advisory_|pg_try_advisory_|pg_logical_emit_message$"
    "|pg_cancel_backend$|pg_terminate_backend$)"
)
"""Functions of PostgreSQL that everybody may call unless it is taken back: they fill disks, wait or block."""

LOCK = "pg_advisory_xact_lock(bigint)"
"""The one of them that some need, so that two never do the same at once: owners for migrations, and these zones."""

LOCKING: Mapping[Silo, tuple[Zone, ...]] = {"ledger": ("worker",)}

_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}", re.ASCII)


class NameRefused(ValueError):
    """An installation's name that can't begin the names of its roles and databases."""


@dataclass(frozen=True, slots=True)
class Names:
    """The roles and databases of one installation on a server: its name begins each of them. Raises NameRefused."""

    name: str = "paravent"

    def __post_init__(self) -> None:
        """Refuse a name that would need quotes."""
        if not _NAME.fullmatch(self.name):
            raise NameRefused("the name must be 1 to 30 lower-case letters, digits or _, and begin with a letter")

    @property
    def migrations(self) -> str:
        """The command line's login: in each silo it acts as the owner, and does what no zone may."""
        return f"{self.name}_migrations"

    def database(self, silo: Silo) -> str:
        """Return a silo's database."""
        return f"{self.name}_{silo}"

    def owner(self, silo: Silo) -> str:
        """Return who a silo belongs to: nobody can log in as this role."""
        return f"{self.name}_{silo}_owner"

    def login(self, zone: Zone, silo: Silo) -> str:
        """Return the login of a zone in a silo."""
        return f"{self.name}_{zone}_{silo}"

    def logins(self, silo: Silo) -> dict[Zone, str]:
        """Return the logins of the zones that a silo knows."""
        return {zone: self.login(zone, silo) for zone in RIGHTS[silo]}


def names_of(database: str | None, silo: Silo) -> Names | None:
    """Return the installation that a database's name tells; None for one that is named otherwise."""
    name, found, rest = (database or "").rpartition(f"_{silo}")
    return Names(name) if found and not rest and _NAME.fullmatch(name) else None
