"""The whole journey with a keyboard alone, JavaScript off: few presses, and the focus always in sight."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest
from playwright.sync_api import Browser, ElementHandle, FloatRect, Page

from tests.factories.patient_in_browser import Patient
from tests.factories.served import Served

pytestmark = pytest.mark.browser

MOST_TABS = 60
ACT = "0101"


@dataclass
class Typist:
    """Somebody with no mouse. `hidden` collects every focus that was under the exit, or not marked."""

    page: Page
    tabs: int = 0
    hidden: list[str] = field(default_factory=list)

    @property
    def focused(self) -> ElementHandle:
        """What has the focus; the exit and the skip link are told apart by their class."""
        found = self.page.query_selector(":focus")
        assert found is not None, "nothing has the focus"
        return found

    def tab(self) -> ElementHandle:
        """Press Tab once, and look at where it led."""
        self.page.keyboard.press("Tab")
        self.tabs += 1
        found = self.focused
        self.hidden += faults_of_focus(self.page, found)
        return found

    def tab_to(self, selector: str) -> ElementHandle:
        """Press Tab until something has the focus. From the first field on, not from the top of the page."""
        for _ in range(MOST_TABS):
            found = self.page.query_selector(":focus")
            if found is not None and matches(found, selector):
                return found
            self.tab()
        raise AssertionError(f"Tab never came to {selector}")

    def skips(self) -> None:
        """Go past the header, as the first link of each page lets one."""
        self.tab()
        self.page.keyboard.press("Enter")

    def chooses(self, name: str, place: int = 1) -> None:
        """Come to a group of choices, and take one with the arrows."""
        self.tab_to(f"input[name={name}]")
        wanted = self.page.query_selector_all(f"input[name={name}]:not(.no input)")[place - 1]
        for _ in range(MOST_TABS):
            if wanted.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Space")
        assert wanted.is_checked(), f"no arrow came to choice {place} of {name}"

    def types(self, selector: str, text: str) -> None:
        """Come to a field and fill it in."""
        self.tab_to(selector)
        self.page.keyboard.type(text)

    def enters(self) -> None:
        """Press Enter where the focus is, which continues."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


def matches(element: ElementHandle, selector: str) -> bool:
    """Say whether an element is what a selector means."""
    owner = element.owner_frame()
    assert owner is not None
    return any(same(element, one) for one in owner.query_selector_all(selector))


def same(one: ElementHandle, other: ElementHandle) -> bool:
    """Say whether two handles hold one element."""
    return bool(one.evaluate("(one, other) => one === other", other))


def faults_of_focus(page: Page, focused: ElementHandle) -> list[str]:
    """Return what keeps a keyboard's user from seeing where they are (WCAG 2.2: 2.4.7, 2.4.11)."""
    shown = cast("ElementHandle", focused.evaluate_handle("one => one.closest('label') || one").as_element())
    box, mark = shown.bounding_box(), str(focused.evaluate("one => one.outerHTML.slice(0, 80)"))
    faults = [] if outlined(focused) else [f"no outline: {mark}"]
    if box is None or box["width"] < 2:
        return [*faults, f"out of sight: {mark}"]
    if not matches(focused, ".x,.strip a"):
        faults += [f"under {over}: {mark}" for over in (".x", ".strip") if covered(box, page, over)]
    return faults


def outlined(focused: ElementHandle) -> bool:
    """Say whether the focus is drawn: an outline of two pixels or more that is not see-through."""
    style = focused.evaluate("one => [getComputedStyle(one).outlineStyle, getComputedStyle(one).outlineWidth]")
    return style[0] != "none" and float(style[1].removesuffix("px")) >= 2


def covered(box: FloatRect, page: Page, selector: str) -> bool:
    """Say whether what is fixed lies on a box that has the focus: on its middle line, at least."""
    over = page.locator(selector).bounding_box()
    assert over is not None
    middle = box["y"] + min(box["height"], 48) / 2
    beside = box["x"] + box["width"] <= over["x"] or box["x"] >= over["x"] + over["width"]
    return not beside and over["y"] < middle < over["y"] + over["height"]


@pytest.fixture(params=[320, 412])
def typist(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Typist]:
    """Somebody before a small window, JavaScript off."""
    size = {"width": request.param, "height": 640}
    context = chromium.new_context(java_script_enabled=False, viewport=size, locale="fr-FR")  # type: ignore[arg-type]
    yield Typist(context.new_page())
    context.close()


