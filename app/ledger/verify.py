"""Verifies a bundle of the ledger and trusts nobody: one file, which imports nothing of Paravent. Copy it alone.

    python verify.py --key HEX [--anchors FOLDER] bundle.jsonl

It needs Python 3.11 or later and `cryptography`. HEX is the ledger's public key, had long ago and kept since then.
docs/ledger.md has the formats. Exit status: 0 sound, 1 faults, 2 unreadable. Memory: some 200 bytes an event.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NAME = "paravent-ledger"
NOTE = re.compile(
    rf"({NAME}\n(0|[1-9]\d*)\n([A-Za-z0-9+/]{{43}}=)\nat (\S{{32}}) after (0|[1-9]\d*)\n)"
    rf"\n\N{{EM DASH}} {NAME} ([A-Za-z0-9+/]{{91}}=)\n",
    re.ASCII,
)
COLUMNS = ("event", "at", "zone", "name", "subjects")
UNDER_WAY, PLACED_WITHIN = timedelta(minutes=1), timedelta(hours=2)
"""How long an event may be on its way into the database; and wait there for its place."""
SHOWN, MOST_UNWRITTEN, LONG_AGO = 20, 1_000_000, "1970-01-01T00:00:00.000000+00:00"
Faults = list[tuple[str, str]]  # its kind, and where; never what an event says
_UNLIKE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


class _Head(NamedTuple):
    size: int
    root: bytes
    at: str
    after: int


class Unreadable(Exception):
    """What was given is no bundle, is cut, or can't be opened."""


