import pytest
from flask import Flask

from app.db import SiloUnavailable
from app.web.cookie import Visitor, format_value, parse
from app.web.pages import takes_gzip
from tests.browser import Browser
from tests.unit.web.conftest import Exits, MakeApp

PATHS = ("/", "/confiance", "/delais", "/urgence", "/aide", "/navigateur", "/bonjour")
TOKEN = bytes(range(32))


def arrive_with(browser: Browser, visitor: Visitor) -> None:
    browser.client.set_cookie("__Host-p", format_value(visitor), domain="localhost", secure=True)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("gzip", [True, False])
def test_every_page_has_the_one_size(app: Flask, path: str, gzip: bool) -> None:
    browser = Browser(app, gzip=gzip)
    assert browser.get(path).heading


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["le", "lf"])
@pytest.mark.parametrize("screen", ["sm", "sn"])
def test_every_page_fits_in_both_languages_and_screens(
    browser: Browser, path: str, language: str, screen: str
) -> None:
    for wish in (language, screen):
        browser.post("/reglage", {"b": "ho", "v": wish})
    page = browser.get(path)
    assert page.tree.get("lang") == {"le": "en", "lf": "fr"}[language]
    assert (page.tree.get("class") == "m") == (screen == "sm")


@pytest.mark.parametrize("path", PATHS)
def test_no_page_calls_a_script_an_image_or_another_site(browser: Browser, path: str) -> None:
    page = browser.get(path)
    assert "http" not in page.html
    assert "<script" not in page.html
    assert "url(" not in page.html
    assert "@import" not in page.html


def test_the_one_cookie_ends_with_the_browser(browser: Browser) -> None:
    browser.get("/")
    cookie = browser.client.get_cookie("__Host-p")
    assert cookie is not None
    assert (cookie.expires, cookie.max_age, cookie.http_only, cookie.secure) == (None, None, True, True)
    assert cookie.same_site == "Lax"


@pytest.mark.parametrize("path", PATHS[:-1])
def test_every_page_offers_the_exit_the_strip_of_facts_and_the_numbers(browser: Browser, path: str) -> None:
    page = browser.get(path)
    order = [element.get("class") or element.tag for element in page.tree.findall("body/*")]
    assert order.index("x") < order.index("top") < order.index("w")
    assert "L’accueil ne voit ni l’acte ni vos réponses" in page.html
    assert all(number in page.html for number in ("15,", "112", "114", "3114", "119", "3919", "0 800 235 236"))


def test_the_page_after_an_exit_shows_nothing_of_what_the_others_are_about(browser: Browser) -> None:
    page = browser.get("/bonjour")
    words = " ".join("".join(page.tree.find("body").itertext()).split())  # type: ignore[union-attr]  # every page has one
    assert words == "Aller au contenu Mon espace EN Bonjour Mardi 24 novembre"
    assert {link.get("href") for link in page.tree.iter("a")} == {"#m", "/"}
    assert {form.get("action") for form in page.tree.iter("form")} == {"/reglage"}
    assert page.tree.find(".//svg") is None


def test_the_first_page_leads_into_the_journey_and_back_with_words(browser: Browser) -> None:
    links = {a.get("href") for a in browser.get("/").main.iter("a")}
    assert {"/r/01", "/retour", "/urgence", "/confiance"} <= links


def test_http_without_tls_is_for_trying_out_only(make_app: MakeApp) -> None:
    browser = Browser(make_app(tls=False))
    browser.get("/")
    assert browser.cookie is not None


def test_an_exit_forgets_the_cookie_and_tells_who_left(browser: Browser, exits: Exits) -> None:
    arrive_with(browser, Visitor("en", "muted", token=TOKEN))
    response = browser.client.post("/x", base_url="https://localhost")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert browser.cookie is None
    assert exits.tokens == [TOKEN]
    page = browser.post("/x")
    assert (page.path, page.text) == ("/bonjour", "Bonjour Mardi 24 novembre")
    assert parse(browser.cookie).token is None
    assert exits.tokens == [TOKEN]


