"""What is true of every page and redirection of the patient zone. The linting browser asks it of each answer."""

import base64
import gzip
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

import html5lib
from werkzeug.test import TestResponse

from app.discretion.lexicon import shipped
from app.discretion.sizes import PAGE_BYTES, PLAIN_BYTES, REQUEST_BYTES
from app.web.headers import HEAD_BYTES
from app.web.languages import more_styles
from app.web.stylesheet import stylesheet

TITLE = re.compile(r"((Erreur|Error) – )?((Étape|Step) \d{1,2} (sur|of) \d{1,2} – )?Mon espace")
OUR_LINK = re.compile(r"/(?!/)[a-z0-9/]*(#[a-z]+)?|#[a-zA-Z0-9_-]+|tel:\d+|sms:\d+")
COOKIE = re.compile(
    r"(__Host-)?p=[fe][nm][0-9a-z][0-2][A-Za-z0-9_.-]{43}; Path=/; HttpOnly; SameSite=Lax(; Secure)?"
)
FORMS_WITHOUT_KEY = ("/x", "/reglage")
FORBIDDEN = ("script", "img", "iframe", "object", "embed", "video", "audio", "base", "canvas")
HEADERS = {
    "Server": "web",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex,noarchive",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(),microphone=(),geolocation=()",
}
POLICY = "default-src 'none';style-src {};img-src data:;form-action 'self';base-uri 'none';frame-ancestors 'none'"
REDIRECT_BYTES = 64


def unpacked(response: TestResponse) -> str:
    """Return a body's text, after checking its travelling size."""
    body: bytes = response.data
    if response.headers.get("Content-Encoding") == "gzip":
        assert len(body) == PAGE_BYTES, f"a body of {len(body)} bytes"
        return gzip.decompress(body).decode()
    assert len(body) == PLAIN_BYTES, f"a plain body of {len(body)} bytes"
    return body.decode()


def lint_page(response: TestResponse, text: str, *, tls: bool) -> Element:
    """Check a page and return its tree. Raises AssertionError with what is wrong."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree: Element = parser.parse(text.rstrip())
    _lint_headers(response, _text(tree.find(".//style")), tls=tls)
    _lint_outline(tree, response.request.path)
    _lint_title_of_an_error(tree, response.status_code)
    _lint_fields(tree)
    _lint_forms(tree)
    _lint_links(tree)
    return tree


def lint_forms_of(text: str) -> None:
    """Check only the forms of a text. Raises AssertionError with what is wrong."""
    _lint_forms(html5lib.HTMLParser(namespaceHTMLElements=False).parse(text))


def lint_redirect(response: TestResponse, *, tls: bool) -> str:
    """Check a 303 and return where it leads: a path of ours, an empty body, always the same length."""
    headers = response.headers
    location = headers["Location"]
    assert response.status_code == 303, f"a redirection by {response.status_code}"
    assert response.data == b"", "a redirection with a body"
    assert OUR_LINK.fullmatch(location), "a redirection that is not a path of ours"
    assert not shipped().hits(location), "a redirection that tells"
    own = {"Content-Length", "Location", "X-Fill", "Set-Cookie", "Content-Security-Policy", "Clear-Site-Data"}
    assert {name for name, _ in headers} - own == set(_constant(tls=tls)), "other headers than a redirection's"
    exits = sum(len(f"{name}: {value}\r\n") for name, value in headers if name == "Clear-Site-Data")
    growth = len("; Max-Age=0") if "Max-Age" in headers["Set-Cookie"] else 0
    assert len(location) + len(headers["X-Fill"]) + exits + growth == REDIRECT_BYTES, "a redirection's length"
    return location


def _constant(*, tls: bool) -> dict[str, str]:
    return HEADERS | ({"Strict-Transport-Security": "max-age=63072000"} if tls else {})


def _digest(css: str) -> str:
    return base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()


def _sheets() -> list[str]:
    """Return the prints of the two screens' stylesheets: every response names both, whatever its screen."""
    return [_digest(stylesheet(more=more_styles(), muted=muted)) for muted in (False, True)]


def _lint_headers(response: TestResponse, css: str, *, tls: bool) -> None:
    sheets = _sheets()
    assert _digest(css) in sheets, "another stylesheet than those of the two screens"
    expected = _constant(tls=tls) | {
        "Content-Security-Policy": POLICY.format(" ".join(f"'sha256-{sheet}'" for sheet in sheets)),
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(response.data)),
    }
    if response.headers.get("Content-Encoding"):
        expected["Content-Encoding"] = "gzip"
    found = dict(response.headers)
    cookie = found.pop("Set-Cookie")
    found.pop("Allow", None)
    assert head_bytes(response) == HEAD_BYTES, f"a head of {head_bytes(response)} bytes"
    assert not found.pop("X-Fill").strip("0"), "a filler that says something"
    assert found == expected, "headers other than the constant ones"
    assert len(response.headers.getlist("Set-Cookie")) == 1, "not one cookie"
    assert COOKIE.fullmatch(cookie), "a cookie with other flags"
    assert cookie.endswith("; Secure") == cookie.startswith("__Host-") == tls, "a cookie unfit for its transport"
    assert not shipped().hits("\n".join(value for name, value in found.items())), "a header that tells"


def head_bytes(response: TestResponse) -> int:
    """Return the length of a status line and headers, as HTTP/1.1 writes them."""
    return len(response.status) + sum(len(f"{name}: {value}\r\n") for name, value in response.headers)


