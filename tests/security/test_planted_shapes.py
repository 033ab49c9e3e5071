"""A calendar file and a payment leave in their one shape: what could name somebody has no place in them."""

from typing import Any

import pytest

from app.discretion.calendar_file import clear_calendar
from app.discretion.fields import clear_payment
from app.discretion.gate import Betrayal, Malformed
from app.discretion.surfaces import Surface
from tests.factories.leaks import REFERENCE, a_calendar, a_payment


@pytest.mark.parametrize(
    "more",
    [
        "LOCATION:Le Quai\n",
        "DESCRIPTION:a\n",
        "ATTENDEE:mailto:a@example.fr\n",
        "BEGIN:VALARM\n",
        "SUMMARY;X=1:a\n",
    ],
)
def test_a_calendar_has_allowed_properties_alone(more: str) -> None:
    with pytest.raises(Malformed):
        clear_calendar(a_calendar(more=more))


def test_a_word_folded_over_two_lines_of_a_calendar_is_found() -> None:
    with pytest.raises(Betrayal):
        clear_calendar(a_calendar("Contra\n ception"))


@pytest.mark.parametrize(
    ("sound", "other"),
    [
        ("SUMMARY:Rendez-vous", "SUMMARY:Rendez-vous\nLOCATION:Le Quai"),
        ("SUMMARY:Rendez-vous", "SUMMARY:Rendez-vous\rLOCATION:Le Quai"),
        ("SUMMARY:Rendez-vous", "SUMMARY:Rendez\x0bvous"),
        ("SUMMARY:Rendez-vous", "SUMMARY:Rendez\u2028vous"),
        ("DTSTART:20261201T083000Z", "DTSTART:chez Claire Exemple"),
        ("DTSTART:20261201T083000Z", "DTSTART:20261201T0830"),
        ("DTSTAMP:20261123T080000Z", "DTSTAMP:20261123"),
        ("DTSTART:20261201T083000Z", "DTSTART:20261201T083000Z\r\nDTSTART:20261202T083000Z"),
        ("DTSTART:20261201T083000Z\r\n", ""),
        ("END:VEVENT", "END:VEVENT\r\nBEGIN:VEVENT\r\nEND:VEVENT"),
        ("BEGIN:VEVENT\r\n", ""),
        ("END:VCALENDAR\r\n", ""),
        ("VERSION:2.0", "VERSION:Claire"),
        ("CLASS:PRIVATE", "CLASS:PRIVATE\r\nCLASS:PUBLIC"),
        ("END:VEVENT\r\nEND:VCALENDAR", "END:VCALENDAR\r\nEND:VEVENT"),
    ],
)
def test_a_calendar_of_another_shape_is_refused(sound: str, other: str) -> None:
    assert sound in a_calendar()
    clear_calendar(a_calendar())
    with pytest.raises(Malformed):
        clear_calendar(a_calendar().replace(sound, other, 1))


@pytest.mark.parametrize("end", ["20261201T090000Z", "20261201T090000"])
def test_a_calendar_may_say_until_when(end: str) -> None:
    clear_calendar(a_calendar(more=f"DTEND:{end}\n"))


def test_keys_of_a_payment_are_read_and_mailboxes_refused() -> None:
    telling: list[dict[str, Any]] = [{"forContraception": 1}, {"a": {"b": [{"psy_visit": None}]}}]
    for payload in telling:
        with pytest.raises(Betrayal):
            clear_payment(payload)
    for payload in ({"email": "moi@example.fr"}, {"price": 1.5}, {"statement_descriptor": "12345"}):
        with pytest.raises(Malformed):
            clear_payment(payload)


def test_a_payment_of_the_known_keys_leaves() -> None:
    assert clear_payment(a_payment()).fields == a_payment()
    clear_payment({"amount": 4600, "currency": "eur", "reference": REFERENCE, "statement_descriptor": "LE QUAI"})


@pytest.mark.parametrize(
    "more",
    [
        {"customer_email": "moi"},
        {"customer": "cus_1"},
        {"metadata": {"nom": "Claire Exemple"}},
        {"metadata": {"ref": "Claire Exemple"}},
        {"client_reference_id": "claire-exemple"},
        {"reference": "0639980000"},
        {"currency": "Claire"},
        {"amount": "4600"},
        {"amount": True},
        {"amount": -1},
        {"mode": "Claire Exemple"},
        {"success_url": "http://example.fr/"},
        {"success_url": "https://example.fr/?nom=claire"},
        {"cancel_url": "https://claire@example.fr/"},
        {"line_items": [{"quantity": 1, "description": "Claire Exemple"}]},
        {"line_items": {"quantity": 1}},
        {"payment_intent_data": {"description": "Claire Exemple"}},
        {"payment_intent_data": "Claire Exemple"},
        {"line_items": [{"price_data": {"product_data": {"name": "Claire Exemple"}}}]},
    ],
)
def test_a_payment_that_could_name_somebody_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        clear_payment(a_payment() | more)


def test_a_bank_label_is_looked_at_wherever_it_stands() -> None:
    for text, fault in (("CLINIQUEDERMATO", Betrayal), ("12345", Malformed)):
        with pytest.raises(fault) as refusal:
            clear_payment({"payment_intent_data": {"statement_descriptor": text}})
        assert refusal.value.surface == Surface.BANK_LABEL
