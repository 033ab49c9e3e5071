"""Time stamps of an outside authority (RFC 3161): that a signed note was there at a time which is not our own word.

A token is verified against the pinned authority before it is kept, and again whenever somebody asks.
"""

import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError

from cryptography import x509

from app.anchor_settings import StampAuthority
from app.clock import Clock
from app.config import SettingsError

_SECONDS = 5
_WHOLE = timedelta(seconds=15)
_LARGEST = 1 << 16
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class AuthorityAway(Exception):
    """The authority does not answer, or answers something else; `why` is one word of code."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the authority of time stamps does not answer ({why}): it is asked again; check PARAVENT_TSA"
        )


class StampRefused(Exception):
    """A token that does not prove that this note was there: altered, of something else, or of another authority."""

    def __init__(self) -> None:
        super().__init__(
            "a time stamp does not hold: it is altered, of another note, or not of the authority in "
            "PARAVENT_TSA_CA. It is not counted"
        )


@dataclass(frozen=True, slots=True)
class Authority:
    """Where to ask, and the pinned certificates: self-signed ones are trusted, others only lead to them."""

    address: str
    certificates: Sequence[x509.Certificate]

    @classmethod
    def of(cls, settings: StampAuthority) -> "Authority":
        """Read the pinned certificates. Raises SettingsError."""
        try:
            certificates = x509.load_pem_x509_certificates(settings.roots.read_bytes())
        except (OSError, ValueError):
            certificates = []
        if not any(one.issuer == one.subject for one in certificates):
            raise SettingsError(["PARAVENT_TSA_CA must name a file with the authority's root certificate (PEM)"])
        return cls(settings.address, certificates)

    def stamp(self, content: bytes, clock: Clock) -> bytes:
        """Have some bytes stamped; return the answer, verified. Only their SHA-256 leaves.

        Raises AuthorityAway, StampRefused.
        """
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        asked = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256)
        request = asked.nonce(nonce=True).cert_request(cert_request=True).build()
        answer = _asked(self.address, request.as_bytes(), clock)
        self.verify(answer, content, request.nonce)
        return answer

    def verify(self, answer: bytes, content: bytes, nonce: int | None = None) -> datetime:
        """Return the time at which the authority had seen these bytes. Raises StampRefused.

        The authority's certificates have to be valid at that time, not now.
        """
        try:
            found = _read(answer)
            self._verifier(nonce).verify(found, sha256(content).digest())
            at: datetime = found.tst_info.gen_time
        except Exception:  # Whatever the libraries say of strange bytes, they are no proof.
            raise StampRefused from None
        return at

    def _verifier(self, nonce: int | None) -> Any:
        from rfc3161_client import VerifierBuilder

        roots = [one for one in self.certificates if one.issuer == one.subject]
        others = [one for one in self.certificates if one.issuer != one.subject]
        return VerifierBuilder(roots=roots, intermediates=others, nonce=nonce).build()


def time_in(answer: bytes) -> datetime:
    """Return the time that a token claims, unverified. Raises StampRefused when it is none."""
    try:
        at: datetime = _read(answer).tst_info.gen_time
    except Exception:
        raise StampRefused from None
    return at


def _read(answer: bytes) -> Any:
    """Parse an answer. Its certificates are put in the order of DER first, which many authorities do not keep.

    They are not under the signature; the library reads them in no other order.
    """
    from asn1crypto.tsp import TimeStampResp
    from rfc3161_client import decode_timestamp_response

    response = TimeStampResp.load(answer, strict=True)
    signed = response["time_stamp_token"]["content"]
    signed["certificates"] = sorted(signed["certificates"], key=_encoded)
    return decode_timestamp_response(response.dump())


def _encoded(certificate: Any) -> bytes:
    encoded: bytes = certificate.dump()
    return encoded


def _asked(address: str, query: bytes, clock: Clock) -> bytes:
    """Post a query and return the answer, as long as it is one and comes within seconds. Raises AuthorityAway."""
    request = urllib.request.Request(address, query, {"Content-Type": _QUERY})  # noqa: S310 - http or https, by the settings
    until, answer = clock() + _WHOLE, b""
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as reply:  # noqa: S310 - the same
            is_answer = reply.headers.get_content_type() == _REPLY
            while is_answer and clock() < until and (part := reply.read1(_LARGEST)):
                answer += part
                is_answer = len(answer) <= _LARGEST
    except (URLError, OSError, ValueError, HTTPException) as cause:
        raise AuthorityAway(type(_reason_of(cause)).__name__) from cause
    if not is_answer or clock() >= until:
        raise AuthorityAway("NoStamp" if clock() < until else "TooLate")
    return answer


def _reason_of(fault: Exception) -> Exception:
    """Return what a fault of the library wraps, if it wraps one."""
    reason = getattr(fault, "reason", None)
    return reason if isinstance(reason, Exception) else fault


def stamps_in(folder: Path) -> list[Path]:
    """Return the files of a folder's time stamps, in order of the size they are of."""
    return sorted(folder.glob("[0-9]" * 15 + "*.tsr"))


def size_of(path: Path) -> int:
    """Return the size that the file of a time stamp is named after."""
    return int(path.name[:15])
