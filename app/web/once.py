"""`{% once key %}…{% endonce %}`: a part of a page that is drawn once for each key, and then copied.

Only for what is published: the key must name everything the part reads, and hold nothing that a person typed.
A key of None draws the part anew. The forms it encloses are given their fillers. Each language and screen has an
environment, hence a memory, of its own.
"""

from collections.abc import Callable, Hashable

from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

from app.web.filler import with_fillers

_DRAWN = "drawn_once"

MOST = 256
"""Parts kept by one environment; the next one makes it forget them all."""


class Once(Extension):
    """The tag, and what it drew."""

    tags = {"once"}

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._drawn: dict[tuple[str, Hashable], Markup] = {}
        # A filter is called straight away; a method of an extension by way of the context, at ten times the price.
        environment.filters[_DRAWN] = self._drawn.get

    def parse(self, parser: Parser) -> nodes.Node:
        """Read the tag: its key, and what it encloses."""
        line = next(parser.stream).lineno
        place = nodes.Const(f"{parser.name}:{line}")
        key = parser.parse_expression()
        body = parser.parse_statements(("name:endonce",), drop_needle=True)
        drawn = nodes.Filter(nodes.Tuple([place, key], "load"), _DRAWN, [], [], None, None)
        draw = nodes.CallBlock(self.call_method("draw", [place, key]), [], [], body)
        return nodes.If(drawn, [nodes.Output([drawn])], [], [draw]).set_lineno(line)

    def draw(self, place: str, key: Hashable, caller: Callable[[], str]) -> str:
        """Draw the part, and keep it for this key unless it is None."""
        drawn = caller()
        if key is not None:
            if len(self._drawn) >= MOST:
                self._drawn.clear()
            drawn = self._drawn[place, key] = Markup(with_fillers(drawn))  # noqa: S704 - drawn by a template
        return drawn
