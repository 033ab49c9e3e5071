"""A browser for tests: it keeps cookies, follows redirections, fills forms by their labels, and lints.

Every answer of the patient zone is checked by `tests.page_lint`; there is no way to turn it off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from flask import Flask
from werkzeug.test import TestResponse

from app.config import Settings
from tests.page_lint import lint_page, lint_redirect, unpacked

LONGEST_CHAIN = 5
Values = Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """One page as a person gets it."""

    path: str
    status: int
    html: str
    tree: Element

    @property
    def heading(self) -> str:
        """Return the words of the h1."""
        return words(self.tree.find(".//h1"))

    @property
    def title(self) -> str:
        """Return the title."""
        return words(self.tree.find(".//title"))

    @property
    def main(self) -> Element:
        """Return the element of the page's own content."""
        found = self.tree.find(".//main")
        assert found is not None
        return found

    @property
    def text(self) -> str:
        """Return the words of the page's own content."""
        return words(self.main)

    @property
    def errors(self) -> dict[str, str]:
        """Return the error summary: field id to sentence."""
        summary = self.main.find(".//div[@class='err']")
        links = [] if summary is None else summary.findall(".//a")
        return {(link.get("href") or "")[1:]: words(link) for link in links}

    def form(self, button: str | None = None) -> Element:
        """Return the content's only form, or the one with a button so named."""
        forms = self.main.findall(".//form")
        if button is not None:
            named = [form for form in forms if any(words(b) == button for b in self._buttons(form))]
            assert named, f"no button {button!r} among {[words(b) for b in self.main.iter('button')]}"
            return named[0]
        assert len(forms) == 1, f"{len(forms)} forms: say which button"
        return forms[0]

    def filled(self, values: Values, button: str | None = None) -> tuple[str, dict[str, str]]:
        """Return where a form goes and what it sends, with these values by name or label."""
        form = self.form(button)
        data = dict(_initial(form))
        for key, value in values.items():
            name, sent = self._choice(form, key, value)
            data[name] = sent
        buttons = [b for b in self._buttons(form) if button in (None, words(b))]
        if buttons and buttons[0].get("name"):
            data[str(buttons[0].get("name"))] = buttons[0].get("value") or ""
        return form.get("action") or "", data

    def _buttons(self, form: Element) -> list[Element]:
        """Return a form's buttons in the page's order: the first is what Enter presses (HTML, 4.10.21.2)."""
        inside = {id(b) for b in form.iter("button") if not b.get("form")}
        named = form.get("id")
        return [b for b in self.tree.iter("button") if id(b) in inside or (named and b.get("form") == named)]

    def _choice(self, form: Element, key: str, value: str) -> tuple[str, str]:
        """Turn a name or label, and a value or a choice's words, into what is sent. Raises AssertionError."""
        field = _field(form, key)
        name = str(field.get("name"))
        if field.tag == "select":
            options = [(words(option), option.get("value") or "") for option in field.iter("option")]
        elif field.get("type") == "radio":
            options = [
                (words(label), radio.get("value") or "")
                for label in form.iter("label")
                for radio in label.iter("input")
                if radio.get("name") == name
            ]
        else:
            return name, value
        close = [sent for shown, sent in options if sent == value or shown.startswith(value)]
        assert close, f"no choice {value!r} for {key!r} among {options}"
        return name, close[0]


class Browser:
    """A person's browser before one application of the patient zone."""

    def __init__(self, app: Flask, *, gzip: bool = True) -> None:
        settings: Settings = app.extensions["paravent"].settings
        self.client = app.test_client()
        self._tls = settings.tls
        self._base = "https://localhost" if settings.tls else "http://localhost"
        self._headers = {"Accept-Encoding": "gzip"} if gzip else {}
        self.page: Page | None = None
        self.redirects: list[str] = []

    def get(self, path: str, status: int = 200) -> Page:
        """Open an address and follow where it leads; the page that comes has this status."""
        response = self.client.get(path, base_url=self._base, headers=self._headers)
        return self._arrive(response, status)

    def post(self, path: str, data: Values | bytes = b"", status: int = 200, **headers: str) -> Page:
        """Send a form and follow where it leads; the page that comes has this status."""
        response = self.client.post(
            path,
            data=data if isinstance(data, bytes) else dict(data),
            content_type="application/x-www-form-urlencoded",
            base_url=self._base,
            headers=self._headers | {name.replace("_", "-"): value for name, value in headers.items()},
        )
        return self._arrive(response, status)

    def submit(self, values: Values | None = None, button: str | None = None, status: int = 200) -> Page:
        """Fill in the form of the page on show and press a button, the first one unless named."""
        path, data = self.shown.filled(values or {}, button)
        return self.post(path, data, status)

    def follow(self, link: str, status: int = 200) -> Page:
        """Follow the link with these words."""
        found = [a.get("href") or "" for a in self.shown.tree.iter("a") if words(a) == link]
        assert found, f"no link {link!r}"
        return self.get(found[0], status)

    @property
    def shown(self) -> Page:
        """Return the page on show."""
        assert self.page is not None, "nothing was opened yet"
        return self.page

    @property
    def cookie(self) -> str | None:
        """Return the value of our cookie, if the browser holds one."""
        found = self.client.get_cookie("__Host-p" if self._tls else "p")
        return None if found is None else found.value

    def close(self) -> None:
        """Forget everything, as a browser that ends its session."""
        self.client.delete_cookie("__Host-p" if self._tls else "p")
        self.page = None

    def _arrive(self, response: TestResponse, status: int) -> Page:
        self.redirects = []
        while 300 <= response.status_code < 400:
            self.redirects.append(lint_redirect(response, tls=self._tls))
            assert len(self.redirects) <= LONGEST_CHAIN, f"a loop: {self.redirects}"
            response = self.client.get(self.redirects[-1], base_url=self._base, headers=self._headers)
        html = unpacked(response)
        assert response.status_code == status, f"{response.status_code} instead of {status}"
        self.page = Page(response.request.path, status, html, lint_page(response, html, tls=self._tls))
        return self.page


def words(element: Element | None) -> str:
    """Return an element's text, its white space made single."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _initial(form: Element) -> list[tuple[str, str]]:
    """Return what a form sends untouched."""
    sent = []
    for field in form.iter():
        name, kind = field.get("name") or "", field.get("type")
        if field.tag == "select":
            options = list(field.iter("option"))
            chosen = [o for o in options if "selected" in o.attrib] or options[:1]
            sent += [(name, o.get("value") or "") for o in chosen]
        elif field.tag == "textarea":
            sent.append((name, field.text or ""))
        elif field.tag == "input" and (kind not in ("radio", "checkbox") or "checked" in field.attrib):
            sent.append((name, field.get("value") or ""))
    return sent


def _field(form: Element, key: str) -> Element:
    """Find a field by its name, or by the words of its label or legend."""
    candidates = [f for f in form.iter() if f.tag in ("input", "select", "textarea")]
    by_name = [f for f in candidates if f.get("name") == key]
    if by_name:
        return by_name[0]
    targets = {label.get("for") for label in form.iter("label") if words(label) == key}
    by_label = [f for f in candidates if f.get("id") and f.get("id") in targets]
    by_legend = [
        radio
        for group in form.iter("fieldset")
        if words(group.find("legend")) == key
        for radio in group.iter("input")
    ]
    found = by_label + by_legend
    assert found, f"no field {key!r}"
    return found[0]
