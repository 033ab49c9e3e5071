"""The whole journey in Lynx and in w3m over TLS: no script, no style, no picture, and words read off the screen."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.factories.served import Served, serve
from tests.textbrowser.lynx import Lynx, lynx
from tests.textbrowser.w3m import W3m, w3m

Opens = Callable[[str, Path, Path], AbstractContextManager[Lynx | W3m]]
BROWSERS: dict[str, Opens] = {"lynx": lynx, "w3m": w3m}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("served"), tls=True) as running:
        yield running


@pytest.fixture(params=[pytest.param("lynx", marks=pytest.mark.prove), "w3m"])
def opened(request: pytest.FixtureRequest) -> Opens:
    """One of the browsers, where it is installed."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return BROWSERS[request.param]


def goes_on(browser: Lynx | W3m) -> None:
    browser.presses("Continuer")


def words_on(screen: str) -> list[str]:
    """Read the seven words: a number and a word each."""
    shown = screen[screen.index("Vos sept mots") :]
    return re.findall(r"\b[1-7]\. (\w+)", shown)[:7]


def test_a_journey_to_the_confirmation(served: Served, opened: Opens, tmp_path: Path) -> None:
    with opened(f"{served.patient}/r/01", served.root / "certificate.pem", tmp_path) as browser:
        browser.reads("De quoi avez-vous besoin ?")
        browser.chooses("Première consultation")
        goes_on(browser)
        browser.reads("Pour qui demandez-vous ?")
        browser.chooses("Pour moi")
        browser.fills("Âge de la personne", "34")
        browser.chooses("n’est dans aucun")
        goes_on(browser)
        if "Votre choix" in browser.reads("Qui saura quoi"):
            browser.chooses("Non, je refuse")
        goes_on(browser)
        for number in range(browser.reads("Quelques questions").count("Je préfère en parler sur place")):
            browser.chooses("Je préfère en parler sur place", number)
        goes_on(browser)
        browser.reads("Choisir un moment")
        browser.chooses("", 1)
        goes_on(browser)
        browser.reads("Comment vous joindre")
        browser.fills("Quel nom dire", "Camille")
        browser.chooses("Aucun message")
        goes_on(browser)
        browser.reads("Prix et traces")
        goes_on(browser)
        screen = browser.reads("Vos sept mots")
        noted = words_on(screen)
        assert len(noted) == 7
        for asked in re.findall(r"Recopiez le mot numéro (\d)", screen):
            browser.fills(f"Recopiez le mot numéro {asked}", noted[int(asked) - 1])
        browser.presses("Envoyer")
        browser.reads("Votre rendez-vous est pris")


def test_a_switch_changes_what_it_says_and_nothing_else(served: Served, opened: Opens, tmp_path: Path) -> None:
    """Lynx sends every button of a form: two switches in one form changed the language whichever was pressed."""
    with opened(f"{served.patient}/urgence", served.root / "certificate.pem", tmp_path) as browser:
        assert "Écran discret" in browser.reads("Urgence")
        browser.presses("Écran discret")
        assert "Cet appareil est à moi" in browser.reads("Écran normal")
        browser.presses("Cet appareil est à moi")
        assert "Écran normal" in browser.reads("Cet appareil est partagé")
