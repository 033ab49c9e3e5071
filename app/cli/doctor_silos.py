"""Checks of `paravent doctor`: silos that answer, logins that may no more than they must, clocks and keys."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, text
from sqlalchemy.exc import DBAPIError

from app.cli.findings import Finding, Place, fault, warning, well
from app.cli.health import see_ledger_key, see_silo
from app.db import Databases, Silo, SiloUnavailable
from app.ledger.models import Event, Leaf
from app.ledger.sequence import newest_checkpoint
from app.vault.half_days import day_of
from app.vault.intake import OVERLAP, IntakeKeyRefused, load_intake_key, validity
from app.vault.models import MailboxEntry
from app.vault.rewrapping import SETTLE
from app.worker.chain import last_anchored

_WAITING = timedelta(hours=24)
_UNPLACED = timedelta(minutes=10)
_UNANCHORED = timedelta(minutes=1)
_SHARE = (
    "start the worker, which signs one each half-day; where patients' pages run on another machine, copy the "
    "folder of public keys there each minute"
)
_ABOVE_RIGHTS = text("SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user")


def silos(place: Place) -> Iterator[Finding]:
    """Check that each silo answers, with the tables of this release."""
    for silo, url in place.settings.databases.items():
        sight = see_silo(place.db, silo, url)
        if sight.well:
            yield well("silos", f"{silo} {sight.said}")
        elif sight.said == "does not answer":
            yield fault(
                "silos", f"{silo} does not answer", f"start its server, or correct PARAVENT_DB_{silo.upper()}"
            )
        else:
            yield fault("silos", f"{silo} {sight.said}", "back it up, then run paravent silos upgrade")


def logins(place: Place) -> Iterator[Finding]:
    """Check that no zone's login stands above the rights of a PostgreSQL server."""
    mighty: list[str] = []
    seen = 0
    for zone, settings in place.zones.items():
        served = {silo: url for silo, url in settings.databases.items() if url.startswith("postgresql")}
        db = Databases(served, 1)
        for silo in served:
            above = _is_above_rights(db, silo)
            seen += above is not None
            mighty += [f"{zone} in {silo}"] if above else []
        db.dispose()
    if mighty:
        yield fault(
            "logins",
            f"these logins stand above every right: {', '.join(mighty)}",
            "give each zone a login of its own that is no superuser and creates no role",
        )
    elif seen:
        yield well("logins", f"none of {seen} login(s) stands above its rights")


def rights(place: Place) -> Iterator[Finding]:
    """Compare what each login may do with what is declared."""
    addresses = place.settings.databases.values()
    if place.settings.zone != "cli" or not all(url.startswith("postgresql") for url in addresses):
        return
    if place.rights is None:
        yield warning("rights", "what each login may do was not compared", "compare it with docs/operate.md")
        return
    try:
        differences = place.rights(place.db)
    except SiloUnavailable as away:
        yield warning("rights", f"they were not compared: {away}", "mend that first")
        return
    for difference in differences:
        yield fault("rights", difference, "run paravent silos upgrade, then paravent silos check")
    if not differences:
        yield well("rights", "each login may do what is declared, and no more")


def clock(place: Place) -> Iterator[Finding]:
    """Check this machine's clock against what was written last: time does not run backwards."""
    ahead = place.now + SETTLE
    if place.keystore is not None:
        to_come = [name for name in place.keystore.names()["secrets"] if name > day_of(ahead)]
        if to_come:
            yield fault(
                "clock",
                f"there is a key of a day to come ({to_come[-1]}): a clock is or was wrong",
                "correct the clock; remove that key once paravent keys status counts nothing under it",
            )
    newest = _newest_event(place)
    if newest is None:
        return
    if newest > ahead:
        yield fault(
            "clock",
            f"the ledger's newest line is of {newest:%Y-%m-%d %H:%M} UTC, and it is {place.now:%H:%M} here",
            "set the clocks of all machines by one time server",
        )
    else:
        yield well("clock", "the clock agrees with the ledger")


