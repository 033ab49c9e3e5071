"""A visit's page and a case name the files that may be the same person's, and let staff join and part them."""

from sqlalchemy import select

from app.booking.signed import Signed
from app.vault.models import BlindIndex
from tests.factories.staffed import StaffBrowserOf, Staffed
from tests.unit.clinic.reached import send_reached

MAYBE, SAME = "Peut-être la même personne que", "Même personne que"


def two_of_one(clinic: Staffed) -> tuple[Signed, Signed, str]:
    """Return two files of one contact with the same practitioner, and that practitioner's login."""
    day = clinic.house.clock().date()
    first: dict[str, Signed] = {}
    for n in range(12):
        sent = send_reached(clinic, "instant", day=day, seed=n)
        login = clinic.login_of(clinic.visit(sent))
        if login in first:
            return first[login], sent, login
        first[login] = sent
    raise AssertionError("no practitioner has two")


def press(browser: StaffBrowserOf, words: str) -> str:
    browser.submit(button=words)
    return browser.shown.text


def test_a_case_and_a_visit_name_the_other_file_and_lead_to_it(clinic: Staffed) -> None:
    lou, again, login = two_of_one(clinic)
    for who, path in ((login, "dossier"), (login, "visite"), ("accueil", "visite")):
        page = clinic.sign_in(who).get(f"/{path}/{lou.submission}")
        assert MAYBE in page.text
        assert f"/visite/{again.submission}" in page.html


def test_files_are_joined_and_parted_with_one_press_each(clinic: Staffed) -> None:
    lou, again, login = two_of_one(clinic)
    browser = clinic.sign_in(login)
    browser.get(f"/visite/{lou.submission}")
    assert SAME in press(browser, "C’est la même personne Lou")
    assert SAME in browser.get(f"/dossier/{again.submission}").text
    assert MAYBE in press(browser, "Ce n’est pas la même personne")
    assert [row["fields"]["visit"] for row in clinic.events("person.joined")] == [str(lou.submission)]
    assert [row["fields"]["visit"] for row in clinic.events("person.parted")] == [str(again.submission)]


def test_a_minor_s_page_and_the_parent_s_say_nothing(clinic: Staffed) -> None:
    parent, minor = send_reached(clinic), send_reached(clinic, answer_by="call")
    desk = clinic.sign_in("accueil")
    for sent in (parent, minor):
        page = desk.get(f"/visite/{sent.submission}").text
        assert MAYBE not in page
        assert "Autres dossiers" not in page
    desk.get("/absences")
    path = f"/visite/{parent.submission}/rapprocher/{minor.submission}"
    desk.post(path, {"csrf_token": desk.csrf}, status=409)
    assert clinic.events("likeness.shown") == clinic.events("person.joined") == []


def test_a_stranger_s_press_finds_nothing(clinic: Staffed) -> None:
    lou, again, _login = two_of_one(clinic)
    browser = clinic.sign_in(clinic.stranger_to(clinic.visit(lou)))
    browser.get("/absences")
    token = {"csrf_token": browser.csrf}
    browser.post(f"/visite/{lou.submission}/rapprocher/{again.submission}", token, status=404)
    browser.post(f"/visite/{lou.submission}/separer", token, status=404)


def test_a_contact_that_is_destroyed_takes_its_indexes_with_it(clinic: Staffed) -> None:
    lou, _again, _login = two_of_one(clinic)
    with clinic.house.db.writing("keys") as session:
        clinic.house.keystore.destroy(session, lou.pseudonym, "care")
    with clinic.house.db.writing("keys") as session:
        assert lou.pseudonym in set(session.scalars(select(BlindIndex.pseudonym)))
        clinic.house.keystore.destroy(session, lou.pseudonym, "contact")
        assert lou.pseudonym not in set(session.scalars(select(BlindIndex.pseudonym)))