class Tree:
    """The tree so far, by the roots of its perfect subtrees (RFC 9162)."""

    def __init__(self) -> None:
        self.size, self.peaks = 0, list[bytes]()

    def append(self, leaf: bytes) -> None:
        """Add a leaf's hash."""
        height = self.size
        while height & 1:
            leaf, height = hashlib.sha256(b"\x01" + self.peaks.pop() + leaf).digest(), height >> 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of all leaves so far."""
        root = self.peaks[-1] if self.peaks else hashlib.sha256(b"").digest()
        for peak in reversed(self.peaks[:-1]):
            root = hashlib.sha256(b"\x01" + peak + root).digest()
        return root


class Notes:
    """Reads signed notes (C2SP signed-note) by the one key that is trusted; each is verified once."""

    def __init__(self, key: bytes) -> None:
        self._key, self._verified = Ed25519PublicKey.from_public_bytes(key), set[bytes]()
        self._id = hashlib.sha256(NAME.encode() + b"\n\x01" + key).digest()[:4]

    def read(self, note: str) -> _Head | None:
        """Return what a note says, or None when it is of another form or not signed by the key."""
        if not (found := NOTE.fullmatch(note)):
            return None
        raw, digest = base64.b64decode(found[6]), hashlib.sha256(note.encode()).digest()
        if raw[:4] == self._id and base64.b64encode(raw).decode() == found[6]:
            with suppress(InvalidSignature):
                if digest not in self._verified:
                    self._key.verify(raw[4:], found[1].encode())
                self._verified.add(digest)
                return _Head(int(found[2]), base64.b64decode(found[3]), found[4], int(found[5]))
        return None


def anchored(folder: Path, notes: Notes, faults: Faults) -> list[_Head]:
    """Read every note of a folder's files, smallest tree first. Raises OSError.

    One that a killed worker left unfinished is no fault: it was written again, whole, right after it, or will be.
    """
    heads, left = list[_Head](), ""
    for path in sorted(path for path in folder.iterdir() if path.suffix == ".notes"):
        text, end = path.read_text(encoding="utf-8", errors="replace"), 0
        for found in NOTE.finditer(text):
            left, end = left + text[end : found.start()].strip("\n"), found.end()
            head = notes.read(found[0])
            if head is None or not found[0].startswith(left):
                faults.append(("anchor", f"{path.name}, at or before size {int(found[2])}"))
            heads += [head] if head else []
            left = ""
        left += text[end:].strip("\n")
    if "\N{EM DASH}" in left or left.count("\n") > 4 or not left.startswith(NAME[: len(left)]):
        faults.append(("anchor", "at the end of the last file"))
    return sorted(heads)


class Writer:
    """The counts of one writer: 1, 2, 3… in any order, without those it tells were never written."""

    def __init__(self, start: int) -> None:
        self._start = self._next = start
        self._ahead, self._unwritten = dict[int, str](), set[int]()

    def see(self, count: int, at: str, unwritten: Iterable[tuple[int, int]]) -> bool:
        """Take note of an event; False when its count was seen before."""
        fresh = count in self._unwritten or count < self._start or self._next <= count not in self._ahead
        self._unwritten.discard(count)  # told as unwritten, and written: its commit held and was not answered
        if count >= self._next:
            self._ahead[count] = at
        for first, last in unwritten:
            if len(self._unwritten) + last - first > MOST_UNWRITTEN:
                raise ValueError
            self._unwritten.update(range(first, last + 1))
        while self._next in self._ahead or self._next in self._unwritten:
            self._ahead.pop(self._next, None)
            self._next += 1
        return fresh

    def gaps(self, settled: str) -> Iterator[str]:
        """Yield the counts that are missing below an event no younger than a time, as ranges."""
        last = max((count for count, at in self._ahead.items() if at <= settled), default=0)
        expected = self._next
        for count in sorted(self._ahead.keys() | self._unwritten):
            if expected < count <= last:
                yield f"{expected} to {count - 1}"
            expected = max(expected, count + 1)


class Verifier:
    """Judges a bundle line by line. Payloads may be gone only below a checkpoint earlier than `expired_before`."""

    def __init__(self, notes: Notes, anchors: list[_Head], faults: Faults, expired_before: str) -> None:
        self._notes, self._anchors, self.faults, self._expired_before = notes, anchors, faults, expired_before
        self.tree, self.writers, self.waiting, self.checkpoints = Tree(), dict[str, Writer](), 0, 0
        self._last = _Head(0, b"", LONG_AGO, 0)  # times are measured by its: signed, not some zone's own word
        self._absent, self._seen, self._place, self._anchor, self._end = list[str](), set[bytes](), 0, 0, 0

    def read(self, lines: Iterable[bytes]) -> None:
        """Read a whole bundle. Raises Unreadable when it is none, or is cut."""
        number = 0
        for number, line in enumerate(lines, 1):
            try:
                self._line(json.loads(line), number)
            except _UNLIKE:
                self.faults.append(("form", f"line {number}"))
        if number == 0 or self._end != number:
            raise Unreadable("the bundle is cut: have it exported again")
        self._finish()

    def _line(self, entry: dict[str, Any], number: int) -> None:
        kind = entry["kind"]
        if number == 1 and (kind, entry.get("origin"), entry.get("format")) != ("ledger", NAME, 1):
            raise Unreadable("this is no bundle of a ledger, or one of another format")
        if kind == "event":
            (self._waiting if entry["position"] is None else self._placed)(entry)
        elif kind == "checkpoint":
            self._checkpoint(entry, self._notes.read(entry["note"]))
        elif kind == "end" and entry["lines"] == number - 1:
            self._end = number
        elif number > 1:
            raise ValueError

    def _placed(self, entry: dict[str, Any]) -> None:
        where = f"position {int(entry['position'])}"
        if entry["position"] != self._place or self.waiting:
            self.faults.append(("order", f"{where}, where {self._place} should be"))
        self._place = entry["position"] + 1
        self.tree.append(_hash(entry["leaf"]))
        while self._anchor < len(self._anchors) and self._anchors[self._anchor].size <= self.tree.size:
            if self._anchors[self._anchor].root != self.tree.root():
                self.faults.append(("anchored root", f"size {self.tree.size}"))
            self._anchor += 1
        if entry["payload"] is None:
            self._absent.append(where)
            return
        self.faults += [("leaf", where)] if entry["leaf"] != entry["written"] else []
        self._content(entry, where)

    def _waiting(self, entry: dict[str, Any]) -> None:
        self.waiting += 1
        where = f"waiting event {self.waiting}"
        if entry["at"] < _earlier(self._last.at, PLACED_WITHIN):
            self.faults.append(("passed over", where))
        self._content(entry, where)

    def _content(self, entry: dict[str, Any], where: str) -> None:
        """Judge an event by itself: leaf against payload, columns against payload, its writer's count."""
        datetime.fromisoformat(entry["at"])
        salted = b"\x00" + _hash(entry["salt"]) + entry["payload"].encode()
        if hashlib.sha256(salted).hexdigest() != entry["written"]:
            self.faults.append(("leaf", where))
        said = json.loads(entry["payload"])
        if any(said[column] != entry[column] for column in COLUMNS):
            self.faults.append(("columns", where))
        event, fresh = bytes.fromhex(said["event"].replace("-", "")), True
        if said["schema"] == 2:
            writer = self.writers.setdefault(said["writer"], Writer(said["count"] if self._expired_before else 1))
            fresh = writer.see(said["count"], entry["at"], said["unwritten"])
        elif said["schema"] != 1:
            raise ValueError
        if event in self._seen or not fresh:
            self.faults.append(("twice", where))
        self._seen.add(event)

    def _checkpoint(self, entry: dict[str, Any], head: _Head | None) -> None:
        self.checkpoints += 1
        where = f"checkpoint of size {int(entry['size'])}"
        if head is None:
            self.faults.append(("signature", where))
            return
        if (head.size, head.root.hex(), head.at) != (entry["size"], entry["root"], entry["at"]):
            self.faults.append(("columns", where))
        if head.size <= self._last.size or head.after != self._last.size or head.at < self._last.at:
            self.faults.append(("order", where))
        if (head.size, head.root) != (self.tree.size, self.tree.root()):
            self.faults.append(("root", f"{where}, after {self.tree.size} events"))
        elif (head.size.to_bytes(8, "big") + b"".join(self.tree.peaks)).hex() != entry["frontier"]:
            self.faults.append(("frontier", where))
        self._last = head
        self._judge_absent(head.at)

    def _judge_absent(self, at: str) -> None:
        for where in self._absent if at >= self._expired_before else ():
            self.faults.append(("payload gone", where))
        self._absent.clear()

    def _finish(self) -> None:
        self._judge_absent("~")
        if self.tree.size > self._last.size:
            self.faults.append(("unsigned", f"positions {self._last.size} to {self.tree.size - 1}"))
        for head in self._anchors[self._anchor :]:
            self.faults.append(("cut", f"{head.size} events were anchored, {self.tree.size} are here"))
        for name, writer in self.writers.items():
            for gap in writer.gaps(_earlier(self._last.at, UNDER_WAY)):
                self.faults.append(("gap", f"writer {name!a}, counts {gap}"))


