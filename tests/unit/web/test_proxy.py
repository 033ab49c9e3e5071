"""Guesses are counted by the address the declared proxies give, and by no other word of a stranger."""

import re

from sqlalchemy import select

from app.front.guesses import prefix_of
from app.front.models import Guess
from tests.factories.house import House

SALT = bytes(16)


def counted(house: House, hops: int) -> set[bytes]:
    """Send wrong words with a forwarded address, and return the prefixes that were counted."""
    client = house.patient_app(proxy_hops=hops).test_client()
    drawn = re.search(r'name="k" value="([^"]+)"', client.get("/retour").get_data(as_text=True))
    assert drawn is not None
    client.post("/retour", data={"words": "faux", "k": drawn[1]}, headers={"X-Forwarded-For": "192.0.2.77"})
    with house.db.reading("front") as session:
        return set(session.scalars(select(Guess.prefix)))


def test_declared_proxy_is_believed(house: House) -> None:
    assert prefix_of("192.0.2.1", SALT) in counted(house, hops=1)


def test_without_a_declared_proxy_the_header_is_ignored(house: House) -> None:
    found = counted(house, hops=0)

    assert prefix_of("192.0.2.1", SALT) not in found
    assert prefix_of("127.0.0.1", SALT) in found
