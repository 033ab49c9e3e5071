"""Where the ledger's signed notes go outside: a bucket of locked objects, an authority that stamps their time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from app.setting_reader import PREFIX, Reader

_BUCKET, _DAYS = "ANCHORS_S3", 400
SHORTEST_DAYS, _LONGEST_DAYS = 2, 36500
"""The least and the most days that an object may be set to stay locked."""
_ZONES_THAT_ANCHOR = ("worker", "cli")


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """A bucket on an S3 server, the folder in it, who we are there, and how many days an object stays locked.

    `authority` is a file (PEM) with the one that certified the server; without, those that the library brings.
    """

    endpoint: str
    bucket: str
    folder: str
    key: str
    secret: str = field(repr=False)
    region: str
    days: int
    authority: Path | None = None


@dataclass(frozen=True, slots=True)
class StampAuthority:
    """An authority of RFC 3161: where it answers, and the certificates that its own must come from (PEM)."""

    address: str
    roots: Path


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where signed notes go besides the folder of anchors; None where nothing was set."""

    bucket: BucketAddress | None = None
    authority: StampAuthority | None = None


NOWHERE = Elsewhere()
"""Nothing but the folder of anchors."""


def read_elsewhere(reader: Reader, zone: str) -> Elsewhere:
    """Read both; faults stay with the reader. The zones that answer people are given none of it."""
    elsewhere = Elsewhere(_bucket(reader), _authority(reader))
    if zone not in _ZONES_THAT_ANCHOR and (elsewhere.bucket or elsewhere.authority):
        reader.faults.append(f"{PREFIX}{_BUCKET} and {PREFIX}TSA are for the worker and the command line alone")
    return elsewhere


def _bucket(reader: Reader) -> BucketAddress | None:
    address, region = reader.optional(_BUCKET), reader.text(f"{_BUCKET}_REGION", "us-east-1")
    key, secret = reader.optional(f"{_BUCKET}_KEY"), reader.optional(f"{_BUCKET}_SECRET")
    ca = reader.optional_path(f"{_BUCKET}_CA")
    days = reader.integer(f"{_BUCKET}_DAYS", _DAYS, SHORTEST_DAYS, _LONGEST_DAYS)
    if not _together(reader, {_BUCKET: address, f"{_BUCKET}_KEY": key, f"{_BUCKET}_SECRET": secret}):
        return None
    parts = urlsplit(address or "")
    bucket, _, folder = parts.path.strip("/").partition("/")
    if not bucket or not _is_web(address, "https") or parts.query or parts.fragment:
        reader.faults.append(
            f"{PREFIX}{_BUCKET} must be an address such as https://s3.example.org/bucket/folder; "
            "http only on this machine"
        )
        return None
    folder = f"{folder}/" if folder else ""
    where = f"{parts.scheme}://{parts.netloc}"
    return BucketAddress(where, bucket, folder, key or "", secret or "", region, days, ca)


def _authority(reader: Reader) -> StampAuthority | None:
    address, roots = reader.optional("TSA"), reader.optional_path("TSA_CA")
    if not _together(reader, {"TSA": address, "TSA_CA": str(roots) if roots else None}):
        return None
    if not _is_web(address, "http", "https"):  # What it answers is signed: plain http hides and spoils nothing.
        reader.faults.append(f"{PREFIX}TSA must be an address such as http://tsa.example.org/stamp")
        return None
    return StampAuthority(address or "", roots or Path())


def _together(reader: Reader, given: dict[str, str | None]) -> bool:
    """Say whether all were given; name each that is missing where some were."""
    missing = [name for name, value in given.items() if value is None]
    if len(missing) < len(given):
        reader.faults += [f"{PREFIX}{name} is missing: it goes with {_others(given, name)}" for name in missing]
    return not missing


def _others(given: dict[str, str | None], name: str) -> str:
    return " and ".join(f"{PREFIX}{other}" for other in given if other != name)


def _is_web(address: str | None, *schemes: str) -> bool:
    """Say whether this is an address of one of the schemes, or plain http on this machine; no user may be in it."""
    try:
        parts = urlsplit(address or "")
        host = parts.hostname
        named = bool(host) and "@" not in parts.netloc and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return named and (parts.scheme in schemes or (parts.scheme == "http" and _is_here(host or "", ("localhost",))))


def _is_here(host: str, names: Sequence[str]) -> bool:
    try:
        return host in names or ip_address(host).is_loopback
    except ValueError:
        return False
