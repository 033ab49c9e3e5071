"""`{% once key %}…{% endonce %}`: a part of a page that is drawn once for each key, and then copied.

Only for what is published: the key must name everything the part reads, and hold nothing that a person typed.
A key of None draws the part anew. Each language and screen has an environment, hence a memory, of its own.
"""

from collections.abc import Callable, Hashable

from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

MOST = 256
"""Parts kept by one environment; the next one makes it forget them all."""


class Once(Extension):
    """The tag, and what it drew."""

    tags = {"once"}

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._drawn: dict[tuple[str, Hashable], str] = {}

    def parse(self, parser: Parser) -> nodes.Node:
        """Read the tag: its key, and what it encloses."""
        line = next(parser.stream).lineno
        key = parser.parse_expression()
        place = nodes.Const(f"{parser.name}:{line}")
        body = parser.parse_statements(("name:endonce",), drop_needle=True)
        return nodes.CallBlock(self.call_method("draw", [place, key]), [], [], body).set_lineno(line)

    def draw(self, place: str, key: Hashable, caller: Callable[[], str]) -> str:
        """Return the part as it was drawn for this key, or draw it."""
        if key is None:
            return caller()
        drawn = self._drawn.get((place, key))
        if drawn is None:
            if len(self._drawn) >= MOST:
                self._drawn.clear()
            drawn = self._drawn[place, key] = caller()
        return drawn
