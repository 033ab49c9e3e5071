"""What a journey leaves on the device: every file of a persistent Chromium profile is searched, over http and TLS.

After the exit, after a window closed in mid-journey, after a crash. A naive site shows that the search can see.
`make test` plays the main ones over TLS; `make prove` plays all, and over http too.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Error, Page

from tests.factories.naive import BETRAYING, FIELDS, ONLY_IN_THE_BODY, naive_site
from tests.factories.patient_in_browser import Patient
from tests.factories.served import Served, serve
from tests.factories.traces import betrayals, files_with, rows, stores

pytestmark = pytest.mark.browser

ACT = "0101"
NAME, PHONE, EMAIL = TYPED = ("Marqueur Zoéphile", "0639980077", "zoephile.marqueur@example.fr")
SHOWN = ("rendez-vous est pris", "Vérifier et envoyer", "psychiatre")
SAVED_SOON = 3000
"""Milliseconds after which Chromium has written what it keeps of its tabs (2.5 s: kSaveDelay)."""
REACHED = {
    "History",
    "Cache",
    "Sessions",
    "Sessions_Encrypted",
    "Web Data",
    "Favicons",
    "Cookies",
    "Local Storage",
} | {
    "Session Storage",
    "Preferences",
    "shared_proto_db",
}
"""The stores in which the naive site is found, so that finding nothing of ours there means something."""
FORM_STORES = ("autofill", "addresses", "contact_info", "local_addresses")

Keeping = Callable[..., BrowserContext]


class Typist(Patient):
    """A patient who uses the keyboard: a browser offers to keep only what came from it."""

    def types(self, field: str, text: str) -> None:
        """Type into a field."""
        self.page.click(f"#{field}")
        self.page.keyboard.type(text)

    def writes_how_to_be_reached(self) -> None:
        """Come to the page that asks who they are and type all that it takes."""
        self.begins()
        self.needs(ACT)
        self.is_aged(34)
        self.refuses_extras()
        self.would_rather_speak()
        self.takes_the_first_slot()
        self.types_all()

    def types_all(self) -> None:
        """Type a name, a number and an address."""
        for field, text in zip(FIELDS, TYPED, strict=True):
            self.types(field, text)
        self.page.check('input[name=channel][value="02"]')

    def sends(self) -> None:
        """Go from there to the space."""
        self._go_on("06")
        self.reads_the_fees()
        self.notes_words_and_sends()

    def comes_back_with_words(self) -> str:
        """Type the seven words on the page that takes them, and return them as typed."""
        phrase = " ".join(self.words)
        self.page.goto(f"{self.address}/retour")
        self.types("words", phrase)
        self.page.click("main .row button")
        return phrase

    def pages_behind(self) -> list[str]:
        """Press Back until nothing is behind, and return what each page shows."""
        seen = []
        while self.page.go_back() is not None:
            seen.append(self.page.inner_text("body"))
        return seen


@pytest.fixture(scope="module", params=[pytest.param("http", marks=pytest.mark.prove), "tls"])
def zone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The patient zone over http and over TLS."""
    root = tmp_path_factory.mktemp(request.param)
    with serve(root, tls=request.param == "tls", zones=("patient", "worker")) as served:
        yield served


def history(profile: Path) -> list[tuple[str, str]]:
    """Return the address and title of each row of Chromium's history."""
    found = rows(profile / "Default" / "History", "SELECT url, title FROM urls")
    return [(str(url), str(title)) for url, title in found]


