"""What a journey leaves on the device: every file of a Firefox profile is searched, over TLS, JavaScript off.

After the exit, after closing in mid-journey, after a crash. A naive site shows that the search can see.
`make prove` adds the crash, and the device that a patient says is theirs.
"""

from pathlib import Path

import pytest

from tests.factories.firefox import Firefox
from tests.factories.naive import BETRAYING, FIELDS, ONLY_IN_THE_BODY, naive_site
from tests.factories.served import Served
from tests.factories.traces import betrayals, files_with, rows, stores

pytestmark = pytest.mark.browser

ACT = "0101"
NAME, PHONE, EMAIL = TYPED = ("Marqueur Zoéphile", "0639980077", "zoephile.marqueur@example.fr")
SHOWN = ("rendez-vous est pris", "Vérifier et envoyer", "psychiatre")
CONTINUE = 'main .row button[name="go"][value="01"]'
REACHED = {"places.sqlite", "formhistory.sqlite", "sessionstore.jsonlz4", "cache2", "cookies.sqlite"} | {
    "favicons.sqlite",
    "storage",
}
"""The stores in which the naive site is found, so that finding nothing of ours there means something."""

FIREFOX_OWN = ("storage/permanent/chrome/", "startupCache/")
"""Lists and programs that Firefox brings for itself, words of every kind in them; no site can write there."""


def left(profile: Path, *more: str) -> list[str]:
    """Return every place of a profile that holds what was typed or shown, or a word of the lexicon in a store."""
    told = betrayals(profile, skipping=FIREFOX_OWN)
    words = [line for line in told if stores([line]) & REACHED or "sessionstore" in line]
    return files_with(profile, (*TYPED, *SHOWN, *more)) + words


def forms_kept(profile: Path) -> list[tuple[object, ...]]:
    """Return the fields Firefox remembers of forms, whatever was in them: ages and words too."""
    store = profile / "formhistory.sqlite"
    return rows(store, "SELECT fieldname, value FROM moz_formhistory ORDER BY fieldname") if store.exists() else []


def writes_how_to_be_reached(firefox: Firefox, served: Served) -> None:
    """Come to the page that asks who they are and type all that it takes."""
    firefox.opens(f"{served.patient}/r/01")
    firefox.chooses("act", ACT)
    firefox.presses(CONTINUE)
    firefox.chooses("whom", "01")
    firefox.types("age", "34")
    firefox.chooses("standing", "01")
    firefox.presses(CONTINUE)
    firefox.chooses("decision", "02")
    firefox.presses(CONTINUE)
    for question in ("q1", "q2", "q3", "q4"):
        firefox.chooses(question, "99")
    firefox.presses(CONTINUE)
    firefox.chooses("slot")
    firefox.presses(CONTINUE)
    types_all(firefox)


def types_all(firefox: Firefox) -> None:
    """Type a name, a number and an address."""
    for field, text in zip(FIELDS, TYPED, strict=True):
        firefox.types(field, text)
    firefox.chooses("channel", "02")


def comes_back_without_words(firefox: Firefox, served: Served) -> str:
    """Begin again after an exit, type seven words where they are asked for, and return them."""
    phrase = "zibeline un deux trois quatre cinq six"
    firefox.opens(served.patient)
    firefox.opens(f"{served.patient}/retour")
    firefox.types("words", phrase)
    firefox.presses("main .row button")
    return phrase


def test_exit_leaves_nothing_on_the_device(firefox_path: str, tls_zone: Served, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    with Firefox(firefox_path, profile) as firefox:
        writes_how_to_be_reached(firefox, tls_zone)
        firefox.presses(CONTINUE)
        assert firefox.shown("h1") == "Prix et traces"
        firefox.presses("button.x")
        assert firefox.shown("h1") == "Bonjour"
        for _back in range(7):
            firefox.driver.go_back()
            assert firefox.shown("h1") == "Bonjour"
        phrase = comes_back_without_words(firefox, tls_zone)
        firefox.presses("button.x")
        firefox.saves_its_session()

    assert left(profile, phrase) == []
    assert forms_kept(profile) == []
    titles = {
        title for (title,) in rows(profile / "places.sqlite", "SELECT title FROM moz_places WHERE visit_count")
    }
    assert len(titles) >= 6
    assert all(title is None or str(title).endswith("Mon espace") for title in titles)


@pytest.mark.parametrize(
    "crash", [pytest.param(False, id="closed"), pytest.param(True, id="crashed", marks=pytest.mark.prove)]
)
def test_stopping_in_mid_journey_leaves_nothing(
    firefox_path: str, tls_zone: Served, tmp_path: Path, *, crash: bool
) -> None:
    profile = tmp_path / "profile"
    with Firefox(firefox_path, profile) as firefox:
        writes_how_to_be_reached(firefox, tls_zone)
        firefox.saves_its_session()
        if crash:
            firefox.crashes()

    assert [file.name for file in profile.rglob("*.jsonlz4")], "no session was saved"
    assert left(profile) == []
    assert forms_kept(profile) == []


@pytest.mark.prove
def test_who_says_the_device_is_theirs_loses_nothing_typed_and_still_leaves_nothing(
    firefox_path: str, tls_zone: Served, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    with Firefox(firefox_path, profile) as firefox:
        writes_how_to_be_reached(firefox, tls_zone)
        firefox.presses('main button[name="go"][value="06"]')
        assert "peut proposer et garder" in firefox.shown("main")
        assert [firefox.value(name) for name in FIELDS] == list(TYPED)
        for name, text in zip(FIELDS, TYPED, strict=True):
            firefox.types(name, text, anew=True)
        firefox.saves_its_session()
        assert left(profile) == []
        firefox.presses(CONTINUE)
        assert firefox.shown("h1") == "Prix et traces"

    # Firefox proposes by a field's token, and keeps nothing of a form that says `autocomplete="off"` as a whole.
    assert left(profile) == []
    assert forms_kept(profile) == []


def test_the_search_sees_what_a_naive_site_leaves(firefox_path: str, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    with naive_site() as address, Firefox(firefox_path, profile, scripts=True) as firefox:
        firefox.opens(address)
        for field, text in zip(FIELDS, TYPED, strict=True):
            firefox.types(field, text)
        firefox.presses("button")
        for field, text in zip(FIELDS, TYPED, strict=True):
            firefox.types(field, text)
        firefox.saves_its_session()

    found = files_with(profile, (*TYPED, BETRAYING, ONLY_IN_THE_BODY))
    assert stores(found) >= REACHED
    assert stores(line for line in found if ONLY_IN_THE_BODY in line) == {"cache2"}, "a packed body was not opened"
    assert {"formhistory.sqlite", "sessionstore.jsonlz4"} <= stores(line for line in found if PHONE in line)
    assert stores(betrayals(profile, skipping=FIREFOX_OWN)) >= REACHED - {"formhistory.sqlite"}
    assert len(forms_kept(profile)) == len(FIELDS)
