"""Refusing is drawn like accepting: same kind, same area, same contrast, same presses, none taken beforehand."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from playwright.sync_api import Browser, Page

from bench.symmetry import ACCEPT, REFUSE, compare
from tests.factories.axe import Scheme, a_reader

pytestmark = pytest.mark.browser

Patients = Callable[..., Mapping[str, str]]
SCREENS: tuple[tuple[Scheme, tuple[str, ...]], ...] = (
    ("light", ()),
    ("dark", ()),
    ("light", ("sm",)),
    ("light", ("le",)),
)
TAKE, ANOTHER = ".card button[value^=take]", ".card button[value^=move]"
PAIRS = {
    "step 3": (ACCEPT, REFUSE),
    "step 3, errors": (ACCEPT, REFUSE),
    "space, to confirm, proposed": (TAKE, ANOTHER),
    "space, asked for, proposed": (TAKE, ".card button[value^=cancel]"),
    "erasing, booked": ("main button[value^=keep]", "main button[value^=destroy]"),
    "space, to confirm": ("main button[value^=move]", "main button[value^=cancel]"),
}
"""What is accepted, what is refused. Keeping a request takes no press: changing it and giving it up are alike."""


@pytest.fixture(params=[320, 1280])
def width(request: pytest.FixtureRequest) -> int:
    """A telephone and a large screen."""
    return int(request.param)


@pytest.fixture
def reader(chromium: Browser) -> Iterator[Page]:
    """A window in which pages are spoilt."""
    page = a_reader(chromium, 320, "light")
    yield page
    page.context.close()


@pytest.mark.parametrize(("scheme", "look"), SCREENS)
def test_refusing_is_drawn_like_accepting(
    chromium: Browser, patient_pages: Patients, scheme: Scheme, look: tuple[str, ...], width: int
) -> None:
    page, pages = a_reader(chromium, width, scheme), patient_pages(*look)
    pairs = {name: compare(page, pages[name], *two) for name, two in PAIRS.items()}
    page.context.close()
    assert {name: pair for name, pair in pairs.items() if not pair.alike} == {}


def answers_of(page: Page, html: str, yes: str, no: str) -> list[tuple[str, str]]:
    """Return the selectors of each question that is answered by yes or no."""
    page.set_content(html)
    found = []
    for group in page.query_selector_all("fieldset"):
        said = {one.inner_text(): one.query_selector("input") for one in group.query_selector_all("label")}
        if (accept := said.get(yes)) and (refuse := said.get(no)):
            found.append((f"#{accept.get_attribute('id')}", f"#{refuse.get_attribute('id')}"))
    return found


@pytest.mark.parametrize(("look", "yes", "no"), [((), "Oui", "Non"), (("le",), "Yes", "No")])
def test_no_is_drawn_like_yes(
    chromium: Browser, patient_pages: Patients, look: tuple[str, ...], yes: str, no: str, width: int
) -> None:
    page, html = a_reader(chromium, width, "light"), patient_pages(*look)["yes or no"]
    pairs = [compare(page, html, *two) for two in answers_of(page, html, yes, no)]
    page.context.close()
    assert pairs, "no question is answered by yes or no"
    assert [pair for pair in pairs if not pair.alike] == []


def test_a_proposal_easier_to_take_than_to_refuse_is_seen(reader: Page, patient_pages: Patients) -> None:
    html = patient_pages()["space, to confirm, proposed"]
    assert compare(reader, html, TAKE, ANOTHER).alike
    assert not compare(
        reader, html.replace('class="alt" name="go" value="take', 'name="go" value="take'), TAKE, ANOTHER
    ).alike


@pytest.mark.parametrize(
    "spoilt",
    [
        ('value="02"', 'value="02" style="margin:3rem"'),
        ('id="decision"', 'id="decision" checked'),
        ("Oui, j’accepte", '<span style="font-size:2rem">Oui, j’accepte</span>'),
    ],
    ids=["larger", "taken beforehand", "louder"],
)
def test_what_is_easier_to_accept_is_seen(reader: Page, patient_pages: Patients, spoilt: tuple[str, str]) -> None:
    html = patient_pages()["step 3"]
    assert spoilt[0] in html
    assert compare(reader, html, ACCEPT, REFUSE).alike
    stacked = html.replace('<div class="cols">', "<div>").replace(*spoilt)
    assert not compare(reader, stacked, ACCEPT, REFUSE).alike
