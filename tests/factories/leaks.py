"""For every kind of surface: how something leaves by it, with a place for the words that are tried."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache

from app.cli.rehearsal_page import read_page
from app.cli.rehearsal_surfaces import seen_of
from app.cli.rehearsal_visitor import Exchange
from app.discretion.calendar_file import clear_calendar
from app.discretion.fields import clear_fields, clear_payment
from app.discretion.gate import Betrayal, leaving
from app.discretion.mail import clear_mail
from app.discretion.payment import PRODUCT
from app.discretion.pdf import FILE_NAME, clear_pdf
from app.discretion.sizes import padded_plain
from app.discretion.sms import clear_sms
from app.discretion.surfaces import Surface
from app.documents.slip import AppointmentSlip, appointment_slip
from app.log import AllowListFormatter
from app.patient.papers import neutral_slip
from app.web.headers import PatientHeaders
from app.web.leaving import clear_head, clear_page
from app.web.metrics import Counter
from app.web.shapes import Shapes

Leave = Callable[[str], object]

REFERENCE = "00000000-0000-4000-8000-000000000000"
_OK = "200 OK"
_TYPE = ("Content-Type", "text/html; charset=utf-8")
COOKIE = f"p=fn00{'.' * 43}; Path=/; HttpOnly; SameSite=Lax"


def a_mail(subject: str = "Mon espace", body: str = "Bonjour.\n", sender: str = "Mon espace") -> EmailMessage:
    """Return a sound mail."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"{sender} <espace@example.fr>", "moi@example.fr", subject
    mail.set_content(body)
    return mail


def a_calendar(summary: str = "Rendez-vous", more: str = "") -> str:
    """Return a sound calendar file."""
    lines = f"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Mon espace//FR
BEGIN:VEVENT
UID:00000000-0000-4000-8000-000000000000
DTSTAMP:20261123T080000Z
DTSTART:20261201T083000Z
SUMMARY:{summary}
{more}CLASS:PRIVATE
END:VEVENT
END:VCALENDAR
"""
    return lines.replace("\n", "\r\n")


@cache
def a_paper() -> bytes:
    """Return a real slip."""
    at = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
    return appointment_slip(
        AppointmentSlip(at, "Europe/Paris", "Le Quai", "1 quai Vert", "B", "", "0639980000", "fr")
    )


def a_paper_titled(title: str) -> bytes:
    """Return a PDF whose properties stand in clear."""
    return (
        f"%PDF-1.7\n1 0 obj\n<</Title ({title})>>\nendobj\ntrailer\n<</Info 1 0 R>>\nstartxref\n0\n%%EOF\n".encode()
    )


def a_payment(product: str = PRODUCT) -> dict[str, object]:
    """Return what a provider is asked for: a page to pay on, for one thing of one name."""
    price = {"currency": "eur", "unit_amount": 4600, "product_data": {"name": product}}
    return {
        "mode": "payment",
        "locale": "fr",
        "line_items": [{"quantity": 1, "price_data": price}],
        "client_reference_id": REFERENCE,
        "metadata": {"ref": REFERENCE},
        "payment_intent_data": {"statement_descriptor": "LE QUAI", "metadata": {"ref": REFERENCE}},
        "success_url": "https://espace.example.fr/e",
        "cancel_url": "https://espace.example.fr/e",
        "expires_at": 1800000000,
    }


def _mail_header(words: str) -> object:
    mail = a_mail()
    mail["Message-ID"] = f"<{words.replace(' ', '-')}@example.fr>"
    return clear_mail(mail)


def _in_head(html: str) -> object:
    return clear_page(f"<!doctype html><head><style>a</style>{html}</head><body>")


def _in_robots(words: str) -> None:
    """Answer robots by the last look at a patient's answers."""
    headers = PatientHeaders("a", tls=False)
    named = [*headers.page(gzip=False)]
    named[named.index(_TYPE)] = ("Content-Type", "text/plain; charset=utf-8")
    body = padded_plain(f"User-agent: *\nDisallow: /{words}\n".encode())
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/robots.txt"}
    Shapes(headers).clear(environ, _OK, named, body)


