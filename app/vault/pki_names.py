"""The names a private certificate may carry (hosts, addresses, login roles), and which an authority may sign."""

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from cryptography import x509

from app.vault.pki_errors import NameOutside, NameRefused

Host = x509.DNSName | x509.IPAddress

PRIVATE_DOMAINS = ("localhost", "local", "internal", "home.arpa", "test")
"""Domains nobody owns: RFC 6761, RFC 6762, RFC 8375, and `internal`, which ICANN reserved in 2024."""
PRIVATE_NETWORKS = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
"""Addresses of one machine or one house: RFC 1122, RFC 1918, RFC 4193."""

AUTHORITY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}", re.ASCII)
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII)
_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)
"""A login as PostgreSQL keeps it unquoted: at most 63 bytes."""


def host_of(name: str) -> Host:
    """Read a host name or an address. Raises NameRefused."""
    try:
        address = ip_address(name)
    except ValueError:
        return x509.DNSName(_domain(name))
    if address.is_unspecified or "%" in name:
        raise NameRefused(f"{name!r} is no one machine's address: give the one that others type, as 192.168.1.20")
    return x509.IPAddress(address)


def role_of(names: Sequence[str]) -> str:
    """Read the one login role of a client. Raises NameRefused."""
    if len(names) != 1 or not _ROLE.fullmatch(names[0]):
        raise NameRefused(
            "a client's name is one login role, as paravent_worker_care: small letters, digits and _, 63 at most"
        )
    return names[0]


def permitted(domains: Sequence[str]) -> list[x509.GeneralName]:
    """Return what an authority made for some domains may sign. Raises NameRefused."""
    names = [*PRIVATE_DOMAINS, *(_domain(domain) for domain in domains)]
    networks = [ip_network(network) for network in PRIVATE_NETWORKS]
    return [*map(x509.DNSName, names), *map(x509.IPAddress, networks)]


def check_inside(authority: x509.Certificate, host: Host) -> None:
    """Raise NameOutside unless the authority may sign for a host (RFC 5280, 4.2.1.10)."""
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    if not any(_inside(host, limit) for limit in limits):
        said = ", ".join(str(limit.value) for limit in limits)
        raise NameOutside(
            f"{host.value} is outside what this authority may sign ({said}): choose another name, or move the "
            "authority's folder away and make another with `paravent pki init --domain`"
        )


def _domain(name: str) -> str:
    """Read a host name, in small letters (RFC 1123, 2.1)."""
    lowered = name.lower()
    if not (name.isascii() and _HOST.fullmatch(lowered)) or lowered.rpartition(".")[2].isdigit():
        raise NameRefused(
            f"{name!r} is no host name or address: give one, as db.clinic.internal or 192.168.1.20, without port"
        )
    return lowered


def _inside(host: Host, limit: x509.GeneralName) -> bool:
    if isinstance(host, x509.IPAddress) and isinstance(limit, x509.IPAddress):
        return host.value in limit.value  # type: ignore[operator]  # a limit is a network, by RFC 5280
    if isinstance(host, x509.DNSName) and isinstance(limit, x509.DNSName):
        return host.value == limit.value or host.value.endswith(f".{limit.value}")
    return False
