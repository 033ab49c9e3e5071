"""A patient at a real browser: the journey in their verbs. Each fails when its page is not the one expected."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Error, Page, Response

CONTINUE = 'main .row button[name=go][value="01"]'


@dataclass
class Patient:
    """A browser page on the funnel, with the words they noted and the answers it got."""

    page: Page
    address: str
    shots: Path | None = None
    whole_pages: bool = True
    words: list[str] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Note every response the browser gets."""
        self.page.on("response", lambda response: self.responses.append(response))

    def begins(self) -> None:
        """Open the first page of the funnel."""
        self.page.goto(f"{self.address}/r/01")

    def needs(self, act: str) -> None:
        """Choose an act by its code."""
        self.page.check(f'input[name=act][value="{act}"]')
        self._go_on("01")

    def is_aged(self, age: int, whom: str = "01", standing: str = "01") -> None:
        """Say for whom, how old, in what standing."""
        self.page.check(f'input[name=whom][value="{whom}"]')
        self.page.fill("#age", str(age))
        self.page.check(f'input[name=standing][value="{standing}"]')
        self._go_on("02")

    def refuses_extras(self) -> None:
        """Read who will know, and refuse the optional consent where one is asked."""
        asked = self.page.query_selector('input[name=decision][value="02"][type=radio]')
        if asked:
            asked.check()
        self._go_on("03")

    def would_rather_speak(self) -> None:
        """Answer each question with *je préfère en parler sur place*."""
        for choice in self.page.query_selector_all('input[type=radio][value="99"]'):
            choice.check()
        self._go_on("04")

    def takes_the_first_slot(self) -> None:
        """Choose the first slot, window, or *aucun ne me convient* that is offered."""
        offered = self.page.query_selector('input[name=slot][type=radio]:not([value^="-"])')
        if offered:
            offered.check()
        self._go_on("05")

    def is_called(self, name: str, phone: str | None = None) -> None:
        """Give a name to be called by, and a number or no contact."""
        self.page.fill("#name", name)
        self.page.check(f'input[name=channel][value="{"02" if phone else "01"}"]')
        if phone:
            self.page.fill("#phone", phone)
        self._go_on("06")

    def reads_the_fees(self) -> None:
        """Read fees and traces."""
        self._go_on("07")

    def notes_words_and_sends(self) -> None:
        """Note the seven words, retype the two asked for, and send."""
        self.words = [item.inner_text() for item in self.page.query_selector_all(".words li")]
        asked = re.findall(r"mot numéro (\d)|word number (\d)", self.page.inner_text("main"))
        for field_name, (french, english) in zip(("#word1", "#word2"), asked, strict=True):
            self.page.fill(field_name, self.words[int(french or english) - 1])
        self._go_on("08")

    def books(
        self, act: str, age: int = 34, name: str = "Zoé Exemple", phone: str | None = "06 39 98 00 12"
    ) -> None:
        """Do the whole journey, from the first page to the space."""
        self.begins()
        self.needs(act)
        self.is_aged(age)
        self.refuses_extras()
        self.would_rather_speak()
        self.takes_the_first_slot()
        self.is_called(name, phone)
        self.reads_the_fees()
        self.notes_words_and_sends()
        self._picture("09")

    def heading(self) -> str:
        """Return the page's heading."""
        return self.page.inner_text("h1")

    def leaves_in_a_hurry(self) -> None:
        """Press the quick exit."""
        self.page.click("button.x")

    def _go_on(self, number: str) -> None:
        """Continue from a page, after checking that it is the one meant."""
        assert self.page.url == f"{self.address}/r/{number}"
        self._picture(number)
        self.page.click(CONTINUE)

    def _picture(self, name: str) -> None:
        if self.shots:
            shoot(self.page, self.shots / f"{name}.png", whole=self.whole_pages)


def shoot(page: Page, path: Path, *, whole: bool = True) -> None:
    """Take a picture; on a busy machine Chromium's compositor may refuse once or twice."""
    for attempt in range(3):
        try:
            page.screenshot(path=path, full_page=whole)
        except Error:
            if attempt == 2:
                raise
        else:
            return
