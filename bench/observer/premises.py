"""A clinic of eight specialties served over TLS: the three shipped, and five invented, of very different texts."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.clock import system_clock
from app.config import ROOT
from app.front.directory import Directory
from app.front.published_directory import publish_directory
from app.profiles.models import Band, PublishableProfile, Situation
from bench.installation import Installation, an_installation
from bench.observer.scenarios import Case
from bench.processes import free_port, python, running
from tests.factories.house import clinic_directory
from tests.factories.served import self_signed

INVENTED = Path(__file__).parent / "specialties"
PRODUCT = "product"
GRID_OFF = {"GRID_MS": "0", "WORDS_GRID_MS": "0"}
SIZES_ONLY = GRID_OFF | {"WORDS_MEMORY_KIB": "64", "WORDS_PASSES": "1"}
"""Settings of a server that keeps nobody waiting, for what looks at sizes and not at times."""
_ALL_HELD = {"HOLD_SHARE_PERCENT": "100"}
_THREADS = "64"


@dataclass(frozen=True, slots=True)
class Premises:
    """An installation with its certificate."""

    installation: Installation
    certificate: Path
    key: Path

    @property
    def profiles(self) -> list[PublishableProfile]:
        """Return the specialties in force."""
        return list(self.installation.funnel().catalogue.profiles().values())

    def cases(self) -> list[Case]:
        """Return every act that patients may choose."""
        return [
            Case(one.profile.slug, one.profile.code + act.code, act.booking)
            for one in self.profiles
            for act in one.profile.acts
            if act.published
        ]

    def cases_on(self, path: str, band: Band, situation: Situation) -> list[Case]:
        """Return the acts for which these people are led on a path: self, call or no."""
        led = {
            one.profile.code + act.code
            for one in self.profiles
            for act in one.profile.acts
            if one.paths.path(act.slug, band, situation) == path
        }
        return [case for case in self.cases() if case.act in led]

    @contextmanager
    def served(
        self, application: str = PRODUCT, changes: Mapping[str, str] | None = None, workers: int = 2
    ) -> Iterator[int]:
        """Serve the patient zone over TLS, by the product or by an application of the bench; yield its port."""
        port = free_port()
        environ = self.installation.environ(**(changes or {}))
        where = ("--host", "127.0.0.1", "--port", str(port))
        if application == PRODUCT:
            size = ("--processes", str(workers), "--threads", _THREADS)
            tls = ("--certificate", str(self.certificate), "--key", str(self.key))
            command = python("app.cli.main", "serve", *where, *size, *tls)
        else:
            many = ("--workers", str(workers), "--blocking-threads", _THREADS, "--log-level", "error")
            tls = ("--ssl-certificate", str(self.certificate), "--ssl-keyfile", str(self.key))
            kind = ("--interface", "wsgi", "--http", "1", "--no-ws")
            command = python("granian", *where, *kind, *many, *tls, application)
        with running(command, port, self.installation.folder / "served.log", environ, tls=True):
            yield port

    def clear_agenda(self) -> None:
        """Free every slot, and forget wrong guesses, so that each lot of journeys finds the clinic alike."""
        with self._front() as front:
            for table in ("holds", "slot_cells", "guesses"):
                front.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

    @contextmanager
    def altered_drafts(self) -> Iterator[None]:
        """Change every stored draft for a while, as somebody who writes in the database could: a 500."""
        with self._front() as front:
            front.execute("CREATE TABLE aside AS SELECT id, sealed FROM drafts")
            front.execute("UPDATE drafts SET sealed = zeroblob(length(sealed))")
        try:
            yield
        finally:
            with self._front() as front:
                front.execute("UPDATE drafts SET sealed = (SELECT sealed FROM aside WHERE aside.id = drafts.id)")
                front.execute("DROP TABLE aside")

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Let nobody be there for a while, so that no slot is left."""
        open_as_usual = clinic_directory()
        self._publish(open_as_usual.model_copy(update={"hours": ()}))
        try:
            yield
        finally:
            self._publish(open_as_usual)

    def _publish(self, directory: Directory) -> None:
        with self.installation.db.writing("front") as session:
            publish_directory(session, directory, system_clock())

    @contextmanager
    def _front(self) -> Iterator[sqlite3.Connection]:
        """Open the front silo from outside, and keep what is done in it."""
        path = self.installation.settings.var / "front.sqlite"
        with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
            yield connection


@contextmanager
def premises(changes: Mapping[str, str] | None = None) -> Iterator[Premises]:
    """Set up the clinic of eight specialties in a temporary folder, removed at the end."""
    with TemporaryDirectory(prefix="paravent-specialties-") as made:
        specialties = Path(made) / "specialties"
        shutil.copytree(ROOT / "specialties", specialties)
        shutil.copytree(INVENTED, specialties, dirs_exist_ok=True)
        given = {"SPECIALTIES": str(specialties), "TLS": "1", **_ALL_HELD, **(changes or {})}
        with an_installation(given) as installation:
            yield Premises(installation, *self_signed(installation.folder))
