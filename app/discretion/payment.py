"""The shape of what a payment provider may be told: a few keys, each with values in which nobody can be named."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from app.discretion.gate import Malformed
from app.discretion.surfaces import Surface

PRODUCT = "Rendez-vous"
"""The only thing that is ever paid for, as the provider, its page and its receipt call it."""

_GREATEST = 2**40
"""Above any amount in cents and any date in seconds that a payment has."""

Holds = Callable[[Any], bool]


def check_shape(payload: Mapping[str, Any]) -> None:
    """Let pass a payload of known keys and values. Raises Malformed."""
    if not _PAYMENT(payload):
        raise Malformed(Surface.PAYMENT, "has a key or a value that is not one of the known ones")


def _text(expression: str) -> Holds:
    known = re.compile(expression)
    return lambda value: isinstance(value, str) and known.fullmatch(value) is not None


def _number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _GREATEST


def _each(holds: Holds) -> Holds:
    return lambda value: isinstance(value, list | tuple) and all(map(holds, value))


def _fields(known: Mapping[str, Holds]) -> Holds:
    return lambda value: (
        isinstance(value, Mapping) and all(key in known and known[key](inner) for key, inner in value.items())
    )


_REFERENCE = _text(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""An identifier drawn at random, which means something to the clinic alone."""

_CURRENCY = _text(r"[a-z]{3}")
_ADDRESS = _text(r"https://[a-z0-9.-]+(:[0-9]{1,5})?(/[a-z0-9-]*)*")
_BANK_LABEL = _text(r"[A-Z0-9 .-]{5,22}")
_ABOUT = _fields({"ref": _REFERENCE})
_PRICE = {
    "currency": _CURRENCY,
    "unit_amount": _number,
    "product_data": _fields({"name": lambda value: value == PRODUCT}),
}
_PAYMENT = _fields(
    {
        "mode": _text("payment"),
        "locale": _text(r"auto|[a-z]{2}"),
        "amount": _number,
        "currency": _CURRENCY,
        "reference": _REFERENCE,
        "client_reference_id": _REFERENCE,
        "metadata": _ABOUT,
        "line_items": _each(_fields({"quantity": _number, "price_data": _fields(_PRICE)})),
        "payment_method_types": _each(_text("card")),
        "payment_intent_data": _fields(
            {
                "statement_descriptor": _BANK_LABEL,
                "statement_descriptor_suffix": _BANK_LABEL,
                "metadata": _ABOUT,
            }
        ),
        "statement_descriptor": _BANK_LABEL,
        "statement_descriptor_suffix": _BANK_LABEL,
        "success_url": _ADDRESS,
        "cancel_url": _ADDRESS,
        "expires_at": _number,
    }
)
