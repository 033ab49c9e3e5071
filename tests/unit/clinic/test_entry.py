"""What the desk enters for somebody on the telephone goes through the journey, and can't be read back."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.desk.agenda import pool_of
from app.desk.models import Visit
from app.identity.models import Contact
from app.web.formats import moment_text
from tests.browser import words
from tests.factories.staffed import StaffBrowserOf, Staffed


def first_page(clinic: Staffed, booking: str = "instant", age: str = "34", status: int = 200) -> StaffBrowserOf:
    """Fill in the first page for an act booked so."""
    browser = clinic.sign_in("accueil")
    browser.get("/saisie")
    act = next(
        one.profile.code + act.code
        for one in clinic.services.funnel.catalogue.profiles().values()
        for act in one.profile.acts
        if act.booking == booking and act.published
    )
    browser.submit({"act": act, "whom": "01", "standing": "01", "age": age}, status=status)
    return browser


def answers(browser: StaffBrowserOf, **changes: str) -> dict[str, str]:
    """Return the second page filled in, with its first slot."""
    slot = next(one.get("value") or "" for one in browser.shown.main.iter("input") if one.get("name") == "slot")
    filled = {"slot": slot, "name": "Camille (inventé)", "channel": "02", "phone": "06 39 98 00 12"}
    data = browser.shown.filled(filled | {"decision": "02", "how": "telephone"}, "Enregistrer")[1]
    return data | {"read": "1"} | changes


def visits(clinic: Staffed) -> list[Visit]:
    """Return the agenda, once the worker has passed."""
    clinic.work()
    with clinic.house.db.reading("desk") as session:
        return list(session.scalars(select(Visit)))


def test_two_pages_make_an_appointment_and_words_shown_once(clinic: Staffed) -> None:
    browser = first_page(clinic)
    page = browser.post("/saisie", answers(browser))
    words = [item.text or "" for item in page.main.findall(".//ol/li")]
    assert len(words) == 7
    assert page.heading == "C’est enregistré"
    (visit,) = visits(clinic)
    assert (visit.state, visit.kind, visit.reachable) == ("booked", "appointment", True)
    day = f"/jour?le={visit.starts_at.date()}" if visit.starts_at else ""
    assert "Camille (inventé)" in browser.get(day).text
    assert not [word for word in words if word in browser.shown.text]


def test_consents_read_aloud_are_recorded_as_such_with_who_read_them(clinic: Staffed) -> None:
    browser = first_page(clinic)
    browser.post("/saisie", answers(browser))
    (visit,) = visits(clinic)
    owner = clinic.sign_in(clinic.login_of(visit))
    text = owner.get(f"/dossier/{visit.id}").text
    assert "lu à voix haute" in text
    assert "par la personne elle-même" not in text
    (event,) = clinic.events("booking.entered")
    assert event["fields"]["actor"] == str(clinic.people["accueil"].id)
    assert event["fields"]["how"] == "telephone"
    assert event["zone"] == "clinic"


def test_no_page_after_the_first_says_the_act(clinic: Staffed) -> None:
    browser = first_page(clinic)
    profiles = clinic.services.funnel.catalogue.profiles().values()
    names = {text for one in profiles for act in one.profile.acts for text in (act.name.fr, act.slug)}
    second = browser.shown.html
    third = browser.post("/saisie", answers(browser)).html
    for html in (second, third):
        assert not [name for name in names if name in html]


def test_an_act_to_confirm_and_one_to_ask_are_requests(clinic: Staffed) -> None:
    for booking in ("to_confirm", "ask"):
        browser = first_page(clinic, booking)
        browser.post("/saisie", answers(browser))
    assert sorted((visit.state, visit.starts_at is None) for visit in visits(clinic)) == [
        ("requested", False),
        ("requested", True),
    ]


def test_the_same_form_sent_twice_is_one_booking(clinic: Staffed) -> None:
    browser = first_page(clinic)
    data = answers(browser)
    pages = [browser.post("/saisie", data), browser.post("/saisie", data)]
    assert len(visits(clinic)) == 1
    pages.append(browser.post("/saisie", data))
    assert len({words(page.main) for page in pages}) == 1, "the words must come again, and nothing else"
    assert len(visits(clinic)) == 1
    assert len(clinic.events("booking.entered")) == 1


def _but_its_form_key(page: str) -> str:
    """Return a page without the key of its sign-out form, which tells the second it was drawn in."""
    bare, keys = re.subn(r'(name="csrf_token" value=")[^"]+', r"\1", page)
    assert keys
    return bare


@pytest.mark.parametrize("booking", ["instant", "ask"])
def test_the_same_form_sent_twice_at_once_is_one_booking(clinic: Staffed, booking: str) -> None:
    browser = first_page(clinic, booking)
    data = answers(browser)
    both = [clinic.app.test_client() for _ in range(2)]
    for client in both:
        client.set_cookie("c", browser.token or "")
    with ThreadPoolExecutor(2) as at_once:
        pages = list(at_once.map(lambda client: client.post("/saisie", data=data), both))
    assert [page.status_code for page in pages] == [200, 200]
    assert _but_its_form_key(pages[0].text) == _but_its_form_key(pages[1].text)
    assert len(visits(clinic)) == 1


def test_a_form_gone_back_to_for_somebody_else_never_shows_the_first_one_s_words(clinic: Staffed) -> None:
    browser = first_page(clinic, "ask")
    data = answers(browser)
    one = browser.post("/saisie", data).main.findall(".//ol/li")
    other = browser.post("/saisie", data | {"name": "Lou (inventé)"}).main.findall(".//ol/li")
    assert [item.text for item in one] != [item.text for item in other]
    browser.post("/saisie", data | {"once": "court"}, status=400)


def test_price_traces_and_what_concerns_minors_are_there_to_read_aloud(clinic: Staffed) -> None:
    page = first_page(clinic)
    profiles = [one.profile for one in clinic.services.funnel.catalogue.profiles().values()]
    act = next(act for one in profiles for act in one.acts if act.booking == "instant" and act.published)
    read = words(page.shown.main)
    for text in (act.reimbursement, act.traces.bank, act.traces.insurance, act.traces.mutuelle):
        assert text.fr in read
    assert not [one for one in profiles if one.minors_note.fr in read or one.call_note.fr in read]
    young = clinic.sign_in("accueil")
    young.get("/saisie")
    profile, code = next(
        (one.profile, one.profile.code + act.code)
        for one in clinic.services.funnel.catalogue.profiles().values()
        for act in one.profile.acts
        if act.published and one.paths.path(act.slug, "16_17", "self") == "call"
    )
    read = words(young.submit({"act": code, "whom": "01", "standing": "01", "age": "16"}).main)
    assert profile.minors_note.fr in read
    assert profile.call_note.fr in read


@pytest.mark.parametrize(
    ("booking", "says"),
    [
        ("instant", "Rendez-vous pris"),
        ("to_confirm", "à confirmer par le praticien"),
        ("ask", "horaire à proposer"),
    ],
)
def test_the_result_says_what_was_made_when_and_where(clinic: Staffed, booking: str, says: str) -> None:
    browser = first_page(clinic, booking)
    page = words(browser.post("/saisie", answers(browser)).main)
    assert says in page
    (visit,) = visits(clinic)
    assert (visit.starts_at is None) is (booking == "ask")
    if visit.starts_at and visit.site_id:
        site = clinic.services.funnel.catalogue.directory().site(visit.site_id)
        assert " ".join(moment_text(visit.starts_at, site.timezone, "fr").split()) in page
        assert site.name in page


def test_wishes_said_on_the_telephone_reach_the_practitioner(clinic: Staffed) -> None:
    browser = first_page(clinic, "ask")
    browser.post("/saisie", answers(browser, day="02", hours="01", gender="01", access="01"))
    (visit,) = visits(clinic)
    with clinic.house.db.reading("desk") as session:
        able = pool_of(session, visit.id)
    owner = next(login for login, one in clinic.people.items() if one.practitioner in able)
    text = words(clinic.sign_in(owner).get(f"/dossier/{visit.id}").main)
    for said in ("mardi", "Le matin", "Une femme"):
        assert said in text
    assert re.search("Sans marche *Oui", text)


def test_what_is_missing_is_said_and_what_was_typed_is_kept(clinic: Staffed) -> None:
    browser = first_page(clinic)
    data = answers(browser, phone="06", name="", read="", how="")
    page = browser.post("/saisie", data, status=422)
    assert set(page.errors) == {"read", "how"}
    page = browser.post("/saisie", data | {"read": "1", "how": "walk_in"}, status=422)
    assert set(page.errors) == {"phone", "name"}
    assert 'value="06"' in page.html
    assert visits(clinic) == []


def test_a_slot_taken_meanwhile_is_said_and_the_rest_kept(clinic: Staffed) -> None:
    one, other = first_page(clinic), first_page(clinic)
    data, late = answers(one), answers(other)
    one.get("/saisie")
    first = clinic.app.test_client()
    first.set_cookie("c", one.token or "")
    assert first.post("/saisie", data=data).status_code == 200
    page = other.post("/saisie", late, status=422)
    assert "slot" in page.errors
    assert "Camille (inventé)" in page.html
    assert len(visits(clinic)) == 1


def test_a_minor_is_led_to_a_call_or_told_that_it_is_not_offered(clinic: Staffed) -> None:
    found = set()
    for one in clinic.services.funnel.catalogue.profiles().values():
        for act in one.profile.acts:
            if not act.published:
                continue
            path = one.paths.path(act.slug, "13_14", "self")
            browser = clinic.sign_in("accueil")
            browser.get("/saisie")
            status = 422 if path == "no" else 200
            values = {"act": one.profile.code + act.code, "whom": "01", "standing": "01", "age": "14"}
            page = browser.submit(values, status=status)
            found.add(path)
            assert ("pas proposé ici" in page.text) is (path == "no")
            assert ("Être rappelé" in page.text) is (path == "call")
    assert found == {"call", "no"}


def test_a_first_page_with_nonsense_is_explained(clinic: Staffed) -> None:
    for age in ("", "abc", "131", "-1", "１２"):
        browser = first_page(clinic, age=age, status=422)
        assert set(browser.shown.errors) == {"age"}
    browser.get("/saisie")
    page = browser.submit({"act": "", "age": "30"}, status=422)
    assert "act" in page.errors


def test_no_typed_name_or_number_is_readable_on_disk(clinic: Staffed) -> None:
    browser = first_page(clinic)
    browser.post("/saisie", answers(browser, name="Zibeline", phone="06 39 98 71 72"))
    visits(clinic)
    with clinic.house.db.reading("identity") as session:
        assert session.scalars(select(Contact)).one()
    for file in clinic.house.root.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not re.search(rb"Zibeline|39\s?98\s?71\s?72", content), file.name
