"""Checks of `paravent doctor`: copies of the keystore are made, are apart, and are not kept for ever."""

from collections.abc import Iterator
from datetime import timedelta

from app.cli.findings import Finding, Place, fault, warning, well
from app.vault.keybackup import copies_in, time_of

_EVERY = timedelta(days=2)
"""A day, and a night that failed."""
_CHECK = "key backups"


def key_backups(place: Place) -> Iterator[Finding]:
    """Check the folder of the keystore's copies, where one is set."""
    settings = place.settings
    folder = settings.keystore_backups
    if settings.zone != "cli":
        return
    if folder is None:
        yield warning(
            _CHECK,
            "nothing says where copies of the keystore are kept",
            "set PARAVENT_KEYSTORE_BACKUPS in cli.env and let paravent keys backup run each day",
        )
        return
    if not folder.is_dir():
        yield fault(_CHECK, f"there is no folder {folder}", "mount its disk, or mkdir -m 700 it")
        return
    yield from _found(place)
    if settings.keystore.is_dir() and folder.stat().st_dev == settings.keystore.stat().st_dev:
        yield warning(
            _CHECK,
            "copies of the keystore are on the keystore's own disk: what breaks it takes both",
            "name a folder on another disk, of a regime of its own",
        )


def _found(place: Place) -> Iterator[Finding]:
    days = place.settings.keystore_backup_days
    copies = copies_in(place.settings.keystore_backups) if place.settings.keystore_backups else []
    if not copies or place.now - time_of(copies[-1]) > _EVERY:
        newest = f"the newest copy of the keystore is of {time_of(copies[-1]):%Y-%m-%d %H:%M} UTC" if copies else ""
        yield fault(
            _CHECK,
            newest or "there is no copy of the keystore",
            "run paravent keys backup, and find out why none ran",
        )
    else:
        yield well(_CHECK, f"the newest copy of the keystore is of {time_of(copies[-1]):%Y-%m-%d %H:%M} UTC")
    old = [copy for copy in copies if place.now - time_of(copy) > timedelta(days=days)]
    if old:
        yield fault(
            _CHECK,
            f"{len(old)} copies are older than {days} days: what was destroyed since is not unreadable in those",
            "destroy them: paravent keys backup makes a new one and destroys those that are past their days",
        )
