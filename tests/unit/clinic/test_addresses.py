"""Addresses as only a machine writes them: refused in plain words, and the stylesheet always whole."""

import pytest
from flask import Flask

from app.clinic.factory import create_clinic_app
from app.config import ROOT
from tests.factories.house import House


@pytest.fixture
def zones(house: House) -> dict[str, Flask]:
    """The two applications, as they are served."""
    clinic = create_clinic_app(house.settings("clinic"), house.db, house.clock, house.vault)
    return {"clinic": clinic, "patient": house.patient_app()}


@pytest.mark.parametrize("wanted", ["bytes=0-10", "bytes=5-", "bytes=-5", "bytes=0-1,4-5", "bytes=999999-", "x"])
def test_the_stylesheet_comes_whole_whatever_part_is_asked_for(zones: dict[str, Flask], wanted: str) -> None:
    answer = zones["clinic"].test_client().get("/static/clinic.css", headers={"Range": wanted})
    assert (answer.status_code, answer.data) == (200, (ROOT / "static" / "clinic.css").read_bytes())
    assert "Accept-Ranges" not in answer.headers


@pytest.mark.parametrize("zone", ["clinic", "patient"])
@pytest.mark.parametrize("path", ["", "/r//01", "/visite//vu", "/static//clinic.css", "/static/../wsgi.py"])
def test_an_address_that_is_none_is_not_found(zones: dict[str, Flask], zone: str, path: str) -> None:
    answer = zones[zone].test_client().get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 404
    assert "Location" not in answer.headers