def forms_kept(profile: Path) -> int:
    """Return how many things Chromium remembers of forms, whatever they are: ages and words too."""
    web_data = profile / "Default" / "Web Data"
    tables = {name for (name,) in rows(web_data, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    return sum(len(rows(web_data, f"SELECT 1 FROM {name}")) for name in FORM_STORES if name in tables)  # noqa: S608 - our list


def kill(profile: Path) -> None:
    """End the Chromium of a profile as a crash does, all its processes at once."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"--user-data-dir={profile}".encode() in entry.read_bytes().split(b"\0"):
                os.kill(int(entry.parent.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            continue
    time.sleep(0.5)


def reopened(context: BrowserContext, address: str) -> list[Page]:
    """Return the tabs a browser reopened at an address, as soon as there are any; none after twenty seconds."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = [page for page in context.pages if page.url.startswith(address)]
        if found:
            return found
        context.pages[0].wait_for_timeout(200)
    return []


def left(profile: Path, *more: str) -> list[str]:
    """Return every place of a profile that holds what was typed, or shown, or a word of the lexicon."""
    return files_with(profile, (*TYPED, *SHOWN, *more)) + betrayals(profile)


def test_exit_leaves_nothing_on_the_device(keeping: Keeping, zone: Served, tmp_path: Path) -> None:
    with keeping(tmp_path) as context:
        patient = Typist(context.new_page(), zone.patient)
        patient.writes_how_to_be_reached()
        patient.sends()
        phrase = patient.comes_back_with_words()
        patient.leaves_in_a_hurry()
        assert patient.heading() == "Bonjour"
        seen = patient.pages_behind()
        assert not any(text in page for page in seen for text in (*SHOWN, *TYPED, phrase))
        assert len(seen) >= 9
        assert all(len(cookie["value"]) == 47 for cookie in context.cookies())

    assert left(tmp_path, phrase) == []
    assert forms_kept(tmp_path) == 0


def test_history_of_a_journey_holds_no_word_of_the_lexicon(keeping: Keeping, zone: Served, tmp_path: Path) -> None:
    with keeping(tmp_path) as context:
        patient = Typist(context.new_page(), zone.patient)
        patient.books(ACT)
        with patient.page.expect_download() as download:
            patient.page.click("a[href='/e/papier']")
        assert download.value.suggested_filename == "document.pdf"
        download.value.path()

    assert len(history(tmp_path)) >= 9
    assert {title for _url, title in history(tmp_path)} <= titles()
    chains = rows(tmp_path / "Default" / "History", "SELECT url FROM downloads_url_chains")
    assert chains == [(f"{zone.patient}/e/papier",)]
    assert betrayals(tmp_path) == []


def titles() -> set[str]:
    """Return the titles there are: the brand's, with and without a step."""
    return {"", "Mon espace"} | {f"Étape {step} sur 8 – Mon espace" for step in range(1, 9)}


def test_closing_the_window_in_mid_journey_leaves_nothing(keeping: Keeping, zone: Served, tmp_path: Path) -> None:
    with keeping(tmp_path) as context:
        patient = Typist(context.new_page(), zone.patient)
        patient.writes_how_to_be_reached()
        patient.page.wait_for_timeout(SAVED_SOON)

    assert left(tmp_path) == []
    assert forms_kept(tmp_path) == 0


@pytest.mark.prove
def test_a_crash_leaves_nothing_and_a_new_window_shows_nothing(
    keeping: Keeping, zone: Served, tmp_path: Path
) -> None:
    context = keeping(tmp_path)
    patient = Typist(context.new_page(), zone.patient)
    patient.writes_how_to_be_reached()
    patient.page.wait_for_timeout(SAVED_SOON)
    kill(tmp_path)
    with pytest.raises(Error):
        context.close()

    assert left(tmp_path) == []
    with keeping(tmp_path) as context:
        again = Typist(context.new_page(), zone.patient)
        again.page.goto(f"{zone.patient}/r/06")
        assert again.heading() == "Votre navigateur ne nous a pas reconnu"
    assert left(tmp_path) == []


@pytest.mark.prove
def test_tabs_reopened_after_an_exit_show_nothing(keeping: Keeping, zone: Served, tmp_path: Path) -> None:
    for leaving in (True, False):
        profile = tmp_path / str(leaving)
        with keeping(profile) as context:
            patient = Typist(context.new_page(), zone.patient)
            patient.writes_how_to_be_reached()
            patient.leaves_in_a_hurry() if leaving else None
            patient.page.wait_for_timeout(SAVED_SOON)
        with keeping(profile, reopening=True) as context:
            shown = {page.inner_text("h1") for page in reopened(context, zone.patient)}
        # Chromium gives reopened tabs their session cookies back: only the exit closes for good.
        assert shown == {"Bonjour" if leaving else "Comment vous joindre"}
        assert left(profile) == []


@pytest.mark.prove
def test_who_says_the_device_is_theirs_may_find_their_name_again_and_no_more(
    keeping: Keeping, zone: Served, tmp_path: Path
) -> None:
    with keeping(tmp_path) as context:
        patient = Typist(context.new_page(), zone.patient)
        patient.writes_how_to_be_reached()
        patient.page.click("main button[name=go][value='06']")
        assert [patient.page.input_value(f"#{field}") for field in FIELDS] == list(TYPED)
        for field in FIELDS:
            patient.page.fill(f"#{field}", "")
        patient.types_all()
        patient.sends()
        phrase = patient.comes_back_with_words()
        patient.leaves_in_a_hurry()

    kept = rows(tmp_path / "Default" / "Web Data", "SELECT name, value FROM autofill ORDER BY name")
    assert kept == sorted(zip(FIELDS, TYPED, strict=True))
    assert stores(left(tmp_path, phrase)) == {"Web Data"}


def test_the_search_sees_what_a_naive_site_leaves(keeping: Keeping, tmp_path: Path) -> None:
    with naive_site() as address, keeping(tmp_path, scripts=True) as context:
        typist = Typist(context.new_page(), address)
        typist.page.goto(address)
        for _sent in range(2):
            for field, text in zip(FIELDS, TYPED, strict=True):
                typist.types(field, text)
            typist.page.click("button") if _sent == 0 else None
        with typist.page.expect_download() as download:
            typist.page.click("a")
        download.value.path()
        typist.page.wait_for_timeout(SAVED_SOON)

    found = files_with(tmp_path, (*TYPED, BETRAYING, ONLY_IN_THE_BODY))
    assert stores(found) >= REACHED
    assert stores(betrayals(tmp_path)) >= REACHED - {"Web Data"}
    assert stores(line for line in found if ONLY_IN_THE_BODY in line) == {"Cache"}, "a packed body was not opened"
    assert {"Sessions", "Sessions_Encrypted", "Web Data"} <= stores(line for line in found if PHONE in line)
    assert BETRAYING in str(rows(tmp_path / "Default" / "History", "SELECT url FROM downloads_url_chains"))
    assert forms_kept(tmp_path) == len(FIELDS)


def test_a_browser_that_was_nowhere_holds_no_word_of_the_lexicon(keeping: Keeping, tmp_path: Path) -> None:
    with keeping(tmp_path) as context:
        context.new_page().goto("about:blank")
    assert betrayals(tmp_path) == []
