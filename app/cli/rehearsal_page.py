"""A page as a browser reads it: its title, its headings, its forms, and all that it would send or ask for."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_INPUTS_NOT_SENT = ("radio", "checkbox")
_TYPED = frozenset({"text", "email", "tel", "number", "search", "password", "date"})
"""Inputs whose value is what the reader wrote, which the page shows them again."""

_ADDRESSES = ("href", "src", "action", "formaction", "srcset", "poster", "data", "cite", "ping", "manifest")
_NAMES = ("id", "name", "for", "form", "list")
_KEY = re.compile(r"[A-Za-z0-9_-]{24}", re.ASCII)
"""The one random value of a form, which may hold any letters by chance."""


@dataclass(slots=True)
class Form:
    """One form: where it goes, what it sends untouched, and the values each list of choices offers."""

    action: str
    sent: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)

    def filled(self, wanted: dict[str, str]) -> dict[str, str]:
        """Return what the form sends once filled in: the values wanted, else the first of each list of choices."""
        open_ones = [name for name in self.choices if not self.sent.get(name, "").strip("-")]
        first = {name: self.answers(name)[0] for name in open_ones if self.answers(name)}
        asked = {name: value for name, value in wanted.items() if self._takes(name, value)}
        return dict.fromkeys(self.texts, "") | self.sent | first | asked

    def answers(self, name: str) -> list[str]:
        """Return the values a list of choices offers, but for the dashes that say nothing is chosen yet."""
        return [value for value in self.choices.get(name, ()) if value.strip("-")]

    def _takes(self, name: str, value: str) -> bool:
        return name in self.texts or value in self.choices.get(name, ()) or name == "go"


@dataclass(slots=True)
class Page:
    """What was read of a page. `forms` leaves out those of the header: the exit and the switches.

    `links`, `files`, `names` and `values` are of the whole page: addresses it leads to or fetches, names that it
    saves files under, names of its parts, and values that it made itself and would send.
    """

    title: str = ""
    headings: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects forms and a few texts. Written for our own pages: every form is closed, every name is quoted."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._form: Form | None = None
        self._heard: list[str] | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._read_outside(tag, given)
        if tag in ("title", "h1"):
            self._heard = []
        elif tag == "form":
            self._form = Form(given.get("action", ""))
        elif self._form is not None:
            self._read_field(self._form, tag, given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if self._heard is not None:
            self._heard.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("title", "h1") and self._heard is not None:
            words = " ".join("".join(self._heard).split())
            self._heard = None
            self.page.headings.append(words) if tag == "h1" else setattr(self.page, "title", words)
        elif tag == "select":
            self._select = None
        elif tag == "form" and self._form is not None:
            self.page.forms.append(self._form)
            self._form = None

    def _read_outside(self, tag: str, given: dict[str, str]) -> None:
        """Keep what a tag would show to others than the reader, wherever it stands."""
        page = self.page
        page.links += [given[name] for name in _ADDRESSES if given.get(name)]
        page.files += [given["download"]] if given.get("download") else []
        page.names += [given[name] for name in _NAMES if given.get(name)]
        value = given.get("value", "")
        typed = tag == "input" and given.get("type", "text") in _TYPED
        key = given.get("name") == "k" and _KEY.fullmatch(value)
        if value and not typed and not key:
            page.values.append(value)

    def _read_field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "select":
            self._select = name
            form.choices.setdefault(name, [])
        elif tag == "option" and self._select:
            self._offer(form, self._select, value, chosen="selected" in given)
        elif tag == "textarea":
            form.texts.append(name)
        elif tag == "button":
            form.buttons.append(value)
        elif tag == "input":
            self._read_input(form, name, given.get("type", "text"), value, chosen="checked" in given)

    def _read_input(self, form: Form, name: str, kind: str, value: str, *, chosen: bool) -> None:
        if kind in _INPUTS_NOT_SENT:
            self._offer(form, name, value, chosen=chosen)
            return
        if kind != "hidden":
            form.texts.append(name)
        form.sent[name] = value

    def _offer(self, form: Form, name: str, value: str, *, chosen: bool) -> None:
        form.choices.setdefault(name, []).append(value)
        if chosen:
            form.sent[name] = value


def read_page(html: str) -> Page:
    """Read a page of the patient zone."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.page.forms = [form for form in reader.page.forms if form.action not in ("/x", "/reglage")]
    return reader.page
