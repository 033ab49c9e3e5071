"""Gives every form of a page a filler, so that what its POST sends is as long as any other form's.

Only typed text may make a difference. Each radio group always sends something (its *unanswered* choice is ticked
until another is), and the choices of a group, and the buttons of a form, are as long as one another.
"""

import re
from itertools import pairwise

from app.discretion.sizes import REQUEST_BYTES, OverBudget

_ADDRESS = re.compile(r'action="([^"]*)"')
_NAME = ' name="'
_VALUE = re.compile(r'value="([^"]*)"')
_TYPED = 'class="in" type='
"""How the tag of a field begins that takes text: what stands in it is not counted."""
_BEGIN, _END = "<form ", "</form>"
_FILLED = '<input type="hidden" name="z" value="'
_FILLER = _FILLED + '{}">'
_EMPTY = len("z=")


def with_fillers(html: str) -> str:
    """Return a page with a filler in each of its forms; one that has it keeps it. Raises OverBudget for a form that
    sends too much.
    """
    before, *forms = html.split(_BEGIN)
    return _BEGIN.join([before, *map(_filled, forms)]) if forms else html


def _filled(opened: str) -> str:
    """Put the filler where the form ends, in the text that follows its beginning."""
    form, end, rest = opened.partition(_END)
    if _FILLED in form:
        return opened
    missing = REQUEST_BYTES - _request_bytes(form)
    if missing < 0:
        raise OverBudget(REQUEST_BYTES - missing, REQUEST_BYTES)
    return f"{form}{_FILLER.format('0' * missing)}{end}{rest}"


def _request_bytes(form: str) -> int:
    """Return the length of a form's address and of what it sends with an empty filler and no text typed."""
    address = _ADDRESS.search(form)
    lengths: dict[str, int] = {}
    name = "-"
    for before, after in pairwise(form.split(_NAME)):
        if after.startswith(name):
            continue  # one more choice of a group
        name = after[: after.index('"') + 1]
        if name not in lengths:
            lengths[name] = len(name) - 1 + len("=&") + _value_bytes(before[before.rindex("<") :], after)
    return (len(address[1]) if address else 0) + sum(lengths.values()) + _EMPTY


def _value_bytes(tag: str, after: str) -> int:
    """Return the length of what a control sends. `tag` breaks off at its name, where `after` begins."""
    if _TYPED in tag:
        return 0
    begin = after.index("<option ") if tag.startswith("<select") else 0
    value = _VALUE.search(after[begin : after.index(">", begin)])
    return len(value[1]) if value else 0
