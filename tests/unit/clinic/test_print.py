"""The lists on paper: a whole day on one sheet, a week without names."""

import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from app.clinic.lists import places_of
from app.identity.service import put_contact
from app.vault.sealing import Context, new_secret, seal_json
from tests.factories.desk_silo import a_visit
from tests.factories.staffed import Staffed

pytestmark = pytest.mark.browser
LINES = 25


@pytest.fixture
def address(clinic: Staffed) -> Iterator[str]:
    """Serve the clinic on a port of this machine."""
    server = make_server("127.0.0.1", 0, clinic.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


def fill_a_day(clinic: Staffed) -> None:
    """Write a full day: names, numbers, rooms."""
    known, now = places_of(clinic.services), clinic.house.clock()
    rooms, people = list(known.rooms.values()), list(known.practitioners.values())
    for n in range(LINES):
        pseudonym, submission, secret = uuid4(), uuid4(), new_secret()
        contact = {"schema": 1, "call_name": f"Patiente inventée {n}", "channel": "phone", "phone": "+33639980012"}
        contact |= {"email": None, "call_ok": True, "voicemail_ok": False, "language": "fr"}
        sealed = seal_json(secret, contact, Context("identity.contact", pseudonym, "contact", submission, 1))
        with clinic.house.db.writing("keys") as session:
            clinic.house.keystore.put(session, pseudonym, "contact", secret, clinic.house.clock())
        with clinic.house.db.writing("identity") as session:
            put_contact(session, pseudonym, submission, sealed, now)
        room = rooms[n % len(rooms)]
        where = {"site_id": room.site_id, "room_id": room.id, "practitioner_id": people[n % len(people)].id}
        with clinic.house.db.writing("desk") as session:
            starts_at = now + timedelta(minutes=20 * n)
            a_visit(session, id=submission, pseudonym=pseudonym, starts_at=starts_at, created_at=now, **where)


def on_paper(path: Path) -> tuple[int, str]:
    """Return how many pages a PDF has, and its text."""
    told = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607 - poppler's own tool on our file
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607 - the same
    return int(told.split("Pages:")[1].split()[0]), text


def test_a_full_day_is_one_sheet_and_a_week_has_no_name(clinic: Staffed, address: str, tmp_path: Path) -> None:
    fill_a_day(clinic)
    token = clinic.sign_in("accueil").token or ""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = chromium.new_context(java_script_enabled=False)
        context.add_cookies([{"name": "c", "value": token, "url": address}])
        page = context.new_page()
        for name in ("jour", "semaine"):
            page.goto(f"{address}/{name}")
            page.pdf(path=tmp_path / f"{name}.pdf", format="A4")
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            for path in ("jour", "semaine", "demandes", "saisie", "absences"):
                page.goto(f"{address}/{path}")
                assert page.locator("html").evaluate("e => e.scrollWidth") <= width, f"{path} at {width}"
        chromium.close()
    pages, text = on_paper(tmp_path / "jour.pdf")
    assert pages == 1
    assert text.count("Patiente inventée") == LINES
    assert "Se déconnecter" not in text
    assert "Arrivé" not in text
    _pages, text = on_paper(tmp_path / "semaine.pdf")
    assert "30 min" in text
    assert "inventée" not in text.replace("Maud Inventée", "")
