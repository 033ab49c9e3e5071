"""Verifies a bundle of the ledger and trusts nobody: one file, which imports nothing of Paravent. Copy it alone.

    python verify.py --key HEX [--anchors FOLDER] bundle.jsonl
It needs Python 3.11 or later and `cryptography`. HEX is the ledger's public key, had long ago and kept since then.
docs/ledger.md has the formats. Exit status: 0 sound, 1 faults, 2 unreadable. Memory: some 200 bytes an event.
"""

import argparse
import base64
import hashlib
import hmac
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NAME = "paravent-ledger"
NOTE = re.compile(
    rf"({NAME}\n(0|[1-9]\d*)\n([A-Za-z0-9+/]{{43}}=)\nat (\S{{32}}) after (0|[1-9]\d*)\n)"
    rf"\n\N{{EM DASH}} {NAME} ([A-Za-z0-9+/]{{91}}=)\n",
    re.ASCII,
)
COLUMNS, KEY_INFO = ("event", "at", "zone", "name", "subjects"), b"paravent sealed 1 key commitment"
UNDER_WAY, PLACED_WITHIN = timedelta(minutes=1), timedelta(hours=2)  # on its way to the database; waiting there
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


class _Tree:  # so far, by the roots of its perfect subtrees (RFC 9162)
    def __init__(self) -> None:
        self.size, self.peaks = 0, list[bytes]()

    def append(self, leaf: bytes) -> None:
        height = self.size
        while height & 1:
            leaf, height = hashlib.sha256(b"\x01" + self.peaks.pop() + leaf).digest(), height >> 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
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
    """Read every note of a folder's files, smallest tree first. Raises OSError."""
    heads, left = list[_Head](), ""  # left unfinished by a killed worker: no fault, as it is written again after it
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


class _Writer:  # the counts of one: 1, 2, 3… in any order, without those it tells were never written
    def __init__(self) -> None:
        self._next, self._ahead, self._unwritten = 1, dict[int, str](), set[int]()

    def see(self, count: int, at: str, unwritten: Iterable[tuple[int, int]]) -> bool:  # whether it was not seen yet
        fresh = count in self._unwritten or self._next <= count not in self._ahead
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

    def gaps(self, settled: str) -> Iterator[str]:  # counts missing below an event that is no younger than that
        last = max((count for count, at in self._ahead.items() if at <= settled), default=0)
        expected = self._next
        for count in sorted(self._ahead.keys() | self._unwritten):
            if expected < count <= last:
                yield f"{expected} to {count - 1}"
            expected = max(expected, count + 1)


