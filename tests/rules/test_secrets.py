"""No key, no real address, no real telephone number of a person in the repository."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rules.sources import ROOT, Source

UNREAD = {".git", ".venv", "var", "build", "node_modules", "__pycache__"}
BINARY = {".png", ".pdf", ".woff2", ".ico", ".mo"}
LOCKS = {"requirements.txt", "requirements-dev.txt"}

KEYS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    re.compile(r"\b(?:sk|rk|whsec)_(?:live|test)_[0-9A-Za-z]{16,}"),
    re.compile(r"\bgh[pousr]_[0-9A-Za-z]{30,}"),
    re.compile(r"\beyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}\."),
    re.compile(r"otpauth://[^\s\"']*secret=[A-Z2-7]{16,}"),
    re.compile(r"(?<![0-9A-Fa-f])(?:[0-9a-f]{2}){32,64}(?![0-9A-Fa-f])"),
)
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})")
RESERVED_ADDRESSES = re.compile(
    r"(?:^|\.)(?:example\.(?:org|com|net|fr)|exemple\.fr|(?:\w+\.)?(?:example|test|invalid|localhost))$"
)
"""Domains nobody owns (RFC 2606, RFC 6761), and the French word for them that the forms show."""
NUMBER = re.compile(r"(?<![\w.+])(?:\+33 ?|0)[1-9](?:[ .]?\d{2}){4}(?![\w.])")
NOBODYS_NUMBERS = re.compile(r"^0(?:19900|26191|35301|46571|53649|63998)")
"""Ranges kept for fiction by the French numbering plan (Arcep, décision 2018-0881)."""
PUBLIC_NUMBERS = re.compile(r"^08|^0972394050$|^0153624030$")
"""Free numbers of public services, SOS Amitié's and Santé Info Droits': what a patient is told to call."""


def faults_of_secrets(files: list[Source]) -> list[str]:
    """Return each line that holds key material, or the address or number of somebody."""
    looks: tuple[Callable[[str, str], str], ...] = (_key, _address, _number)
    return [
        f"{file.path}:{number}: {fault}"
        for file in files
        for number, line in enumerate(file.text.splitlines(), 1)
        for look in looks
        if (fault := look(file.path, line))
    ]


def _key(path: str, line: str) -> str:
    found = path not in LOCKS and any(pattern.search(line) and not _dull(pattern, line) for pattern in KEYS)
    return "key material" if found else ""


def _dull(pattern: re.Pattern[str], line: str) -> bool:
    """Say whether the key is plainly none: a few signs repeated."""
    return all(len(set(match[0])) < 6 for match in pattern.finditer(line))


def _address(_path: str, line: str) -> str:
    found = [match[1] for match in ADDRESS.finditer(line)]
    return "" if all(RESERVED_ADDRESSES.search(domain.lower()) for domain in found) else "an address"


def _number(_path: str, line: str) -> str:
    digits = [re.sub(r"\D", "", match[0].replace("+33", "0")) for match in NUMBER.finditer(line)]
    known = all(NOBODYS_NUMBERS.match(number) or PUBLIC_NUMBERS.match(number) for number in digits)
    return "" if known else "a telephone number"


def repository() -> Iterator[Source]:
    """Yield every text file that would be committed."""
    for path in sorted(ROOT.rglob("*")):
        below = path.relative_to(ROOT)
        if path.is_file() and not _skipped(below):
            yield Source(below.as_posix(), path.read_text(encoding="utf-8"))


def _skipped(below: Path) -> bool:
    hidden = any(part in UNREAD or part.endswith((".egg-info", "_cache")) for part in below.parts)
    return hidden or below.suffix in BINARY or below.parts[0] == ".hypothesis"


def test_the_repository_holds_nobodys_secret() -> None:
    files = list(repository())
    assert len(files) > 100
    assert faults_of_secrets(files) == []


WRONG = {  # said in pieces, so that this file does not hold them
    "a private key": "-----BEGIN EC " + "PRIVATE KEY-----",
    "a payment key": "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "a second factor": "otpauth" + "://totp/x?secret=" + "JBSWY3DPEHPK3PXP",
    "a key in hexadecimal": "SALT = '" + "9f86d081884c7d659a2feaa0c55ad015" * 2 + "'",
    "somebody's address": "write to marie.dupont" + "@" + "orange.fr",
    "somebody's mobile": "06 12 34 " + "56 78",
    "somebody's number abroad": "+33 6 12 34 " + "56 78",
}


@pytest.mark.parametrize("planted", WRONG.values(), ids=WRONG.keys())
def test_a_secret_is_seen(planted: str) -> None:
    assert len(faults_of_secrets([Source("docs/x.md", f"before\n{planted}\nafter")])) == 1


@pytest.mark.parametrize(
    "right",
    [
        "marie@example.org",
        "01 99 00 12 34",
        "06 39 98 00 12",
        "+33 6 39 98 00 12",
        "0 800 235 236",
        "bytes.fromhex('00' * 32)",
        "00" * 32,
    ],
)
def test_what_is_nobodys_passes(right: str) -> None:
    assert faults_of_secrets([Source("docs/x.md", right)]) == []
