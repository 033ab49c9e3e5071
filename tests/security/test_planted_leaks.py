"""A leak planted in each kind of thing that leaves is refused, by name; its clean twin leaves."""

import logging
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from app.discretion.gate import Malformed, Refused
from app.discretion.mail import MAIL_BYTES, clear_mail
from app.discretion.pdf import FILE_NAME, clear_pdf, pdf_metadata
from app.discretion.sms import clear_sms, septets
from app.discretion.surfaces import Surface
from app.log import WITHHELD, AllowListFormatter
from app.web.leaving import clear_head, clear_page
from tests.factories.house import House
from tests.factories.leaks import (
    CLEAN,
    LEAVE,
    a_mail,
    a_paper,
    a_paper_titled,
)

LEAKS = ("Contraception", "PSYCHIATRE", "Dermatologue")
SURFACES = pytest.mark.parametrize("surface", list(Surface), ids=lambda surface: surface.name.lower())


def test_there_are_twenty_kinds_and_a_way_out_of_each() -> None:
    assert len(Surface) >= 20
    assert set(LEAVE) == set(Surface)


@SURFACES
@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_refused_and_named(surface: Surface, leak: str) -> None:
    with pytest.raises(Refused) as refusal:
        LEAVE[surface](leak)
    assert refusal.value.surface == surface
    article, said = str(refusal.value).split(" ", 1)
    assert article in ("a", "an")
    assert said.startswith(surface)
    assert leak.lower() not in str(refusal.value).lower()


@SURFACES
def test_the_clean_twin_leaves(surface: Surface) -> None:
    LEAVE[surface](CLEAN)


def test_a_mail_is_plain_text_of_one_length() -> None:
    mails = [
        clear_mail(a_mail(subject, body * 9)) for subject in ("Rappel", "Reçu") for body in ("Oui.", "À demain\n")
    ]
    assert {len(mail.body) for mail in mails} == {MAIL_BYTES}
    for more in range(150):
        assert len(clear_mail(a_mail(body="a" * more)).body) == MAIL_BYTES
    with pytest.raises(Malformed):
        clear_mail(a_mail(body="Bonjour.\n" * 999))


def _with_a_picture(mail: EmailMessage) -> None:
    mail.add_attachment(b"a", "image", "gif", filename="a.gif")


def _in_html(mail: EmailMessage) -> None:
    mail.set_content("<p>Bonjour", "html")


def _with_a_copy(mail: EmailMessage) -> None:
    mail["Bcc"] = "autre@example.fr"


def _to_a_name(mail: EmailMessage) -> None:
    mail.replace_header("To", "Claire Exemple <moi@example.fr>")


@pytest.mark.parametrize("spoil", [_with_a_picture, _in_html, _with_a_copy, _to_a_name])
def test_a_mail_of_another_shape_is_refused(spoil: Callable[[EmailMessage], None]) -> None:
    mail = a_mail()
    spoil(mail)
    with pytest.raises(Malformed):
        clear_mail(mail)


def test_an_sms_is_one_part_of_the_common_alphabet() -> None:
    assert septets("a€") == 3
    clear_sms("36180", "a" * 160)
    for text in ("a" * 161, "€" * 81, "fenêtre", "ok 👍"):
        with pytest.raises(Malformed):
            clear_sms("36180", text)


def test_a_real_paper_leaves_and_one_that_says_more_does_not() -> None:
    assert clear_pdf(FILE_NAME, a_paper()).body == a_paper()
    assert len(pdf_metadata(a_paper())) == 2
    clear_pdf(FILE_NAME, a_paper_titled("Document"))
    for body in (b"", a_paper_titled("Document").replace(b")>>", b")/Author (X)>>"), a_paper() + a_paper()):
        with pytest.raises(Malformed):
            clear_pdf(FILE_NAME, body)


def test_an_unknown_header_is_refused() -> None:
    with pytest.raises(Malformed):
        clear_head("200 OK", [("X-Anything", "1")])
    with pytest.raises(Malformed):
        clear_head("200 OK", [("Set-Cookie", f"p=fn00{'.' * 43}; Path=/; Domain=example.fr")])
    with pytest.raises(Malformed):
        clear_head("303 SEE OTHER", [("Location", "https://example.fr/")])


def test_the_head_that_a_link_preview_reads_is_one_for_all_pages(house: House) -> None:
    robot = {"User-Agent": "facebookexternalhit/1.1", "Accept-Encoding": "identity"}
    client = house.patient_app().test_client()
    heads = {client.get(path, headers=robot).text.partition("</head>")[0] for path in ("/", "/confiance", "/aide")}
    (head,) = heads
    assert "og:" not in head
    assert 'name="description"' not in head


_STYLE, _TITLE = "<style>a{b:c}</style>", "<title>Mon espace</title>"


@pytest.mark.parametrize(
    "head",
    [
        "<STYLE>a</STYLE><title>Psychiatrie</title>",
        "<style>a</STYLE><title>Psychiatrie</title></style>",
        "<!-- <style> --><title>Psychiatrie</title><style>a</style>",
        "<title>x<style>psychiatrie</style></title>",
        "<style>a<title>Psychiatrie</title></head>",
        "</head><title>Psychiatrie</title>",
        "<style>.psychiatrie{}</style><title>Mon espace</title>",
        "<title>Mon espace</title>" * 2,
        "",
    ],
)
def test_an_odd_head_does_not_hide_a_word(head: str) -> None:
    clear_page(f"<!doctype html><head>{_STYLE}{_TITLE}</head><body>Psychiatrie")
    clear_page(f"<!doctype html><head>{_TITLE}</head><body>Psychiatrie")
    with pytest.raises(Refused) as refusal:
        clear_page(f"<!doctype html><head>{head}</head><body>")
    assert refusal.value.surface == Surface.TITLE


@pytest.mark.parametrize("page", [f"<head>{_TITLE}<body>", f"<head>{_TITLE}</HEAD><body>", "", "Mon espace"])
def test_a_page_whose_head_has_no_end_does_not_leave(page: str) -> None:
    with pytest.raises(Malformed):
        clear_page(page)


def _line(name: str, message: str, **fields: object) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.ERROR, "a.py", 1, message, None, None)
    record.__dict__.update(fields)
    return record


def test_a_log_line_withholds_what_tells_and_counts_it() -> None:
    formatter = AllowListFormatter()
    said = formatter.format(
        _line("paravent.web", "a page for Contraception", kind="PsychiatristMissing", status=200)
    )
    assert "ontracep" not in said
    assert "sychiatr" not in said
    assert (said.count(WITHHELD), formatter.withheld) == (2, 2)


def test_a_log_line_keeps_the_names_of_the_libraries_it_needs() -> None:
    formatter = AllowListFormatter()
    said = formatter.format(_line("psycopg.pool", "anything", kind="abort", route="/r/<int:step>"))
    assert "psycopg.pool" in said
    assert formatter.withheld == 1  # `abort` as a kind is no name of code


@pytest.mark.parametrize(
    "name", ["abortion_for_psychiatry", "abortive", "psycopgyneco", "injectionBotox", "aborted_ivg"]
)
def test_a_name_of_code_hides_no_word_behind_that_of_a_library(name: str) -> None:
    formatter = AllowListFormatter()
    assert WITHHELD in formatter.format(_line(name, "anything"))


@pytest.mark.parametrize(
    "name", ["abort", "handle_abort", "make_aborter", "PipelineAborted", "PsycopgAdaptDBAPI", "inject_url_defaults"]
)
def test_names_that_libraries_really_have_are_written(name: str) -> None:
    assert name in AllowListFormatter().format(_line(name, "anything"))