def day_keys(place: Place) -> Iterator[Finding]:
    """Check that the worker turned the day's key today."""
    if place.keystore is None:
        return
    begun = [name for name in place.keystore.names()["secrets"] if name <= day_of(place.now + SETTLE)]
    newest = max(begun, default="")
    if newest >= day_of(place.now - SETTLE):
        yield well("keys", "the key of the day is made")
        return
    yield fault(
        "keys",
        f"the newest key of the day is of {newest or 'no day'}: nothing turned it since",
        "start the worker: what was destroyed since is still in reach of an old key",
    )


def intake_key(place: Place) -> Iterator[Finding]:
    """Check that what patients send can be sealed, and to a key that is not closed yet, or about to be."""
    try:
        key = load_intake_key(place.settings.public_keys, place.settings.verify_key, place.now)
    except IntakeKeyRefused as refusal:
        yield fault("intake key", f"patients can't send: {refusal}", _SHARE)
        return
    if validity(key.epoch)[1] - OVERLAP + SETTLE < place.now:
        yield fault("intake key", f"the newest is of {key.epoch}: what is sealed to it may be refused", _SHARE)
        return
    yield well("intake key", "what patients send can be sealed")


def ledger_key(place: Place) -> Iterator[Finding]:
    """Check that what events say can be sealed, this month and from the first minute of the next."""
    sight = see_ledger_key(place.settings, place.now)
    if sight.well:
        yield well("ledger key", "what events say can be sealed, next month too")
        return
    yield fault(
        "ledger key",
        f"nothing can be recorded, and so nothing opened: {sight.said}",
        "check the clock; start the worker, which signs one each month; copy it to zones on another machine",
    )


def mailbox(place: Place) -> Iterator[Finding]:
    """Check that no submission has waited for the worker for a day."""
    if "keys" not in place.answering:
        return
    waiting = select(func.count(), func.min(MailboxEntry.created_at)).select_from(MailboxEntry)
    late = waiting.where(MailboxEntry.created_at < place.now - _WAITING)
    try:
        with place.db.reading("keys") as session:
            count, oldest = session.execute(late).one()
    except (SiloUnavailable, DBAPIError):
        return  # the patient zone's login may not count what it wrote
    if count:
        yield fault(
            "mailbox",
            f"{count} submission(s) wait for the worker, the oldest since {oldest:%Y-%m-%d %H:%M} UTC",
            "start the worker and read its log; nobody has seen these requests",
        )
    else:
        yield well("mailbox", "nothing has waited for a day")


def chain(place: Place) -> Iterator[Finding]:
    """Check that what the ledger recorded today is chained, and that its newest checkpoint is anchored."""
    if "ledger" not in place.answering or place.settings.zone not in ("cli", "worker"):
        return  # the zones that answer people may neither read the ledger nor enter the folder
    placed = exists().where(Leaf.event == Event.id)
    late = Event.at.between(place.now - _WAITING, place.now - _UNPLACED)
    anchored = last_anchored(place.settings.anchors)  # first: the worker may sign meanwhile
    try:
        with place.db.reading("ledger") as session:
            waiting = session.scalar(select(func.count()).select_from(Event).where(late, ~placed))
            newest = newest_checkpoint(session)
    except (SiloUnavailable, DBAPIError):
        return  # `silos` and `rights` say why
    if waiting:
        yield fault(
            "chain",
            f"{waiting} event(s) of the ledger have had no place for ten minutes",
            "start the worker and read its log; then run paravent ledger verify",
        )
    elif newest is not None and newest.size != anchored and newest.at < place.now - _UNANCHORED:
        yield fault(
            "chain",
            f"the newest checkpoint is of {newest.size} events, the last anchored note of {anchored or 'none'}",
            "start the worker, name its folder in PARAVENT_ANCHORS, and run paravent ledger verify",
        )
    else:
        yield well("chain", "what the ledger recorded is chained and anchored")


def _newest_event(place: Place) -> datetime | None:
    if "ledger" not in place.answering:
        return None
    try:
        with place.db.reading("ledger") as session:
            return session.scalar(select(func.max(Event.at)))
    except (SiloUnavailable, DBAPIError):
        return None  # the patient zone writes to the ledger and may not read it


def _is_above_rights(db: Databases, silo: Silo) -> bool | None:
    """Ask the server about the login itself; None when it does not answer."""
    try:
        with db.reading(silo) as session:
            return bool(session.scalar(_ABOVE_RIGHTS))
    except (SiloUnavailable, DBAPIError):
        return None
