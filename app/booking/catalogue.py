"""What is published, as this process last read it: profiles never change by version, the rest is re-read."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from app.clock import Clock
from app.db import Databases
from app.front.directory import Directory
from app.front.published import current_profiles, profile_version
from app.front.published_directory import current_directory
from app.profiles.models import PublishableProfile

FRESH_FOR = timedelta(seconds=5)


class Catalogue:
    """The published profiles and directory of one process, at most a few seconds old."""

    def __init__(self, db: Databases, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._read_at: datetime | None = None
        self._current: Mapping[UUID, PublishableProfile] = {}
        self._versions: dict[UUID, PublishableProfile] = {}
        self._directory: Directory | None = None
        self._act_codes: frozenset[str] = frozenset()
        self._edition = ""

    def profiles(self) -> Mapping[UUID, PublishableProfile]:
        """Return the current version of every published profile, in the order of their codes."""
        self._refresh()
        return self._current

    def profile(self, version: UUID) -> PublishableProfile:
        """Return one version, current or not: a journey stays on the one it began with. Raises KeyError."""
        if version not in self._versions:
            with self._db.reading("front") as session:
                self._versions[version] = profile_version(session, version)
        return self._versions[version]

    def act_codes(self) -> frozenset[str]:
        """Return the codes of every act patients may choose: two figures of profile, two of act."""
        self._refresh()
        return self._act_codes

    def edition(self) -> str:
        """Return what names the versions published: while it stays, so does all that is drawn from them alone."""
        self._refresh()
        return self._edition

    def directory(self) -> Directory:
        """Return the directory in force. Raises LookupError when none was ever published."""
        self._refresh()
        if self._directory is None:
            raise LookupError("no directory is published")
        return self._directory

    def _refresh(self) -> None:
        now = self._clock()
        if self._read_at and now - self._read_at < FRESH_FOR:
            return
        with self._db.reading("front") as session:
            found = current_profiles(session)
            self._directory = current_directory(session)
        self._current = dict(sorted(found.items(), key=lambda item: item[1].profile.code))
        self._versions.update(self._current)
        self._edition = " ".join(map(str, self._current))
        self._act_codes = frozenset(
            one.profile.code + act.code
            for one in self._current.values()
            for act in one.profile.acts
            if act.published
        )
        self._read_at = now
