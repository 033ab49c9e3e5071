"""From a template to a tagged PDF (PDF/UA-1, ISO 14289-1) whose outside tells nothing.

Title, metadata and length are the same for every specialty: the file is called `document.pdf`, says it is a
"Document", names no author and no software, and is as long as one of a few classes.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from babel.dates import format_date, format_time
from babel.numbers import format_currency
from babel.support import Translations

from app.config import ROOT
from app.documents.padding import padded_pdf

FILE_NAME = "document.pdf"
"""The only name a document is ever served under."""

TITLE = "Document"
TEMPLATES = ROOT / "templates"
CATALOGUES = ROOT / "app" / "web" / "translations"
SHEET_STYLE = TEMPLATES / "documents" / "sheet.css"

_XMP = f"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{TITLE}</rdf:li></rdf:Alt></dc:title></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>""".encode()


_BEFORE_A_SIGN = re.compile(r" (?=[;:!?»%€])|(?<=«) |(?<=\d) (?=minutes\b|\d{2,3}\b)")
"""Where French typography keeps a space whole (Lexique de l'Imprimerie nationale), and inside numbers."""


class OutsideRequest(Exception):
    """A document asked for something by its address: nothing is ever fetched."""


def render(template: str, context: Mapping[str, object], language: str, least: int) -> bytes:
    """Return the PDF of a template of `templates/documents/`, in `fr` or `en`, padded to a size class.

    `least` is the class that every document of this template should have, so that none stands out.

    Raises TooLong when the document is longer than the greatest class, OutsideRequest when it names an address.
    """
    html = _environment(language, CATALOGUES).get_template(f"documents/{template}").render(context)
    return padded_pdf(_pdf(html if language == "en" else _unbroken(html)), least)


def report_pdf(html: str) -> bytes:
    """Return the PDF of a page that holds its own style and pictures. Raises OutsideRequest for any address."""
    from weasyprint import HTML
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    own = URLFetcher(allowed_protocols=("data",), fail_on_errors=True)
    try:
        pdf: bytes = HTML(string=html, url_fetcher=own).write_pdf(pdf_variant="pdf/ua-1", finisher=_without_a_trace)
    except FatalURLFetchingError:
        raise OutsideRequest from None
    return pdf


def _unbroken(html: str) -> str:
    """Keep French signs on the line of the word before them. Markup has no such spaces."""
    return _BEFORE_A_SIGN.sub("\u00a0", html)


def _pdf(html: str) -> bytes:
    # Imported here: it takes most of a second, and most requests never print anything.
    from weasyprint import CSS, HTML
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    nowhere = URLFetcher(allowed_protocols=(), fail_on_errors=True)
    style = CSS(string=SHEET_STYLE.read_text(encoding="utf-8"), url_fetcher=nowhere)
    page = HTML(string=html, url_fetcher=nowhere)
    try:
        pdf: bytes = page.write_pdf(stylesheets=[style], pdf_variant="pdf/ua-1", finisher=_without_a_trace)
    except FatalURLFetchingError:
        raise OutsideRequest from None
    return pdf


def _without_a_trace(_document: Any, pdf: Any) -> None:
    """Replace the metadata: what made the file, and when, is nobody's business."""
    pdf.info.clear()
    pdf.info["Title"] = f"({TITLE})"
    number = int(pdf.catalog["Metadata"].split()[0])
    pdf.objects[number].stream = [_XMP]


@cache
def _environment(language: str, catalogues: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translations = Translations.load(str(catalogues), [language])
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]  # added by i18n
    environment.globals["language"] = language
    environment.filters |= {"long_day": _long_day, "hour": _hour, "money": _money}
    return environment


@jinja2.pass_environment
def _long_day(environment: jinja2.Environment, day: date) -> str:
    """Write a day in full, as a title: `Mardi 1er décembre 2026`."""
    written = format_date(day, "EEEE d MMMM y", locale=_locale(environment))
    if _locale(environment) == "fr":
        written = written.replace(" 1 ", " 1er ", 1)
    return written[0].upper() + written[1:]


@jinja2.pass_environment
def _hour(environment: jinja2.Environment, moment: datetime) -> str:
    """Write a local time: `14 h 30` or `2:30 pm`."""
    pattern = "H\u00a0'h'\u00a0mm" if _locale(environment) == "fr" else "h:mm a"
    return format_time(moment, pattern, locale=_locale(environment), tzinfo=moment.tzinfo)


@jinja2.pass_environment
def _money(environment: jinja2.Environment, cents: int) -> str:
    """Write whole euro cents as a price: `58,50 €`."""
    return format_currency(Decimal(cents) / 100, "EUR", locale=_locale(environment))


def _locale(environment: jinja2.Environment) -> str:
    return "en" if environment.globals["language"] == "en" else "fr"