class Verifier:
    """Judges a bundle line by line."""

    def __init__(self, notes: Notes, anchors: list[_Head], faults: Faults) -> None:
        self._notes, self._anchors, self.faults = notes, anchors[::-1], faults
        self.tree, self.writers, self.waiting, self.checkpoints = _Tree(), dict[str, _Writer](), 0, 0
        self._last = _Head(0, b"", LONG_AGO, 0)  # times are measured by its: signed, not some zone's own word
        self._seen, self._place, self._number, self._end = set[bytes](), 0, 0, -1
        self._keys, self.closed = dict[str, tuple[str, bytes | None]](), Counter[tuple[str, str]]()  # month, and id

    def read(self, lines: Iterable[bytes]) -> None:
        """Read a whole bundle. Raises Unreadable when it is none, or is cut."""
        for self._number, line in enumerate(lines, 1):
            try:
                self._line(json.loads(line), self._number)
            except _UNLIKE:
                self.faults.append(("form", f"line {self._number}"))
        if self._end != self._number:
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
        elif kind == "event_key":
            self._event_key(entry, number)
        elif kind == "end" and entry["lines"] == number - 1:
            self._end = number
        elif number > 1:
            raise ValueError

    def _placed(self, entry: dict[str, Any]) -> None:
        where = f"position {int(entry['position'])}"
        self._demand(entry["position"] == self._place and not self.waiting, "order", f"{where}, not {self._place}")
        self._place = entry["position"] + 1
        self.tree.append(_hash(entry["leaf"]))
        while self._anchors and self._anchors[-1].size <= self.tree.size:
            self._demand(self._anchors.pop().root == self.tree.root(), "anchored root", f"size {self.tree.size}")
        self._demand(entry["payload"] is not None, "payload gone", where)
        if entry["payload"] is not None:
            self._content(entry, where)

    def _waiting(self, entry: dict[str, Any]) -> None:
        self.waiting += 1
        where = f"waiting event {self.waiting}"
        late = datetime.fromisoformat(self._last.at) - datetime.fromisoformat(entry["at"]) > PLACED_WITHIN
        self._demand(not late, "passed over", where)
        self._content(entry, where)

    def _content(self, entry: dict[str, Any], where: str) -> None:
        """Judge an event by itself: leaf against payload, columns against payload, its writer's count."""
        datetime.fromisoformat(entry["at"])
        written = hashlib.sha256(b"\x00" + _hash(entry["salt"]) + entry["payload"].encode()).hexdigest()
        self._demand(written == entry["written"] == (entry["leaf"] or written), "leaf", where)
        said = json.loads(entry["payload"])
        if said["schema"] == 3:
            said["subjects"] = self._subjects(said, where)
        self._demand(all(said[column] == entry[column] for column in COLUMNS), "columns", where)
        event, fresh = UUID(said["event"]).bytes, True
        if said["schema"] in (2, 3):
            writer = self.writers.setdefault(said["writer"], _Writer())
            fresh = writer.see(said["count"], entry["at"], said["unwritten"])
        elif said["schema"] != 1:
            raise ValueError
        self._demand(event not in self._seen and fresh, "twice", where)
        self._seen.add(event)

    def _event_key(self, entry: dict[str, Any], number: int) -> None:
        """Take note of a key that events are sealed under: its id commits to its month and its sealed form."""
        month = f"{datetime.fromisoformat(entry['month'] + '-01'):%Y-%m}"
        said = f"paravent event key 1 {entry['month']} ".encode() + base64.b64decode(entry["envelope"])
        self._demand(UUID(bytes=hashlib.sha256(said).digest()[:16]) == UUID(entry["id"]), "key", f"line {number}")
        self._keys[entry["id"]] = month, _hash(entry["key"]) if entry["key"] else None

    def _subjects(self, said: dict[str, Any], where: str) -> Any:
        """Return whom a sealed event concerns if its key was released, else nobody, as its columns then say."""
        sealed = base64.b64decode(said.pop("sealed"), validate=True)
        month, key = self._keys.get(said["key"], ("", None))
        self._demand(month == said["at"][:7], "key" if month else "key gone", where)
        if key is None:
            self.closed[month, said["key"]] += 1
            return []
        drawn = hmac.digest(sealed[1:33], key, "sha256")
        own = hmac.digest(drawn, KEY_INFO + b"\x01", "sha256")
        with suppress(*_UNLIKE, InvalidTag):
            bound = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
            padded = AESGCM(own).decrypt(sealed[33:45], sealed[77:], bound)
            self._demand(hmac.digest(drawn, own + KEY_INFO + b"\x02", "sha256") == sealed[45:77], "sealed", where)
            return json.loads(padded[4 : 4 + int.from_bytes(padded[:4], "big")])["subjects"]
        return self._demand(well=False, kind="sealed", where=where)

    def _checkpoint(self, entry: dict[str, Any], head: _Head | None) -> None:
        self.checkpoints += 1
        where = f"checkpoint of size {int(entry['size'])}"
        if head is None:
            self.faults.append(("signature", where))
            return
        self._demand([*head[:3]] == [entry["size"], _hash(entry["root"]), entry["at"]], "columns", where)
        self._demand(head.after == self._last.size < head.size and head.at >= self._last.at, "order", where)
        fits = (head.size, head.root) == (self.tree.size, self.tree.root())
        self._demand(fits, "root", f"{where}, after {self.tree.size} events")
        frontier = head.size.to_bytes(8, "big") + b"".join(self.tree.peaks)
        self._demand(not fits or frontier.hex() == entry["frontier"], "frontier", where)
        self._last = head

    def _demand(self, well: bool, kind: str, where: str) -> None:
        if not well:
            self.faults.append((kind, where))

    def _finish(self) -> None:
        size, last = self.tree.size, self._last.size
        self._demand(size <= last, "unsigned", f"positions {last} to {size - 1}")
        self.faults += [("cut", f"{one.size} events were anchored, {size} are here") for one in self._anchors[::-1]]
        settled = (datetime.fromisoformat(self._last.at) - UNDER_WAY).isoformat(timespec="microseconds")
        for name, writer in self.writers.items():
            self.faults += [("gap", f"writer {name!a}, counts {gap}") for gap in writer.gaps(settled)]


def _hash(text: str) -> bytes:
    if len(raw := bytes.fromhex(text)) != 32:
        raise ValueError
    return raw


def report(found: Verifier, anchors: int) -> str:
    """Return what was checked, the first faults, the verdict, and what can't be known."""
    counts = f"{found.tree.size} events in order, {found.waiting} waiting for a place, {found.checkpoints} "
    counts += f"checkpoints, {anchors} anchored notes, {len(found.writers)} writers"
    lines = [counts, *(f"  {kind}: {where}" for kind, where in found.faults[:SHOWN])]
    closed, months = found.closed, ", ".join(sorted({month or "unknown" for month, _key in found.closed}))
    lines += [f"{closed.total()} events under {len(closed)} closed keys, of months {months}"] if closed else []
    told = ", ".join(f"{count} {kind}" for kind, count in Counter(kind for kind, _ in found.faults).items())
    end = "after the last anchored note" if anchors else "at the end (give --anchors)"
    unknown = f"Can't be known: what was never recorded, and what was cut off {end}.\n"
    return "\n".join([*lines, f"FAULTS: {told}" if told else "sound", unknown])


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify the bundle that the command line names, and say what was found."""
    parser = argparse.ArgumentParser(prog="verify.py", description="Verify a bundle of the ledger.")
    parser.add_argument("bundle", help="file, or - for standard input")
    parser.add_argument("--key", required=True, type=bytes.fromhex, help="public key you pinned, in hexadecimal")
    parser.add_argument("--anchors", type=Path, help="folder of anchored notes")
    given, faults = parser.parse_args(arguments), Faults()
    try:
        notes = Notes(given.key)
        anchors = anchored(given.anchors, notes, faults) if given.anchors else []
        found = Verifier(notes, anchors, faults)
        with sys.stdin.buffer if given.bundle == "-" else open(given.bundle, "rb") as lines:
            found.read(lines)
        if given.anchors and not anchors and found.checkpoints:
            faults.append(("anchor", "the folder holds no note"))
    except (Unreadable, OSError, ValueError) as error:
        sys.stdout.write(f"unreadable: {error}\n")
        return 2
    sys.stdout.write(report(found, len(anchors)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