def _hash(text: str) -> bytes:
    if len(raw := bytes.fromhex(text)) != 32:
        raise ValueError
    return raw


def _earlier(at: str, by: timedelta) -> str:
    return (datetime.fromisoformat(at) - by).isoformat(timespec="microseconds")


def report(found: Verifier, anchors: int) -> str:
    """Return what was checked, the first faults, the verdict, and what can't be known."""
    counts = f"{found.tree.size} events in order, {found.waiting} waiting for a place, {found.checkpoints} "
    kinds = Counter(kind for kind, _where in found.faults)
    lines = [f"{counts}checkpoints, {anchors} anchored notes, {len(found.writers)} writers"]
    lines += [f"  {kind}: {where}" for kind, where in found.faults[:SHOWN]]
    lines.append("FAULTS: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()) if kinds else "sound")
    unknown = "after the last anchored note" if anchors else "at the end (give --anchors)"
    return "\n".join([*lines, f"Can't be known: what was never recorded, and what was cut off {unknown}.\n"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify the bundle that the command line names, and say what was found."""
    parser = argparse.ArgumentParser(prog="verify.py", description="Verify a bundle of the ledger.")
    parser.add_argument("bundle", help="file, or - for standard input")
    parser.add_argument("--key", required=True, type=bytes.fromhex, help="public key you pinned, in hexadecimal")
    parser.add_argument("--anchors", type=Path, help="folder of anchored notes")
    parser.add_argument("--expired-before", default="", help="payloads may be gone before this moment, in ISO 8601")
    given, faults = parser.parse_args(arguments), list[tuple[str, str]]()
    try:
        notes = Notes(given.key)
        anchors = anchored(given.anchors, notes, faults) if given.anchors else []
        found = Verifier(notes, anchors, faults, given.expired_before)
        with sys.stdin.buffer if given.bundle == "-" else open(given.bundle, "rb") as lines:
            found.read(lines)
        missing = given.anchors and not anchors and found.checkpoints
        faults += [("anchor", "the folder holds no note")] if missing else []
    except (Unreadable, OSError, ValueError) as error:
        sys.stdout.write(f"unreadable: {error}\n")
        return 2
    sys.stdout.write(report(found, len(anchors)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
