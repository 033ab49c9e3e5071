"""A bucket whose objects can't be changed or deleted before their day, not even by who put them (S3 object lock).

Names end in a size of fifteen figures, so that a listing is in the order of the ledger. A version stays under what
is put or deleted over it: so all versions are read, and a deletion hides nothing. Each call is one short try.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509

from app.anchor_settings import SHORTEST_DAYS, BucketAddress
from app.config import SettingsError

NOTES, STAMPS = ("notes/", ".notes"), ("stamps/", ".tsr")
"""The folders of an anchor bucket, each with how its names end. A note is kept with the empty line after it."""
Kind = tuple[str, str]

_CONNECT_SECONDS, _READ_SECONDS = 3, 5
_FIGURES = 15
_LAST_SIZE = 10**_FIGURES - 1
_TAKEN = "PreconditionFailed"
_UNLOCKED = "ObjectLockConfigurationNotFoundError"
_CLOCKS_DIFFER = timedelta(days=1)
_LARGEST = 1 << 20
"""No object of ours comes near a mebibyte; what is larger is not read."""
_CODE = re.compile("[A-Za-z]{1,40}", re.ASCII)
"""What the code of a server's refusal looks like. It is a stranger's word, and repeated only so."""
_BUSY = (409, 429)


class BucketAway(Exception):
    """The bucket's server does not answer, or says that it is in trouble or busy; `why` is one word of code."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the bucket of anchors does not answer ({why}): it is tried again; check PARAVENT_ANCHORS_S3"
        )