def test_the_help_page_and_the_strip_say_the_same_of_this_device(browser: Browser) -> None:
    page = browser.get("/aide")
    assert "Rien n’est gardé sur cet appareil" in page.html
    assert "Rien de ce que vous lisez ou écrivez ici n’est gardé sur cet appareil." in page.text
    assert "retient seulement l’adresse de nos pages et leur titre neutre, « Mon espace »." in page.text


def test_an_exit_works_while_the_silo_is_stopped(browser: Browser, exits: Exits) -> None:
    exits.fault = SiloUnavailable("front")
    arrive_with(browser, Visitor(token=TOKEN))
    assert browser.post("/x").path == "/bonjour"


@pytest.mark.parametrize("fault", [ValueError("a typed value"), KeyError("a typed value"), RuntimeError()])
def test_an_exit_works_whatever_fails(
    browser: Browser, exits: Exits, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    exits.fault = fault
    arrive_with(browser, Visitor(token=TOKEN))
    response = browser.client.post("/x", base_url="https://localhost")
    assert (response.status_code, response.headers["Location"]) == (303, "/bonjour")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    (line,) = caplog.records
    assert vars(line)["kind"] == type(fault).__name__
    assert vars(line)["event_id"]
    assert line.exc_info is None
    assert "a typed value" not in line.getMessage()


def test_another_site_cannot_press_the_exit(browser: Browser, exits: Exits) -> None:
    arrive_with(browser, Visitor(token=TOKEN))
    browser.post("/x", status=400, Sec_Fetch_Site="cross-site")
    browser.post("/x", status=400, Sec_Fetch_Site="same-site")
    assert exits.tokens == []
    assert browser.post("/x", Sec_Fetch_Site="same-origin").path == "/bonjour"


def test_a_switch_changes_one_wish_and_leads_back(browser: Browser) -> None:
    arrive_with(browser, Visitor(token=TOKEN))
    page = browser.post("/reglage", {"b": "ur", "v": "sm"})
    assert page.path == "/urgence"
    assert "Écran normal" in page.html
    page = browser.post("/reglage", {"b": "ai", "v": "le"})
    assert page.path == "/aide"
    assert parse(browser.cookie) == Visitor("en", "muted", token=TOKEN, returned=True)


@pytest.mark.parametrize("code", ["//example.org", "https://example.org", "zz", "", "99", "../x"])
def test_a_switch_never_leads_elsewhere(browser: Browser, code: str) -> None:
    assert browser.post("/reglage", {"b": code, "v": "sm"}).path == "/"


def test_every_redirection_is_as_long(browser: Browser) -> None:
    def length(path: str, data: dict[str, str]) -> int:
        response = browser.client.post(path, data=data, base_url="https://localhost")
        assert response.status_code == 303
        return sum(len(f"{name}: {value}\r\n") for name, value in response.headers)

    lengths = {
        length("/x", {}),
        length("/reglage", {"b": "co", "v": "sm"}),
        length("/reglage", {"b": "03", "v": "lf"}),
        length("/reglage", {"b": "es", "v": "??"}),
    }
    assert len(lengths) == 1


def test_robots_get_the_size_of_any_page_and_no_list_of_paths(browser: Browser) -> None:
    response = browser.client.get("/robots.txt", base_url="https://localhost")
    assert response.text.split() == ["User-agent:", "*", "Disallow:"]
    assert response.headers["X-Robots-Tag"] == "noindex,noarchive"


@pytest.mark.parametrize("offered", ["gzip", "GZIP", "x-gzip", "X-GZip;q=0.5", "br, x-gzip"])
def test_gzip_is_known_by_all_its_names(offered: str) -> None:
    assert takes_gzip(offered)


@pytest.mark.parametrize("offered", ["", "gzip;q=0", "x-gzip;q=0", "br", "gzipped"])
def test_gzip_is_not_sent_to_who_does_not_name_it(offered: str) -> None:
    assert not takes_gzip(offered)
