"""The demonstration: a clinic in every state, and sign-ins that only it shows."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from app.cli.demo_data import SCRIPT, fill
from app.clinic.factory import create_clinic_app
from app.clinic.sign_in import totp_label
from app.config import SettingsError
from app.desk import staff
from app.desk.models import Visit
from tests.browser import words
from tests.factories.house import House
from tests.factories.staffed import CHEAP, StaffBrowserOf, Staffed

SHORT = tuple((part, 1) for part, _times in SCRIPT)


def test_the_script_has_sixty_patients() -> None:
    assert sum(times for _part, times in SCRIPT) == 60


def test_each_part_of_the_script_ends_in_its_state(house: House, tmp_path: Path) -> None:
    settings = house.settings("cli", demo=True)
    assert fill(settings, house.db, house.vault, house.clock, CHEAP, SHORT) == len(SCRIPT)
    with house.db.reading("desk") as session:
        visits = list(session.scalars(select(Visit)))
    states = Counter(visit.state for visit in visits)
    expected = {"requested": 5, "proposed": 1, "declined": 1, "cancelled": 2, "move_asked": 1}
    assert {state: states[state] for state in expected} == expected
    assert states["seen"] + states["absent"] + states["arrived"] >= 1
    assert {visit.kind for visit in visits} >= {"appointment", "request", "call", "come", "write"}
    assert fill(settings, house.db, house.vault, house.clock, CHEAP, SHORT) == 0, "a second time must add nothing"


def test_the_page_shows_sign_ins_that_work(clinic: Staffed) -> None:
    browser = clinic.browser()
    rows = browser.get("/demo").main.findall(".//tbody/tr")
    assert len(rows) == 8
    codes = [words(code) for code in rows[-1].iter("code")]
    browser.get("/connexion")
    browser.submit({"login": codes[0], "password": codes[1]})
    assert browser.submit({"code": codes[2]}).path != "/connexion/code"


def test_the_page_shows_no_other_account_and_the_zone_does_not_start_beside_one(clinic: Staffed) -> None:
    house = clinic.house
    with house.db.writing("desk") as session:
        staff_id, _code = staff.invite(session, "zoe", "Zoé Vraie", "desk", house.clock())
        sealed = house.keystore.seal_field("desk", totp_label(staff_id), b"JBSWY3DPEHPK3PXP")
        person = staff.get_staff(session, staff_id)
        staff.prepare(person, "hash", sealed)
        staff.complete(person)
    page = clinic.browser().get("/demo")
    assert "zoe" not in page.html
    assert len(page.main.findall(".//tbody/tr")) == 8
    with pytest.raises(SettingsError, match="accounts that the demonstration did not make"):
        create_clinic_app(house.settings("clinic", demo=True), house.db, house.clock, house.vault, CHEAP)
    create_clinic_app(house.settings("clinic", demo=False), house.db, house.clock, house.vault, CHEAP)


def test_without_the_demonstration_there_is_no_such_page(clinic: Staffed) -> None:
    settings = clinic.house.settings("clinic", demo=False)
    app = create_clinic_app(settings, clinic.house.db, clinic.house.clock, clinic.house.vault, CHEAP)
    browser = StaffBrowserOf(app)
    browser.get("/demo", status=404)
    assert "monstration" not in browser.get("/connexion").html
