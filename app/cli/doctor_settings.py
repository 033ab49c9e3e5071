"""Checks of `paravent doctor`: settings that are right for trying out and wrong for patients."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import URL, make_url

from app.cli.findings import Finding, Place, fault, warning, well
from app.config import Settings

_LEAST_MEMORY_KIB, _LEAST_PASSES = 19456, 2
"""The least cost of Argon2id for one lane by OWASP's Password Storage Cheat Sheet."""


def demonstration(place: Place) -> Iterator[Finding]:
    """Check that no zone shows the demonstration's accounts and codes."""
    shown = [zone for zone, settings in place.everyone.items() if settings.demo]
    if shown:
        yield fault(
            "demonstration",
            f"PARAVENT_DEMO is on for {', '.join(shown)}: anybody may sign in with the accounts it shows",
            "for real patients set up anew without it: its silos hold invented people",
        )


def addresses(place: Place) -> Iterator[Finding]:
    """Check that browsers speak TLS to every address that is not this machine's own."""
    settings = place.settings
    for name, address in _addresses(settings):
        public = not _is_here(address)
        if public and not (settings.tls and address.startswith("https:")):
            yield fault(
                "TLS",
                f"{name} is {address}, without TLS",
                "set an https address and PARAVENT_TLS=1, behind a proxy",
            )
        elif not public:
            yield warning("TLS", f"{name} is {address}: this machine alone", "set the address that browsers use")
        else:
            yield well("TLS", f"{name} speaks TLS")
    if settings.proxy_hops == 0 and settings.tls and not _is_here(settings.patient_address):
        yield warning(
            "proxy",
            "no proxy is declared before the patients' pages: slow forms would each hold a thread",
            "put docs/deploy/nginx.conf in front and set PARAVENT_PROXY_HOPS=1",
        )


def time_grid(place: Place) -> Iterator[Finding]:
    """Check that answers leave on a grid of time."""
    off = [
        name
        for name, step in (
            ("PARAVENT_GRID_MS", place.settings.grid_ms),
            ("PARAVENT_WORDS_GRID_MS", place.settings.words_grid_ms),
        )
        if step == 0
    ]
    if off:
        yield fault("time grid", f"{' and '.join(off)} is 0: waits tell what was asked", "remove the setting")
    else:
        yield well("time grid", "answers leave on a grid of time")


def words_cost(place: Place) -> Iterator[Finding]:
    """Check that guessing code words from a stolen copy costs what it should."""
    cost = place.settings.words_cost
    if cost.memory_kib < _LEAST_MEMORY_KIB or cost.passes < _LEAST_PASSES:
        yield fault(
            "code words",
            f"hashing code words costs {cost.memory_kib} KiB and {cost.passes} pass(es), less than "
            f"{_LEAST_MEMORY_KIB} and {_LEAST_PASSES}",
            "set PARAVENT_WORDS_MEMORY_KIB and PARAVENT_WORDS_PASSES higher before patients come: it closes spaces",
        )
    else:
        yield well("code words", "hashing code words costs enough")


def database_addresses(place: Place) -> Iterator[Finding]:
    """Check that what goes to PostgreSQL can be read by nobody on the way, and goes to the right server."""
    named = {zone: [*map(make_url, one.databases.values())] for zone, one in place.everyone.items()}
    served = [(zone, url) for zone, urls in named.items() for url in urls if url.get_backend_name() == "postgresql"]
    loose = sorted({f"{zone}: {url.database}" for zone, url in served if not _is_verified(url)})
    if loose:
        yield fault(
            "databases",
            f"these addresses do not check the server's certificate: {', '.join(loose)}",
            "add ?sslmode=verify-full&sslrootcert=… to them",
        )
    elif served:
        yield well("databases", "every database's certificate is checked")


def files_between_users(place: Place) -> Iterator[Finding]:
    """Check that silos in files are not meant for several users: a file has one, and enforces nothing."""
    in_files = any(url.startswith("sqlite") for url in place.settings.databases.values())
    if not in_files:
        return
    if place.users(place.patient_user) is not None:
        yield fault(
            "databases",
            f"silos are SQLite files, and the zones have users of their own ({place.patient_user})",
            "move the silos to PostgreSQL: a file serves one user, and whoever opens it reads all of it",
        )
    else:
        yield warning(
            "databases",
            "silos are SQLite files: every process here could read them all",
            "for patients use PostgreSQL, which alone enforces what a zone may do (PARAVENT_DB_…)",
        )


def messages(place: Place) -> Iterator[Finding]:
    """Say that nothing is sent: this release has no mail and no SMS."""
    if place.settings.zone != "patient":
        yield warning(
            "messages",
            "no mail and no SMS is sent by this release",
            "let the desk call those who left a number or an address",
        )


def _addresses(settings: Settings) -> list[tuple[str, str]]:
    patient = ("PARAVENT_PATIENT_ADDRESS", settings.patient_address)
    clinic = ("PARAVENT_CLINIC_ADDRESS", settings.clinic_address)
    return {"patient": [patient], "clinic": [clinic]}.get(settings.zone, [patient, clinic])


def _is_here(address: str) -> bool:
    """Say whether an address is the machine's own."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_verified(url: URL) -> bool:
    """Say whether the server's certificate is checked, or the address leads to a socket file of this machine."""
    host = url.query.get("host") or url.host or ""
    return str(host).startswith("/") or not host or url.query.get("sslmode") == "verify-full"