def _lint_outline(tree: Element, path: str) -> None:
    title = _text(tree.find(".//title"))
    assert TITLE.fullmatch(title), "a title that is not the neutral one"
    assert not shipped().hits(f"{title} {path}"), "a title or an address that tells"
    assert len(tree.findall(".//h1")) == 1, f"{len(tree.findall('.//h1'))} h1"
    assert tree.get("lang") in ("fr", "en"), "a page without its language"
    ids = Counter(element.get("id") for element in tree.iter() if element.get("id"))
    assert max(ids.values()) == 1, f"an id twice: {ids.most_common(1)}"
    for element in tree.iter():
        assert element.tag not in FORBIDDEN, f"an element {element.tag}"
        loud = [name for name in element.attrib if name == "style" or name.startswith("on")]
        assert not loud, f"an attribute {loud}"


def _lint_title_of_an_error(tree: Element, status: int) -> None:
    """A title that says the error is read out first; one that says it for nothing would worry."""
    wrong = status >= 400 or tree.find(".//div[@class='err']") is not None
    says_so = _text(tree.find(".//title")).startswith(("Erreur – ", "Error – "))
    assert says_so == wrong, f"the title says an error: {says_so}; the page: {wrong}"


def _lint_fields(tree: Element) -> None:
    labelled = {label.get("for") for label in tree.iter("label")}
    wrapped = {id(field) for label in tree.iter("label") for field in label.iter() if field is not label}
    ids = {element.get("id") for element in tree.iter()}
    for field in fields(tree):
        name = field.get("name")
        assert name, "a field without a name"
        assert field.get("id") in labelled or id(field) in wrapped, f"no label for {name}"
        described = (field.get("aria-describedby") or "").split()
        assert set(described) <= ids, f"{name} is described by nothing"


def _lint_forms(tree: Element) -> None:
    ids = {element.get("id") for element in tree.iter()}
    for button in tree.iter("button"):
        assert button.get("form") is None or button.get("form") in ids, "a button of no form"
        assert (_text(button) or button.get("aria-label") or "").strip(), "a button without a name"
    for form in tree.iter("form"):
        action = form.get("action") or ""
        assert OUR_LINK.fullmatch(action), "a form without an address of ours"
        assert form.get("method") == "post", f"the form of {action} is not a POST"
        _lint_request(tree, form, action)
        if action in FORMS_WITHOUT_KEY:
            continue
        keys = [field.get("value") for field in form.iter("input") if field.get("name") == "k"]
        assert len(keys) == 1, f"the form of {action} has not one key"
        assert keys[0], f"the form of {action} has an empty key"
        assert form.get("autocomplete") == "off", f"the browser may keep what is typed in the form of {action}"


def _lint_request(tree: Element, form: Element, action: str) -> None:
    """Check that what a form sends has the one length, whatever is chosen and pressed, but for typed text."""
    fixed, groups = _what_is_sent(form)
    inside = set(form.iter("button"))
    buttons = [b for b in tree.iter("button") if b in inside or b.get("form", "-") == form.get("id")]
    pressed = {_pair(button) for button in buttons}
    groups["button"] = [pair for pair in pressed if pair != "="] or [""]
    for name, pairs in groups.items():
        assert len({len(pair) for pair in pairs}) == 1, f"choices of {name} are not of one length at {action}"
    body = "&".join([*fixed, *(pairs[0] for pairs in groups.values() if pairs[0])])
    length = len(action) + len(body)
    assert length == REQUEST_BYTES, f"the form of {action} sends {length} instead of {REQUEST_BYTES}"


def _what_is_sent(form: Element) -> tuple[list[str], dict[str, list[str]]]:
    """Return what a form sends whatever is chosen, with no text typed; and the choices of each other field."""
    fixed, groups, ticked = [], defaultdict[str, list[str]](list), set()
    for field in form.iter():
        name = field.get("name", "")
        if field.tag == "select":
            groups[name] = [urlencode({name: option.get("value")}) for option in field.iter("option")]
        elif field.tag == "input" and field.get("type") == "radio":
            groups[name].append(_pair(field))
            ticked |= {name} if "checked" in field.attrib else set()
        elif field.tag in ("input", "textarea"):
            fixed.append(_pair(field) if field.get("type") == "hidden" else f"{name}=")
    radios = {field.get("name", "") for field in form.iter("input") if field.get("type") == "radio"}
    assert ticked == radios, f"left as it is, nothing is sent for {radios - ticked}"
    return fixed, groups


def _pair(field: Element) -> str:
    return urlencode({field.get("name", ""): field.get("value", "")})


def _lint_links(tree: Element) -> None:
    ids = {element.get("id") for element in tree.iter()}
    for element in tree.iter():
        link = element.get("href") or element.get("src")
        if link is None or (element.tag == "link" and link == "data:,"):
            continue
        assert OUR_LINK.fullmatch(link), f"a link out: {link}"
        assert not link.startswith("#") or link[1:] in ids, f"a link to nothing: {link}"
        assert not shipped().hits(link), "a link that tells"


def fields(tree: Element) -> Iterator[Element]:
    """Yield the fields a person fills in."""
    for element in tree.iter():
        if element.tag in ("select", "textarea") or (element.tag == "input" and element.get("type") != "hidden"):
            yield element


def _text(element: Element | None) -> str:
    return "" if element is None else "".join(element.itertext())
