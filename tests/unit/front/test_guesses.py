"""Where a guess comes from: one network, however its addresses are written."""

import pytest

from app.front.guesses import prefix_of

SALT = bytes(16)


@pytest.mark.parametrize("written", ["::ffff:192.0.2.7", "::ffff:c000:2ff", "::FFFF:192.0.2.200", "192.0.2.0"])
def test_an_ipv4_address_written_as_ipv6_counts_as_its_network(written: str) -> None:
    assert prefix_of(written, SALT) == prefix_of("192.0.2.7", SALT)


def test_two_ipv4_networks_written_as_ipv6_are_two() -> None:
    assert prefix_of("::ffff:192.0.2.7", SALT) != prefix_of("::ffff:198.51.100.7", SALT)
    assert prefix_of("::ffff:192.0.2.7", SALT) != prefix_of("2001:db8::7", SALT)
