"""A room where custody's commands are tried: a keystore, its silos, two administrators, an invented terminal."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from argon2 import PasswordHasher, profiles
from sqlalchemy import select

from app.cli.environment import silos_of
from app.cli.keys_ceremony import hold_ceremony
from app.cli.keys_table import Table
from app.clinic.sign_in import totp_label
from app.config import WordsCost, load_settings
from app.db import Databases
from app.desk.models import Base as DeskBase
from app.desk.models import Staff
from app.desk.passwords import Passwords
from app.desk.second_factor import current_code, new_totp_secret
from app.ledger.models import Base as LedgerBase
from app.ledger.models import Event
from app.ledger.opening import EventKeys
from app.ledger.service import events_named
from app.vault.keystore import Keystore, Unlock
from app.vault.models import Base as KeysBase
from app.vault.root import read_head
from app.vault.unlock import new_key_file
from tests.factories.house import House

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
LONG = "sept nuages sur la colline"
PASSWORD = "onze tilleuls au bord de l'eau"
CHEAP = Passwords(PasswordHasher.from_parameters(profiles.CHEAPEST))
CHEAP_WORDS = WordsCost(memory_kib=64, passes=1)
_HASH = CHEAP.hash(PASSWORD)


@dataclass
class People:
    """Whoever sits at the terminal: they write the shares down that they are shown, and type what is asked."""

    said: list[str] = field(default_factory=list)
    screen: str = ""
    shown: list[str] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    typed: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answer: Callable[[str], str | None] = lambda _prompt: None
    shares_typed: int = 0

    def say(self, text: str) -> None:
        self.said.append(text)
        self.screen += f"{text}\n"

    def clear(self) -> None:
        self.screen = ""

    def show_alone(self, text: str) -> None:
        self.screen = text
        self.shown.append(text)
        words = re.findall(r"(\d+)\. ([a-z]+)", text)
        self.sheets.append(" ".join(word for _, word in sorted(words, key=lambda one: int(one[0]))))

    def ask(self, prompt: str) -> str:
        return self._answered(prompt)

    def ask_hidden(self, prompt: str) -> str:
        return self._answered(prompt)

    def _answered(self, prompt: str) -> str:
        self.asked.append(prompt)
        given = self.answer(prompt)
        if given is not None:
            return given
        for begin, answers in self.typed.items():
            if prompt.startswith(begin) and answers:
                return answers.pop(0)
        if prompt.startswith("Word "):
            return self.sheets[-1].split()[int(prompt[5:-2]) - 1]
        if prompt.startswith("Share "):
            self.shares_typed += 1
            return self.sheets[self.shares_typed - 1]
        assert "press Enter" in prompt, f"nobody knows what to answer to: {prompt}"
        return ""


@dataclass
class Room:
    """One installation, and the table its commands sit at."""

    table: Table
    people: People
    key_file: Path
    staff: dict[str, UUID]
    now: datetime = NOW

    @property
    def directory(self) -> Path:
        return self.table.directory

    @property
    def unlock(self) -> Unlock:
        return Unlock(key_file=self.key_file)

    def clock(self) -> datetime:
        """Return the present moment, later at each call."""
        self.now += timedelta(milliseconds=1)
        return self.now

    def keystore(self) -> Keystore:
        return Keystore.open(self.directory, self.unlock)

    def content(self) -> dict[str, bytes]:
        """Return every file of the keystore."""
        return {path.name: path.read_bytes() for path in self.directory.iterdir()}

    def events(self) -> list[str]:
        """Return the payloads of the ledger, oldest first."""
        with self.table.db.reading("ledger") as session:
            return list(session.scalars(select(Event.payload).order_by(Event.at, Event.id)))

    def code(self, login: str) -> str:
        """Return what somebody's authenticator shows now."""
        with self.table.db.reading("desk") as session:
            person = session.scalars(select(Staff).where(Staff.login == login)).one()
            sealed = person.sealed_totp or b""
        opened = Keystore.open(self.directory, self.unlock, heeds_seal=False)
        return current_code(opened.open_field("desk", totp_label(person.id), sealed).decode(), self.now)

    def confirming(self, *logins: str) -> None:
        """Let these people sign when they are asked to, in this order, with fresh codes."""
        self.now += timedelta(seconds=61)
        self.people.typed["First person"] = [logins[0]]
        self.people.typed["Second person"] = list(logins[1:])
        self.people.typed["Password"] = [PASSWORD for _ in logins]
        self.people.typed["Code"] = [self.code(login) for login in logins]


