"""A served installation in place of a Flask application, so that `Patient` walks it over a real connection."""

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from werkzeug.test import Client

from app.config import Settings
from tests.factories.patient import Patient

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Send = Callable[[bytes], bytes]
"""Sends one whole request and returns the whole answer."""

_OF_THE_SERVER = ("date", "connection", "keep-alive")
"""Headers that whoever carries the answer adds."""


class Distant:
    """As much of an application as a browser of the tests asks for: its settings, and a client."""

    def __init__(self, settings: Settings, send: Send) -> None:
        self.extensions = {"paravent": SimpleNamespace(settings=settings)}
        self.send = send

    def test_client(self) -> Client:
        """Return a client whose requests travel."""
        return Client(self._travel)

    def _travel(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        head, _, body = self.send(request_of(environ)).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.partition(": ") for line in lines]
        kept = [(name.title(), value) for name, _, value in pairs if name.lower() not in _OF_THE_SERVER]
        start_response(first.partition(" ")[2], kept)
        return [body]


def request_of(environ: "WSGIEnvironment") -> bytes:
    """Write a request as a browser would send it."""
    asked = environ["REQUEST_URI"] if "REQUEST_URI" in environ else environ["PATH_INFO"]
    lines = [f"{environ['REQUEST_METHOD']} {asked} HTTP/1.1", "Host: localhost"]
    headers = [(name[5:].replace("_", "-").title(), environ[name]) for name in environ if name.startswith("HTTP_")]
    lines += [f"{name}: {value}" for name, value in headers if name != "Host"]
    body = b""
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read()
        lines += [f"Content-Type: {environ.get('CONTENT_TYPE', '')}", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def distant_patient(settings: Settings, send: Send) -> Patient:
    """Return somebody before a served installation."""
    application: Any = Distant(settings, send)  # all of a Flask application that a browser asks for
    return Patient(application)
