"""The templates' environments: one per language, strict, quick.

A constant text, `{{ _("…") }}`, is translated when its template is compiled, so that a page pays nothing for
it. A text with values, `{{ _("Étape %(n)s", n=step) }}`, is translated when drawn. Texts hold no HTML.
"""

import gettext
import re
from collections.abc import Callable, Iterable, MutableMapping
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

from flask import Flask
from flask_babel import Babel
from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from app.config import ROOT
from app.web.formats import day_text, duration_text, moment_text, money_text, time_text
from app.web.languages import SOURCE, Language
from app.web.once import Once

TEMPLATES = ROOT / "templates"
TRANSLATIONS = Path(__file__).parent / "translations"

_INDENTATION = re.compile(r"[ \t]*\n\s*")


class FoldedTexts(Extension):
    """Replaces `_("…")` by the translation, and indentation by one line break, while a template is compiled."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Drop the indentation: it means nothing in HTML and would be compressed on each request."""
        return _INDENTATION.sub("\n", source)

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        """Yield the template's tokens, each constant text already in the environment's language."""
        translate = cast(Callable[[str], str], self.environment.globals["_"])
        tokens = list(stream)
        at = 0
        while at < len(tokens):
            text, length = _constant_text(tokens, at)
            yield tokens[at] if text is None else Token(tokens[at].lineno, "string", translate(text))
            at += length


def _constant_text(tokens: list[Token], at: int) -> tuple[str | None, int]:
    """Return the text of `_("a" "b")` beginning at a token, and how many tokens it takes."""
    if not (tokens[at].type == "name" and tokens[at].value == "_"):
        return None, 1
    if at + 1 == len(tokens) or tokens[at + 1].type != "lparen":
        return None, 1
    end = at + 2
    while tokens[end].type == "string":
        end += 1
    if end == at + 2 or tokens[end].type != "rparen":
        return None, 1
    return "".join(token.value for token in tokens[at + 2 : end]), end + 1 - at


@cache
def translator(language: Language) -> Callable[..., str]:
    """Return the function templates call `_`. French is the source language: it has no catalogue."""
    found = gettext.translation("messages", TRANSLATIONS, [language], fallback=True)

    def translate(text: str, **values: object) -> str:
        translated = found.gettext(text)
        return translated % values if values else translated

    return translate


class _Environment(Environment):
    """Gives each template its globals as a plain dictionary, which is copied for each page drawn."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the globals as they are when a template is loaded: all are set before."""
        return {**self.globals, **(d or {})}


def make_environment(language: Language, loader: BaseLoader | None = None) -> Environment:
    """Return the templates of one language: autoescaped, strict about names, without Flask's own globals."""
    environment = _Environment(
        loader=loader or FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    configure(environment, language)
    return environment


def configure(environment: Environment, language: Language) -> None:
    """Give an environment our texts and filters, and take `config` away so that no page can print a secret."""
    environment.globals.pop("config", None)
    environment.globals["_"] = translator(language)
    environment.add_extension(FoldedTexts)
    environment.add_extension(Once)
    environment.filters |= {
        "day": partial(_swapped, day_text, language),
        "time": partial(_swapped, time_text, language),
        "moment": partial(_swapped, moment_text, language),
        "money": partial(_money, language),
        "duration": partial(_duration, language),
    }


def init_babel(app: Flask, language: Callable[[], Language]) -> None:
    """Set Flask-Babel up for the texts of Python code; templates have their own environments."""
    babel = Babel(configure_jinja=False)
    babel.init_app(
        app,
        default_locale=SOURCE.code,
        default_timezone="Europe/Paris",
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=language,
    )


def _swapped(write: Callable[[Any, str, Language], str], language: Language, moment: Any, timezone: str) -> str:
    return write(moment, timezone, language)


def _money(language: Language, cents: int) -> str:
    return money_text(cents, language)


def _duration(language: Language, minutes: int) -> str:
    return duration_text(minutes, language)
