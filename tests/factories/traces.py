"""What a journey left in a browser's profile: every file, unpacked, and every cell of every SQLite table."""

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.discretion.lexicon import shipped
from tests.factories.search import forms_of
from tests.factories.unpacked import contents

SQLITE = b"SQLite format 3\0"
_READABLE = re.compile(rb"(?:[\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}){6,}")
_WIDE = re.compile(rb"(?:[\x20-\x7e\xa0-\xff]\x00){3,}")
_LONG_RUN, _LONG_STEM = 16, 6
_WORD = re.compile(r"[^\W\d_]{8,}")


def files_with(profile: Path, texts: Iterable[str]) -> list[str]:
    """Return, for each file that holds one of the texts, packed or not, its path and the text."""
    wanted = [(text, form) for text in texts for form in forms_of(text)]
    found = set()
    for path in _files(profile):
        for held in contents(path.read_bytes()):
            found |= {f"{path.relative_to(profile)}: {text}" for text, form in wanted if form in held}
    return sorted(found)


def betrayals(profile: Path, *, skipping: tuple[str, ...] = ()) -> list[str]:
    """Return, for each file in which the lexicon finds a word, its path and the word. Folders may be skipped."""
    found = set()
    for path in _files(profile):
        name = str(path.relative_to(profile))
        if not name.startswith(skipping):
            found |= {f"{name}: {hit}" for hit in _hits(path)}
    return sorted(found)


def rows(store: Path, query: str) -> list[tuple[object, ...]]:
    """Return the rows of one query on a copy of a browser's SQLite file, with what its journal still holds."""
    with tempfile.TemporaryDirectory() as folder:
        for beside in store.parent.glob(f"{store.name}*"):
            if beside.is_file():
                shutil.copy(beside, folder)
        copy = sqlite3.connect(Path(folder) / store.name)
        found = copy.execute(query).fetchall()
        copy.close()
    return found


def stores(lines: Iterable[str]) -> set[str]:
    """Return where in a profile the lines of a search were found: the file, or the folder of many."""
    return {_store(Path(line.split(": ")[0])) for line in lines}


def _store(path: Path) -> str:
    parts = [part for part in path.parts if part not in ("Default", "Network", "Cache_Data")]
    return re.sub(r"-(journal|wal|shm)$", "", parts[0])


def _files(profile: Path) -> Iterator[Path]:
    return (path for path in sorted(profile.rglob("*")) if path.is_file())


def _hits(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    if raw.startswith(SQLITE):
        for cell in _cells(path):
            yield from shipped().hits(cell) if isinstance(cell, str) else hits_in_bytes(cell)
        return
    for held in contents(raw):
        yield from hits_in_bytes(held)


def hits_in_bytes(held: bytes) -> Iterator[str]:
    """Yield the lexicon's words in bytes of any kind: in what can be read there as UTF-8 or UTF-16.

    Keys, pictures and packed bytes spell a short stem by chance: it counts in a long run of characters, or with
    a long word beside it.
    """
    for run in _READABLE.findall(held):
        text = run.decode("utf-8", "ignore")
        is_text = len(text) >= _LONG_RUN or _WORD.search(text)
        yield from (hit for hit in shipped().hits(text) if is_text or len(hit) >= _LONG_STEM)
    for run in _WIDE.findall(held):
        yield from shipped().hits(run.decode("utf-16-le"))


def _cells(store: Path) -> Iterator[str | bytes]:
    tables = rows(store, "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
    for (table,) in tables:
        for row in rows(store, f'SELECT * FROM "{table}"'):  # noqa: S608 - a name out of the file itself
            yield from (cell for cell in row if isinstance(cell, str | bytes))