def answers_every_page(typist: Typist) -> None:
    """Walk the eight steps, from the first page of the funnel to the space."""
    typist.skips()
    typist.chooses("act")
    typist.enters()
    typist.skips()
    typist.chooses("whom")
    typist.types("#age", "34")
    typist.chooses("standing")
    typist.enters()
    decides_and_answers(typist)
    typist.skips()
    typist.chooses("slot")
    typist.enters()
    gives_a_name_and_sends(typist)


def decides_and_answers(typist: Typist) -> None:
    """Refuse what is optional, and answer the questions."""
    typist.skips()
    if typist.page.query_selector("input[name=decision][type=radio]"):
        typist.chooses("decision", 2)
    else:
        typist.tab_to(".row button")
    typist.enters()
    typist.skips()
    for name in ("q1", "q2", "q3", "q4"):
        if typist.page.query_selector(f"input[name={name}][type=radio]"):
            typist.chooses(name)
    typist.enters()


def gives_a_name_and_sends(typist: Typist) -> None:
    """Say a name, read the fees, retype two words, and send."""
    typist.skips()
    typist.types("#name", "Zoé")
    typist.chooses("channel")
    typist.enters()
    typist.skips()
    typist.tab_to(".row button")
    typist.enters()
    words = [item.inner_text() for item in typist.page.query_selector_all(".words li")]
    asked = re.findall(r"mot numéro (\d)", typist.page.inner_text("main"))
    typist.skips()
    for selector, number in zip(("#word1", "#word2"), asked, strict=True):
        typist.types(selector, words[int(number) - 1])
    typist.enters()


def test_the_whole_journey_takes_few_presses_and_the_focus_is_never_hidden(
    typist: Typist, patient_zone: Served
) -> None:
    typist.page.goto(f"{patient_zone.patient}/r/01")

    answers_every_page(typist)

    assert typist.page.url == f"{patient_zone.patient}/e"
    assert typist.hidden == []
    assert typist.tabs <= MOST_TABS


def test_every_stop_of_a_long_page_is_in_sight_both_ways(typist: Typist, patient_zone: Served) -> None:
    for path in ("/r/01", "/urgence", "/retour"):
        typist.page.goto(patient_zone.patient + path)
        stops = len(typist.page.query_selector_all("a,button:not(.vh),summary,.in")) + 2
        for _ in range(stops - 2):
            typist.tab()
        for _ in range(8):
            typist.page.keyboard.press("Shift+Tab")
            typist.hidden += faults_of_focus(typist.page, typist.focused)
    assert typist.hidden == []


def test_the_exit_is_the_second_stop_of_every_page(typist: Typist, patient_zone: Served) -> None:
    for path in ("/", "/r/01", "/confiance", "/urgence", "/retour"):
        typist.page.goto(patient_zone.patient + path)
        assert matches(typist.tab(), ".skip")
        assert matches(typist.tab(), ".x")
    typist.enters()
    assert Patient(typist.page, patient_zone.patient).heading() == "Bonjour"


def test_the_skip_link_leads_past_the_header(typist: Typist, patient_zone: Served) -> None:
    typist.page.goto(patient_zone.patient)
    skip = typist.tab()
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["height"] >= 48
    typist.page.keyboard.press("Enter")
    assert matches(typist.focused, "#m")
    assert matches(typist.tab(), "main a")


def test_an_error_has_the_focus_and_leads_to_its_field(typist: Typist, patient_zone: Served) -> None:
    patient = Patient(typist.page, patient_zone.patient)
    patient.begins()
    patient.needs(ACT)
    typist.page.click('main .row button[name=go][value="01"]')
    assert typist.page.title() == "Erreur – Étape 2 sur 8 – Mon espace"
    assert matches(typist.focused, ".err")
    typist.tab_to(".err a[href='#age']")
    typist.page.keyboard.press("Enter")
    assert matches(typist.focused, "#age")
    assert faults_of_focus(typist.page, typist.focused) == []


def test_a_focus_that_is_hidden_or_not_drawn_is_seen(chromium: Browser) -> None:
    page = chromium.new_context(viewport={"width": 320, "height": 400}).new_page()
    fixed = ".x,.strip{position:fixed;bottom:0;right:0;width:200px;height:60px}"
    bare = f"<style>{fixed}</style><button class=x>x</button>"
    place = "position:fixed;bottom:5px;right:5px;outline:0"
    page.set_content(f"{bare}<div class=strip></div><a href='#' id=under style='{place}'>under</a>")
    page.focus("#under")
    found = page.query_selector("#under")
    assert found is not None
    assert [fault.split(":")[0] for fault in faults_of_focus(page, found)] == [
        "no outline",
        "under .x",
        "under .strip",
    ]
    page.context.close()