def _on_a_page(html: str) -> object:
    """Let a rehearsal see a page and judge it, as before publishing."""
    whole = f"<!doctype html><head><title>{CLEAN}</title>{html}"
    shown = Exchange("GET", "/", 200, 0, 0, (), 0, b"", whole, read_page(whole))
    return [leaving(surface, text) for surface, text in seen_of(shown)]


def _in_a_line(surface: Surface, message: str, kind: type[BaseException] | None = None) -> object:
    """Write a line to the log. Raises Betrayal where the formatter withheld something, once it is surely gone."""
    formatter = AllowListFormatter()
    error = (kind, kind(), None) if kind else None
    line = formatter.format(logging.LogRecord("paravent.web", logging.ERROR, "a.py", 1, message, None, error))
    if formatter.withheld:
        assert (kind.__name__ if kind else message) not in line
        raise Betrayal(surface, 0)
    return line


def _on_a_slip(words: str) -> object:
    site = {"name": "Le Quai", "address": "1 quai Vert", "desk_words": "", "phone": "0639980000", "door": words}
    at = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
    return neutral_slip({**site, "timezone": "Europe/Paris"}, at, "fr")


LEAVE: Mapping[Surface, Leave] = {
    Surface.ADDRESS: lambda words: _on_a_page(f'<a href="/r/{words}">'),
    Surface.REDIRECTION: lambda words: clear_head(
        "303 SEE OTHER", [("Location", f"/{words.lower().replace(' ', '-')}")]
    ),
    Surface.STATUS: lambda words: clear_head(f"200 {words}", [_TYPE]),
    Surface.HEADER: lambda words: clear_head(_OK, [_TYPE, ("Server", words)]),
    Surface.COOKIE: lambda words: clear_head(_OK, [("Set-Cookie", COOKIE if words == CLEAN else f"p={words}")]),
    Surface.CONTENT_TYPE: lambda words: clear_head(_OK, [_TYPE if words == CLEAN else ("Content-Type", words)]),
    Surface.CONTENT_DISPOSITION: lambda words: clear_head(
        _OK, [("Content-Disposition", f'attachment; filename="{FILE_NAME if words == CLEAN else words}"')]
    ),
    Surface.TITLE: lambda words: _in_head(f"<title>{words}</title>"),
    Surface.LINK_PREVIEW: lambda words: _on_a_page(f'<meta property="og:title" content="{words}">'),
    Surface.FIELD_NAME: lambda words: _on_a_page(f'<form action="/x"><input name="{words}"></form>'),
    Surface.ROBOTS: _in_robots,
    Surface.PDF_NAME: lambda words: clear_pdf(FILE_NAME if words == CLEAN else f"{words}.pdf", a_paper()),
    Surface.PDF_METADATA: lambda words: clear_pdf(
        FILE_NAME, a_paper_titled("Document" if words == CLEAN else words)
    ),
    Surface.PDF_TEXT: _on_a_slip,
    Surface.CALENDAR: lambda words: clear_calendar(a_calendar(words)),
    Surface.MAIL_SENDER: lambda words: clear_mail(a_mail(sender=words)),
    Surface.MAIL_SUBJECT: lambda words: clear_mail(a_mail(subject=words)),
    Surface.MAIL_HEADER: _mail_header,
    Surface.MAIL_BODY: lambda words: clear_mail(a_mail(body=f"Bonjour,\n{words}\n")),
    Surface.SMS_SENDER: lambda words: clear_sms(words[:11], "Rendez-vous demain"),
    Surface.SMS_TEXT: lambda words: clear_sms("Mon espace", words),
    Surface.PAYMENT: lambda words: clear_payment(a_payment(PRODUCT if words == CLEAN else words)),
    Surface.BANK_LABEL: lambda words: clear_payment({"statement_descriptor": words.upper()}),
    Surface.OUTBOX: lambda words: clear_fields(Surface.OUTBOX, {"kind": words}),
    Surface.LOG_LINE: lambda words: _in_a_line(Surface.LOG_LINE, words),
    Surface.METRIC: lambda words: Counter("paravent_tried_total", "What was tried.", "kind", (words,)),
    Surface.EXCEPTION: lambda words: _in_a_line(
        Surface.EXCEPTION, "a fault", type(words.replace(" ", ""), (Exception,), {})
    ),
}
"""One way out of each kind, through what the product itself uses."""

CLEAN = "Mon espace"
"""Words that may leave by any of them."""
