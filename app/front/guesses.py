"""How often words are tried: per network prefix, and in all. Prefixes are stored hashed and for a day."""

import hashlib
import ipaddress
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import insert_for
from app.front.models import Guess

EVERYBODY = bytes(32)
"""The row that counts wrong guesses from all networks."""


def prefix_of(address: str, salt: bytes) -> bytes:
    """Return the hashed network prefix of an address: /24 for IPv4, /56 for IPv6; one value for nonsense.

    An IPv4 address written as IPv6 (`::ffff:192.0.2.7`, RFC 4291, 2.5.5.2) counts as what it is.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return hashlib.sha256(salt + b"unknown").digest()
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    bits = 24 if parsed.version == 4 else 56
    network = ipaddress.ip_network((parsed, bits), strict=False)
    return hashlib.sha256(salt + network.network_address.packed).digest()


def add(session: Session, prefix: bytes, now: datetime) -> None:
    """Count one wrong guess for a prefix and for everybody, in this hour."""
    for key in (prefix, EVERYBODY):
        statement = insert_for(session, Guess).values(prefix=key, hour=_hour(now), count=1)
        more = {"count": Guess.count + 1}
        session.execute(statement.on_conflict_do_update(index_elements=[Guess.prefix, Guess.hour], set_=more))


def count(session: Session, prefix: bytes, now: datetime) -> int:
    """Return how many wrong guesses a prefix made in this hour."""
    wanted = select(Guess.count).where(Guess.prefix == prefix, Guess.hour == _hour(now))
    return session.scalar(wanted) or 0


def _hour(now: datetime) -> int:
    return int(now.timestamp()) // 3600
