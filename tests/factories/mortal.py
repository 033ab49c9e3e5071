"""Silos whose process dies at a commit that the test chooses, as a killed process does: nothing after it runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.db import Databases, Silo


class Killed(BaseException):
    """The process was killed. Not an Exception: nothing in it may live on."""


class MortalDatabases(Databases):
    """Silos that die just before, or just after, their nth commit; 0 is never."""

    def __init__(self, living: Databases, *, before: int = 0, after: int = 0) -> None:
        vars(self).update(vars(living))  # the same engines
        self.doom(before=before, after=after)

    def doom(self, *, before: int = 0, after: int = 0) -> None:
        """Choose the fatal commit, counted from now."""
        self._before, self._after = before, after
        self.commits: list[Silo] = []

    @contextmanager
    def writing(self, silo: Silo) -> Iterator[Session]:
        """Write as the living do, up to the fatal commit."""
        with super().writing(silo) as session:
            yield session
            self.commits.append(silo)
            mine = len(self.commits)
            if mine == self._before:
                raise Killed
        if mine == self._after:
            raise Killed


class Interrupted(Databases):
    """Silos in which something else happens right after the first commit of one of them."""

    def __init__(self, living: Databases, silo: Silo, meanwhile: Callable[[], object]) -> None:
        vars(self).update(vars(living))  # the same engines
        self._silo, self._meanwhile = silo, [meanwhile]

    @contextmanager
    def writing(self, silo: Silo) -> Iterator[Session]:
        """Write as the others do; then let it happen, once."""
        with super().writing(silo) as session:
            yield session
        if silo == self._silo and self._meanwhile:
            self._meanwhile.pop()()


def killed_everywhere(living: Databases, act: Callable[[Databases], object], repeat: Callable[[], object]) -> int:
    """Run `act` dying around its first commit, then its second, and so on until it survives.

    After each death `repeat` runs, with the living silos: it restarts what died and checks what it must. Returns
    how many deaths there were.
    """
    deaths = 0
    for nth in range(1, 100):
        for fatal in ("before", "after"):
            dying = MortalDatabases(living, **{fatal: nth})
            try:
                act(dying)
            except Killed:
                deaths += 1
                repeat()
            else:
                return deaths
    raise AssertionError("it never ended")