def make_room(tmp_path: Path) -> Room:
    """Make an installation that opens by a key file, with two administrators and somebody of the desk."""
    key_file, directory, public = tmp_path / "unlock.key", tmp_path / "keystore", tmp_path / "public"
    new_key_file(key_file)
    keystore = Keystore.create(directory, public, Unlock(key_file=key_file), NOW)
    environ = {
        "ZONE": "cli",
        "VAR": str(tmp_path),
        "VERIFY_KEY": keystore.verify_key.hex(),
        "WORDS_SALT": "00" * 16,
        "KEYSTORE_KEY_FILE": str(key_file),
    }
    settings = load_settings({f"PARAVENT_{name}": value for name, value in environ.items()})
    db = silos_of(settings)
    for silo, base in (("keys", KeysBase), ("ledger", LedgerBase), ("desk", DeskBase)):
        base.metadata.create_all(db.engine(silo))  # type: ignore[arg-type]  # the names of three silos
    people = People()
    room = Room(
        Table(settings, db, lambda: room.clock(), people, lambda _seconds: None, lambda: CHEAP, CHEAP_WORDS),
        people,
        key_file,
        {},
    )
    for login, role in (("ada", "administrator"), ("bea", "administrator"), ("col", "desk")):
        room.staff[login] = _hire(db, keystore, login, role)
    return room


def _hire(db: Databases, keystore: Keystore, login: str, role: str) -> UUID:
    person = uuid4()
    sealed = keystore.seal_field("desk", totp_label(person), new_totp_secret().encode())
    row = {"password_hash": _HASH, "sealed_totp": sealed, "last_totp_step": 0, "failures": 0}
    with db.writing("desk") as session:
        session.add(Staff(id=person, login=login, display_name=login, role=role, **row))
    return person


def sign_with(people: People, house: House, directory: Path, *logins: str) -> None:
    """Hire these administrators in a house, and let them sign when they are asked to."""
    keystore = Keystore.open(directory, Unlock(key_file=house.root / "unlock"), heeds_seal=False)
    people.typed |= {"First person": [logins[0]], "Second person": list(logins[1:])}
    people.typed |= {"Password": [PASSWORD for _ in logins], "Code": []}
    for login in logins:
        person = _hire(house.db, keystore, login, "administrator")
        with house.db.reading("desk") as session:
            sealed = session.get_one(Staff, person).sealed_totp or b""
        secret = keystore.open_field("desk", totp_label(person), sealed).decode()
        people.typed["Code"].append(current_code(secret, house.clock()))


def after_ceremony(room: Room) -> Room:
    """Hold a ceremony of 3 of 5 in a room."""
    assert hold_ceremony(room.table, 3, 5) == 0
    room.people.said.clear()
    room.people.asked.clear()
    room.people.shares_typed = 0
    return room


def changes(room: Room, unlock: Unlock | None = None) -> list[dict[str, Any]]:
    """Return the fields of every change of the keystore in the ledger."""
    db, keystore = room.table.db, Keystore.open(room.directory, unlock or room.unlock, heeds_seal=False)
    found = events_named(db, "keys.changed", NOW - timedelta(days=1), EventKeys(db, keystore))
    return [entry.content.fields for entry in found if entry.content]


def kinds(room: Room) -> list[str]:
    """Return the kinds of the keystore's locks."""
    return [held.lock.kind for held in read_head(room.directory).held]


@contextmanager
def unchanged(room: Room) -> Iterator[None]:
    """Check that no file of the keystore changes, comes or goes."""
    before = room.content()
    yield
    assert room.content() == before


@contextmanager
def without_ledger(room: Room) -> Iterator[None]:
    """Take the ledger away for a while."""
    there = room.table.settings.var / "ledger.sqlite"
    away = there.with_suffix(".away")
    room.table.db.engine("ledger").dispose()
    there.rename(away)
    there.mkdir()
    yield
    room.table.db.engine("ledger").dispose()
    there.rmdir()
    away.rename(there)