class BucketRefused(Exception):
    """The bucket's server refuses us: a wrong key or secret, a right that lacks, a bucket that is not there."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the bucket of anchors refuses ({why}): check PARAVENT_ANCHORS_S3, its key, secret and region, and "
            "the rights that docs/ledger.md lists"
        )


class BucketUnlocked(Exception):
    """The bucket locks nothing, and nothing is put; or it did not lock what was put, which is no anchor then."""

    def __init__(self) -> None:
        super().__init__(
            "the bucket of anchors does not lock its objects (COMPLIANCE): make one with object lock, and "
            "name it in PARAVENT_ANCHORS_S3"
        )


class BucketTaken(Exception):
    """An object of that name holds something else, or is not locked as ours are."""

    def __init__(self) -> None:
        super().__init__(
            "the bucket of anchors holds another object under a name of ours: somebody else writes there. Keep it, "
            "and name another folder in PARAVENT_ANCHORS_S3"
        )


class Bucket:
    """The bucket that the settings name. The library for it is loaded when it is first asked."""

    def __init__(self, address: BucketAddress) -> None:
        """Take the settings. Raises SettingsError for an authority's certificate that can't be read."""
        _check_readable(address)
        self._address, self._known = address, dict[Kind, int]()
        self._s3: Any = None

    def keep(self, kind: Kind, size: int, content: bytes, now: datetime) -> bool:
        """Put an object, locked from now on; return False when it was there, the same, and locked.

        Raises BucketUnlocked, BucketTaken, BucketAway, BucketRefused. Nothing is ever overwritten.
        """
        self._check_locks()
        name, until = self.name_of(kind, size), now + timedelta(days=self._address.days)
        answer = self._call(
            "put_object",
            taken=True,
            Key=name,
            Body=content,
            IfNoneMatch="*",
            ContentType="application/octet-stream",
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=until,
        )
        if answer is None:
            self._check_same(name, content)
        elif not self._is_locked(name, answer.get("VersionId"), self._address.days):
            raise BucketUnlocked  # The server took it and did not lock it: some ignore what they don't know.
        return answer is not None

    def newest(self, kind: Kind) -> int | None:
        """Return the largest size that an object was ever put for, a deleted one too; None before the first.

        It asks for what comes after the last known, in strides: some forty short questions the first time, then
        one. Raises BucketAway, BucketRefused.
        """
        last, stride = self._known.get(kind, -1), 1
        while stride:
            found = self._first_after(kind, last + stride - 1)
            if found is not None:
                last, stride = found, stride * 2
            else:
                stride //= 2
        if last < 0:
            return None
        self._known[kind] = last
        return last

    def contents(self, kind: Kind, size: int) -> list[bytes]:
        """Return what every version of an object holds, the newest first. Raises BucketAway, BucketRefused."""
        return [content for _, content in self._versions(self.name_of(kind, size))]

    def sizes(self, kind: Kind, since: datetime | None = None) -> Iterator[int]:
        """Yield the size of each object, in order; with `since`, of those that came then or later.

        Raises BucketAway, BucketRefused.
        """
        last = -1
        for one in self._listed(self._prefix(kind)):
            size = self._size(kind, one["Key"])
            if size is not None and size != last and (since is None or one["LastModified"] >= since):
                yield size
                last = size

    def name_of(self, kind: Kind, size: int) -> str:
        """Return an object's name in the bucket: neutral, and in order."""
        return f"{self._prefix(kind)}{file_name(kind, size)}"

    def _prefix(self, kind: Kind) -> str:
        return self._address.folder + kind[0]

    def _size(self, kind: Kind, name: str) -> int | None:
        """Return the size a name tells; None for a name that is none of ours."""
        figures = name.removeprefix(self._prefix(kind)).removesuffix(kind[1])
        known = len(figures) == _FIGURES and figures.isascii() and figures.isdigit()
        return int(figures) if known and name == self.name_of(kind, int(figures)) else None

    def _first_after(self, kind: Kind, size: int) -> int | None:
        """Return the smallest size above one that has an object or had one; strangers' names are passed over."""
        if size >= _LAST_SIZE:
            return None  # A name of more figures would come before all others.
        marker = self.name_of(kind, size) if size >= 0 else ""
        while True:
            page = self._call("list_object_versions", Prefix=self._prefix(kind), KeyMarker=marker, MaxKeys=1)
            names = [one["Key"] for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))]
            if not names:
                return None
            marker = names[0]
            if (found := self._size(kind, marker)) is not None:
                return found

    def _listed(self, prefix: str) -> Iterator[dict[str, Any]]:
        page: dict[str, Any] = {"NextKeyMarker": "", "NextVersionIdMarker": "", "IsTruncated": True}
        while page.get("IsTruncated"):
            version = page.get("NextVersionIdMarker")
            after = {"KeyMarker": page["NextKeyMarker"]} | ({"VersionIdMarker": version} if version else {})
            page = self._call("list_object_versions", Prefix=prefix, **after)
            yield from page.get("Versions", ())

    def _versions(self, name: str) -> Iterator[tuple[str, bytes]]:
        for one in self._listed(name):
            if one["Key"] == name and one["Size"] <= _LARGEST:
                yield one["VersionId"], self._read(name, one["VersionId"])

    def _read(self, name: str, version: str) -> bytes:
        from botocore.exceptions import BotoCoreError
        from urllib3.exceptions import HTTPError

        body = self._call("get_object", Key=name, VersionId=version)["Body"]
        try:
            content: bytes = body.read(_LARGEST)
        except (BotoCoreError, HTTPError, OSError) as cause:
            raise BucketAway(type(cause).__name__) from cause
        return content

    def _check_locks(self) -> None:
        answer = self._call("get_object_lock_configuration")
        if answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") != "Enabled":
            raise BucketUnlocked

    def _check_same(self, name: str, content: bytes) -> None:
        """Raise BucketTaken unless a version is ours: these bytes, locked for what any setting would have locked.

        It may have been put when PARAVENT_ANCHORS_S3_DAYS said less than now.
        """
        kept = (version for version, found in self._versions(name) if found == content)
        if not any(self._is_locked(name, version, SHORTEST_DAYS) for version in kept):
            raise BucketTaken

    def _is_locked(self, name: str, version: str | None, days: int) -> bool:
        """Say whether a version was locked for so many days when it came. The server's clock may differ by one."""
        if version is None:
            return False
        head = self._call("head_object", Key=name, VersionId=version)
        wanted: datetime = head["LastModified"] + timedelta(days=days) - _CLOCKS_DIFFER
        locked = head.get("ObjectLockRetainUntilDate")
        return head.get("ObjectLockMode") == "COMPLIANCE" and locked is not None and bool(locked >= wanted)

    def _call(self, what: str, *, taken: bool = False, **given: Any) -> Any:
        """Ask the server once. With `taken`, None says that there is an object of that name."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            if self._s3 is None:
                self._s3 = _client(self._address)
            return getattr(self._s3, what)(Bucket=self._address.bucket, **given)
        except ClientError as error:
            code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            if taken and code == _TAKEN:
                return None
            raise _fault_of(code, status) from error
        except (BotoCoreError, ResponseParserError, OSError) as cause:
            raise BucketAway(type(cause).__name__) from cause


def file_name(kind: Kind, size: int) -> str:
    """Return the name under which an anchor of that size is kept, in a bucket and in a folder alike."""
    return f"{size:0{_FIGURES}d}{kind[1]}"


def _fault_of(code: str, status: int) -> Exception:
    """Return what a server's answer means: a code in its body, and the status of HTTP."""
    if code == _UNLOCKED:
        return BucketUnlocked()
    why = code if _CODE.fullmatch(code) else str(status)
    return BucketAway(why) if status >= 500 or status in _BUSY else BucketRefused(why)


def _check_readable(address: BucketAddress) -> None:
    try:
        if address.authority is not None:
            x509.load_pem_x509_certificates(address.authority.read_bytes())
    except (OSError, ValueError):
        raise SettingsError(["PARAVENT_ANCHORS_S3_CA must name a file with certificates (PEM)"]) from None


def _client(address: BucketAddress) -> Any:
    """Return a client that takes nothing from the machine: no profile, no file, no role of a cloud's computer.

    Of the environment it reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY. It would read AWS_PROFILE, AWS_CA_BUNDLE,
    REQUESTS_CA_BUNDLE and some thirty more: each of these variables is declared again as one that has no name.
    """
    import boto3
    import botocore.session
    from botocore.config import Config

    known = botocore.session.Session.SESSION_VARIABLES
    nameless = {name: (None, None, default, read) for name, (_, _, default, read) in known.items()}
    session = botocore.session.Session(session_vars=nameless)
    for name in ("config_file", "credentials_file"):
        session.set_config_variable(name, "/dev/null")
    return boto3.session.Session(
        aws_access_key_id=address.key, aws_secret_access_key=address.secret, botocore_session=session
    ).client(
        "s3",
        endpoint_url=address.endpoint,
        verify=str(address.authority) if address.authority else True,
        region_name=address.region,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
    )
