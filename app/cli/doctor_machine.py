"""Checks of `paravent doctor`: what the machine does with memory, disks and certificates."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509

from app.cli.findings import Finding, Place, fault, warning, well

_SCARCE, _NONE = 0.10, 0.02
"""Parts of a disk that are free: below the first it is time to look, below the second silos stop."""
_RENEW_DAYS = 14
_PTRACE_STEP = "set kernel.yama.ptrace_scope to 2; our own processes refuse it by themselves"


def core_dumps(place: Place) -> Iterator[Finding]:
    """Check who receives core dumps. Our own processes forbid theirs; the databases' hold what passes by."""
    pattern = _read(place.proc / "sys/kernel/core_pattern")
    if pattern is None:
        yield warning("core dumps", "it can't be said where core dumps go", "look at kernel.core_pattern by hand")
    elif pattern.startswith("|"):
        yield warning(
            "core dumps",
            "a program receives the core dumps of this machine: ours make none, a database's hold what passed by",
            "set Storage=none in coredump.conf, or kernel.core_pattern to /dev/null",
        )
    else:
        yield well("core dumps", "no program receives core dumps")


def swap(place: Place) -> Iterator[Finding]:
    """Check that memory is not written to a disk in clear."""
    lines = (_read(place.proc / "swaps") or "").splitlines()[1:]
    on_disk = [line.split()[0] for line in lines if line.strip() and not line.startswith("/dev/zram")]
    if on_disk:
        yield warning(
            "swap",
            f"memory may be written to {', '.join(on_disk)}, and keys with it",
            "turn it off (swapoff -a), unless it is encrypted with a key drawn at each start",
        )
    else:
        yield well("swap", "no memory is written to a disk")


def ptrace(place: Place) -> Iterator[Finding]:
    """Check that a process can't look into another of its user."""
    scope = _read(place.proc / "sys/kernel/yama/ptrace_scope")
    if scope is None:
        yield warning("ptrace", "the kernel has no Yama: ptrace is not limited", _PTRACE_STEP)
    elif scope == "0":
        yield warning("ptrace", "a process may look into others of its user", _PTRACE_STEP)
    else:
        yield well("ptrace", f"kernel.yama.ptrace_scope is {scope}")


def disk(place: Place) -> Iterator[Finding]:
    """Check that there is room to write."""
    if not place.settings.var.exists():
        return
    found = os.statvfs(place.settings.var)
    share = found.f_bavail / found.f_blocks if found.f_blocks else 0.0
    said = f"{share:.0%} of the disk of {place.settings.var} is free"
    if share < _NONE:
        yield fault("disk", said, "make room now: silos refuse to write when there is none")
    elif share < _SCARCE:
        yield warning("disk", said, "make room")
    else:
        yield well("disk", said)


def certificate(place: Place) -> Iterator[Finding]:
    """Check how long the certificate given with --certificate lasts."""
    if place.certificate is None:
        return
    ends = _end_of(place.certificate)
    if ends is None:
        yield fault("certificate", f"{place.certificate} can't be read as a certificate", "name a PEM file")
        return
    days = (ends - place.now).days
    said = f"the certificate ends on {ends:%Y-%m-%d}"
    if days < 0:
        yield fault("certificate", said, "renew it now: browsers refuse it")
    elif days < _RENEW_DAYS:
        yield warning("certificate", f"{said}, in {days} day(s)", "renew it, and find out why nothing did")
    else:
        yield well("certificate", f"{said}, in {days} days")


def _end_of(path: Path) -> datetime | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
