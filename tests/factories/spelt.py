"""Words that are nowhere else, and keys, looked for in every spelling in which software might keep them.

All words of a run begin alike, so that one look finds any of them, whole or cut. What gzip packed is unpacked.
"""

import base64
import secrets
import string
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.factories.unpacked import contents

_STEM, _REST = 12, 8
SLICE = 1 << 24
"""A larger file is read in pieces of so many bytes."""
_OVERLAP = 1 << 10
GZIP = b"\x1f\x8b\x08"
"""How something begins that gzip packed."""
_ARGUMENTS = 1000
Spellings = Mapping[str, frozenset[bytes]]
"""For each thing looked for, how it would stand in a file."""


def _letters(number: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(number))


@dataclass
class Words:
    """The words of one run. `plain` fits an address; `accented` is spelt differently by each encoding."""

    stem: str = field(default_factory=lambda: _letters(_STEM))
    given: list[str] = field(default_factory=list)

    def plain(self) -> str:
        """Return a new word of letters."""
        self.given.append(self.stem + _letters(_REST))
        return self.given[-1]

    def accented(self) -> str:
        """Return a new word with an accent within its beginning."""
        self.given.append(self.accented_stem + _letters(_REST))
        return self.given[-1]

    def phone(self) -> str:
        """Return a new telephone number."""
        self.given.append("07" + "".join(secrets.choice(string.digits) for _ in range(8)))
        return self.given[-1]

    @property
    def accented_stem(self) -> str:
        """How every accented word begins."""
        return f"{self.stem[: _STEM // 2]}é{self.stem[_STEM // 2 :]}"

    def spellings(self) -> Spellings:
        """Return what finds any of the words."""
        phones = [word for word in self.given if word.isdigit()]
        return {word: spellings_of_text(word) for word in (self.stem, self.accented_stem, *phones)}


def spellings_of_text(word: str) -> frozenset[bytes]:
    """Return a word as UTF-8, Latin-1, UTF-16, JSON, percent and hexadecimal signs, and base64 at any offset."""
    plain = word.encode()
    found = {plain, plain.upper(), word.encode("latin-1"), word.encode("utf-16-le"), word.encode("utf-16-be")}
    found |= {quote(word, safe="").encode(), "".join(f"%{one:02X}" for one in plain).encode()}
    found |= {word.encode("ascii", "backslashreplace").replace(b"\\x", b"\\u00")}
    found |= {"".join(f"\\u{ord(one):04x}" for one in word).encode()}
    if word.isdigit():
        found |= {f"+33{word[1:]}".encode(), " ".join(word[at : at + 2] for at in range(0, 10, 2)).encode()}
    return frozenset(found) | spellings_of_bytes(plain)


def spellings_of_bytes(raw: bytes) -> frozenset[bytes]:
    """Return bytes as they are, in hexadecimal, and in both base64 alphabets at any offset."""
    inside = {_in_base64(raw, shift) for shift in range(3)}
    other = {one.replace(b"+", b"-").replace(b"/", b"_") for one in inside}
    return frozenset({raw, raw.hex().encode(), raw.hex().upper().encode()} | inside | other)


def _in_base64(raw: bytes, shift: int) -> bytes:
    """Encode bytes as they come out `shift` bytes into others, less the signs their neighbours decide."""
    encoded = base64.b64encode(bytes(shift) + raw + bytes(3))
    begin = -(-shift * 8 // 6)
    return encoded[begin : (shift + len(raw)) * 8 // 6]


def files_with(folders: Iterable[Path], wanted: Spellings) -> list[str]:
    """Return, for each file below some folders that holds something wanted, its path and what."""
    files = list(files_below(folders))
    every = {form for forms in wanted.values() for form in forms}
    suspects = _suspects(files, {max(form.split(b"\n"), key=len) for form in every} | {GZIP})
    return [f"{path}: {name}" for path in files if path in suspects for name in sorted(found_in(path, wanted))]


def _suspects(files: Sequence[Path], patterns: set[bytes]) -> set[Path]:
    """Return the files that hold any pattern of one line: grep looks for a thousand of them at once."""
    found: set[Path] = set()
    for start in range(0, len(files), _ARGUMENTS):
        done = subprocess.run(  # noqa: S603 - a program of every machine, patterns on its input
            ["/usr/bin/grep", "-lasF", "-f", "-", "--", *files[start : start + _ARGUMENTS]],
            input=b"\n".join(patterns),
            stdout=subprocess.PIPE,
            env={"LC_ALL": "C"},
            check=False,
        )
        found |= {Path(line) for line in done.stdout.decode().splitlines()}
    return found


def files_below(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield every file there is now."""
    for folder in folders:
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def found_in(path: Path, wanted: Spellings) -> set[str]:
    """Return what of the wanted a file holds, packed or not. A file that goes meanwhile holds nothing."""
    found: set[str] = set()
    try:
        for piece in pieces(path):
            found |= {name for name, forms in wanted.items() if any(form in piece for form in forms)}
    except FileNotFoundError:
        return set()
    return found


def pieces(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, and what is packed in them; a large one in pieces that overlap."""
    with path.open("rb") as file:
        before = b""
        while read := file.read(SLICE):
            yield from contents(before + read)
            before = read[-_OVERLAP:]


def count_in_memory(process: int, wanted: Spellings) -> dict[str, int]:
    """Count what is wanted in a process's memory: only root may read one that can't be dumped. Raises OSError."""
    counts = dict.fromkeys(wanted, 0)
    for piece in _memory(process):
        for name, forms in wanted.items():
            counts[name] += sum(piece.count(form) for form in forms)
    return counts


def _memory(process: int) -> Iterator[bytes]:
    """Yield each readable region of a process, as it is at that moment."""
    lines = Path(f"/proc/{process}/maps").read_text(encoding="utf-8").splitlines()
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in lines:
            where, rights, *_rest = line.split()
            if "r" not in rights or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            begin, end = (int(one, 16) for one in where.split("-"))
            try:
                memory.seek(begin)
                yield memory.read(end - begin)
            except OSError:
                continue  # it was given back since
