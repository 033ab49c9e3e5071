"""New events of the ledger are sent to the clinic's SIEM, in the tree's order, each at least once.

How far it got is kept beside the anchors, and moves on only once the receiver confirmed a batch: what was sent and
not confirmed is sent again, under the same event id. A receiver that is away is tried again later and later; the
round runs aside (app/worker/aside.py), so that a slow one keeps nobody waiting.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.config import Siem
from app.db import Databases
from app.ledger.models import Leaf
from app.ledger.sealed import ContentKeys
from app.ledger.siem import placed_from, tell
from app.ledger.syslog import framed, syslog_message
from app.vault.files import replace_private
from app.worker.siem_line import speaking

EVERY = timedelta(seconds=2)
BATCH = 500
"""Most events of one connection: what is sent again when it is cut."""
_BATCHES = 20
"""Most connections of one turn."""
_FILE = "forwarded.json"
_FIRST_DELAY = timedelta(seconds=5)
_LONGEST_DELAY = timedelta(minutes=5)
_NEVER = datetime.min.replace(tzinfo=UTC)
_log = logging.getLogger("paravent.worker")


class ForwardedUnreadable(Exception):
    """The file that says what was sent is damaged."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is damaged: remove it, and every event is sent again")


class NotTaken(Exception):
    """The receiver is away, refused us, or did not confirm what it was sent; the cause says which."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(f"the SIEM did not confirm what it was sent: {cause}")
        self.kind = type(cause).__name__


class OtherLedgerForwarded(Exception):
    """The ledger has another event, or none, where the last one that was sent stood."""

    def __init__(self) -> None:
        super().__init__(
            "the ledger is not the one whose events were sent; no more are. If you restored an older copy, give "
            "PARAVENT_ANCHORS another folder: every event is then sent again"
        )


class Sent(NamedTuple):
    """How many events were sent and confirmed, and the leaf of the last, in hexadecimal."""

    position: int
    leaf: str


class Forwarder:
    """The round, and what it remembers: how often a receiver failed, and until when it is left alone."""

    def __init__(
        self, db: Databases, new_keys: Callable[[], ContentKeys], clock: Clock, siem: Siem, folder: Path
    ) -> None:
        self._db, self._new_keys, self._clock = db, new_keys, clock
        self._siem, self._folder = siem, folder
        self._failures, self._not_before = 0, _NEVER

    def turn(self) -> int:
        """Send what is new unless it is too early to try again; return how many events were confirmed.

        Raises as `send` does, but for NotTaken, which is logged. A place that can't be kept (a full disk) sets back
        too, else the receiver would be sent the same batch at every turn.
        """
        if self._clock() < self._not_before:
            return 0
        try:
            done = self.send()
        except NotTaken as fault:
            self._set_back()
            self._tell_of(fault)
            return 0
        except OSError:
            self._set_back()
            raise
        self._failures = 0
        return done

    def send(self) -> int:
        """Send what is new, batch after batch; return how many events were confirmed.

        Raises NotTaken, OtherLedgerForwarded, ForwardedUnreadable, SiloUnavailable, KeystoreError, and OSError when
        the place can't be kept; what was confirmed before stays so.
        """
        done = 0
        for _ in range(_BATCHES):
            count = self._send_batch()
            done += count
            if count < BATCH:
                break
        return done

    def _send_batch(self) -> int:
        before = sent_so_far(self._folder)
        with self._db.reading("ledger") as session:
            _check_same(session, before)
            frames, after = self._frames(session, before)
        if frames:
            self._say(frames)
            _keep(self._folder, after)
        return len(frames)

    def _frames(self, session: Session, before: Sent) -> tuple[list[bytes], Sent]:
        """Return the next events as they travel, and where that gets us."""
        now, keys, frames, after = self._clock(), self._new_keys(), list[bytes](), before
        for placed in placed_from(session, before.position, BATCH):
            frames.append(framed(syslog_message(tell(placed, now, keys), self._siem.format)))
            after = Sent(placed.position + 1, placed.leaf.hex())
        return frames, after

    def _say(self, frames: list[bytes]) -> None:
        try:
            with speaking(self._siem) as say:
                say(b"".join(frames))
        except OSError as cause:
            raise NotTaken(cause) from cause

    def _set_back(self) -> None:
        """Leave the receiver alone for a while, longer each time."""
        self._failures += 1
        delay = min(_FIRST_DELAY * 2 ** min(self._failures - 1, 12), _LONGEST_DELAY)
        self._not_before = self._clock() + delay

    def _tell_of(self, fault: NotTaken) -> None:
        extra = {"event_id": str(uuid4()), "kind": fault.kind, "count": self._failures}
        _log.warning("the SIEM did not confirm the ledger's events; they will be sent again", extra=extra)


def sent_so_far(folder: Path) -> Sent:
    """Return how far a folder says that events were sent. Raises ForwardedUnreadable."""
    path = folder / _FILE
    try:
        document = json.loads(path.read_bytes())
        sent = Sent(document["position"], document["leaf"])
    except FileNotFoundError:
        return Sent(0, "")
    except (ValueError, KeyError, TypeError):
        raise ForwardedUnreadable(path) from None
    if type(sent.position) is not int or sent.position < 1 or not isinstance(sent.leaf, str):
        raise ForwardedUnreadable(path)
    return sent


def _keep(folder: Path, sent: Sent) -> None:
    """Write durably how far events were sent."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_private(folder / _FILE, json.dumps(sent._asdict()).encode() + b"\n")


def _check_same(session: Session, sent: Sent) -> None:
    if sent.position:
        last = session.scalar(select(Leaf.leaf).where(Leaf.position == sent.position - 1))
        if last is None or last.hex() != sent.leaf:
            raise OtherLedgerForwarded
