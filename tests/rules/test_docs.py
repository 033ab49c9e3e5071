"""What the documents say exists: settings, files, tests, commands, pages."""

import re
from pathlib import Path

import pytest

from app.config import _read_all
from app.setting_reader import Reader
from tests.rules.sources import ROOT, sources

DOCUMENTS = (*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md")
PATH = re.compile(r"`((?:app|tests|docs|templates|specialties|bench|static|migrations)/[\w./-]+)(?:::(\w+))?`")
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"paravent ([a-z]+)(?: ([a-z]+))?")
SETTING_ROW = re.compile(r"^\| `(PARAVENT_[A-Z0-9_]+)` \| (?:`([^`]*)`|([^|]+?)) \|", re.MULTILINE)


def settings() -> set[str]:
    """Return every setting's full name, as the code asks for them."""
    reader = Reader({})
    _read_all(reader)
    return {f"PARAVENT_{name}" for name in reader._asked}


def defaults() -> dict[str, str]:
    """Return what the table of settings says of each."""
    return {
        name: code or words for name, code, words in SETTING_ROW.findall((ROOT / "docs/operate.md").read_text())
    }


def lost(text: str, folder: Path) -> list[str]:
    """Return the files and tests that a document names and that are not there."""
    named = [(ROOT / path, name) for path, name in PATH.findall(text)]
    linked = [(folder / path, "") for path in LINK.findall(text)]
    return [f"{path.name}{'::' if name else ''}{name}" for path, name in named + linked if not _there(path, name)]


def _there(path: Path, name: str) -> bool:
    return path.exists() and (not name or f"def {name}(" in path.read_text())


def unknown_commands(text: str) -> list[str]:
    """Return the commands a document gives and the command line does not have."""
    said = "".join(file.text for file in sources("app/cli"))
    known = set(re.findall(r"add_parser\(\s*\"([a-z]+)\"", said))
    code = "\n".join(re.findall(r"`([^`]+)`", text)) + "\n".join(re.findall(r"```\n(.*?)```", text, re.DOTALL))
    return [word for words in COMMAND.findall(code) for word in words if word and word not in known]


def test_every_setting_is_in_the_table_and_no_other() -> None:
    assert set(defaults()) == settings()


def test_the_table_says_each_default() -> None:
    source = (ROOT / "app/config.py").read_text()
    numbers = dict(re.findall(r'"([A-Z_]+)": \((\d+), \d+, \d+\)', source))
    numbers |= dict(re.findall(r'reader\.integer\("([A-Z_]+)", (\d+),', source))
    assert len(numbers) > 10
    said = defaults()
    assert {name: said[f"PARAVENT_{name}"] for name in numbers} == numbers


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_names_is_there(document: Path) -> None:
    text = document.read_text()
    assert lost(text, document.parent) == []
    assert unknown_commands(text) == []
    assert set(re.findall(r"PARAVENT_[A-Z0-9_]*[A-Z0-9]", text)) - settings() <= {"PARAVENT_DB"}


def test_what_is_lost_is_seen() -> None:
    assert lost("see `app/nowhere.py` and `tests/rules/test_docs.py::test_none` and [x](gone.md)", ROOT) == [
        "nowhere.py",
        "test_docs.py::test_none",
        "gone.md",
    ]
    assert unknown_commands("`paravent profiles fly`") == ["fly"]
