"""Addresses: recorded, neutral, typed; and no page of the clinic without its roles."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.clinic.factory import create_clinic_app
from app.clinic.roles import declared_roles, open_to_all
from app.discretion.lexicon import shipped
from tests.rules.sources import ROOT
from tests.rules.test_no_specialty_named import slugs

if TYPE_CHECKING:
    from tests.factories.house import House

RECORD = ROOT / "tests" / "rules" / "routes.txt"
NEUTRAL = re.compile(r"^/(?:(?:[a-z0-9]+(?:[.-][a-z0-9]+)*|<[a-z]+(?:\([^<>]*\))?:[a-z_]+>)(?:/(?!$)|$))*$")
"""Lower-case words joined by hyphens, and parameters that say their type."""

Routes = list[tuple[str, str, frozenset[str] | None]]


@pytest.fixture
def zones(house: "House") -> dict[str, Flask]:
    """The two applications, as they are served."""
    clinic = create_clinic_app(house.settings("clinic"), house.db, house.clock, house.vault)
    return {"clinic": clinic, "patient": house.patient_app()}


def routes(app: Flask) -> Routes:
    """Return each address of an application with its methods, and the roles declared for its view."""
    return sorted(
        (rule.rule, _methods(rule), declared_roles(app.view_functions[rule.endpoint]))
        for rule in app.url_map.iter_rules()
    )


def _methods(rule: Rule) -> str:
    return " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))


def lines(zone: str, found: Routes) -> Iterator[str]:
    """Yield the lines of the record: zone, methods, address, and at the clinic who may open it."""
    for rule, methods, roles in found:
        who = f"  {' '.join(sorted(roles))}" if zone == "clinic" and roles else ""
        yield f"{zone:8}{methods:9} {rule}{who}"


def faults_of_addresses(found: Routes, names: list[str]) -> list[str]:
    """Return the addresses that are not neutral, lower-case and typed."""
    lexicon = shipped()
    return [
        rule
        for rule, _methods, _roles in found
        if not NEUTRAL.match(rule)
        or lexicon.hits(re.sub(r"[/_-]", " ", rule))
        or any(name in rule for name in names)
    ]


def test_every_address_is_recorded(zones: dict[str, Flask]) -> None:
    served = [line for zone, app in sorted(zones.items()) for line in lines(zone, routes(app))]
    assert RECORD.read_text().splitlines() == served, "an address came, went or changed: mend it, or the record"


@pytest.mark.parametrize("zone", ["clinic", "patient"])
def test_addresses_are_neutral_and_typed(zones: dict[str, Flask], zone: str) -> None:
    assert faults_of_addresses(routes(zones[zone]), slugs()) == []


def test_every_clinic_page_says_who_may_open_it(zones: dict[str, Flask]) -> None:
    unsaid = [
        rule
        for rule, _methods, roles in routes(zones["clinic"])
        if roles is None and not rule.startswith("/static/")
    ]
    assert unsaid == []


def test_a_post_is_never_the_same_address_as_another_view(zones: dict[str, Flask]) -> None:
    for app in zones.values():
        pairs = [(rule, method) for rule, methods, _roles in routes(app) for method in methods.split()]
        assert len(pairs) == len(set(pairs))


WRONG = [
    "/Agenda",
    "/dossier/<id>",
    "/dossier/",
    "/r?x=1",
    "/pages/psychiatry",
    "/depistage/<int:n>",
    "/a_b",
    "/a//b",
]


@pytest.mark.parametrize("address", WRONG)
def test_a_wrong_address_is_seen(address: str) -> None:
    assert faults_of_addresses([(address, "GET", None)], slugs()) == [address]


@pytest.mark.parametrize(
    "address", ["/", "/r/<int:step>", "/connexion/code", "/visite/<uuid:visit_id>/garder", "/robots.txt"]
)
def test_a_right_address_passes(address: str) -> None:
    assert faults_of_addresses([(address, "GET", None)], slugs()) == []


def test_a_page_without_roles_would_be_seen() -> None:
    app = Flask("planted", static_folder=None)
    app.add_url_rule("/ouvert", "open", open_to_all(lambda: ""))
    app.add_url_rule("/oublie", "forgotten", lambda: "")
    assert [rule for rule, _methods, roles in routes(app) if roles is None] == ["/oublie"]
