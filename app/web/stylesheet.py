"""Turns the readable stylesheet into the few bytes a page carries: minified, its colours compiled in.

The source names its colours `$token`. Rules that use one are written again, for those who prefer dark, with that
palette's value: no `var()`, which old and proxied browsers do not know. The discreet screen has a sheet of its
own, whose plain rules are grey: a browser that knows no `prefers-color-scheme` shows it too.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from app.config import ROOT

SOURCE = ROOT / "templates" / "patient" / "style.css"

Palette = Mapping[str, str]

_COLOURS = {
    "bg": ("#fbfaf7", "#11161c", "#f3f3f2"),
    "surface": ("#fff", "#1a212a", "#fbfbfa"),
    "tint": ("#eaf2f5", "#17303b", "#ececea"),
    "ink": ("#1b2430", "#e8ecf0", "#262626"),
    "soft": ("#4a5566", "#aab5c1", "#555"),
    "border": ("#7a8594", "#7b8796", "#808080"),
    "hairline": ("#dce0e5", "#2c3540", "#dadada"),
    "accent": ("#14506b", "#8cc8e2", "#3d3d3d"),
    "on_accent": ("#fff", "#08202b", "#fff"),
    "hover": ("#0d3a4f", "#b3ddef", "#1f1f1f"),
    "danger": ("#a3261b", "#ff9e94", "#6e2a24"),
    "warning": ("#7a5200", "#f1c468", "#5b4a1e"),
    "success": ("#1b6445", "#82d4aa", "#2f4f3e"),
    "ring": ("#1b2430", "#ffcf5c", "#262626"),
    "halo": ("#ffcf5c", "#11161c", "#fbfbfa"),
}
"""Each colour on the light, the dark and the discreet screen. Contrasts are computed by a test."""

LIGHT, DARK, MUTED = ({name: colours[screen] for name, colours in _COLOURS.items()} for screen in range(3))

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(r"\$([a-z_]+)")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_AT_RULE = re.compile(r"@[^{}]+\{(?:[^{}]+\{[^{}]*\})*\}")


@lru_cache(maxsize=4)
def stylesheet(source: Path = SOURCE, more: tuple[Path, ...] = (), *, muted: bool = False) -> str:
    """Return the stylesheet as it stands in every page of a screen, `more` after it.

    Raises KeyError for a colour no palette has.
    """
    text = _minified("".join(path.read_text(encoding="utf-8") for path in (source, *more)))
    at_rules = "".join(_AT_RULE.findall(text))
    rules = [(match[1], match[2]) for match in _RULE.finditer(_AT_RULE.sub("", text))]
    plain = "".join(f"{selector}{{{body}}}" for selector, body in rules)
    dark = _recoloured(rules, DARK) + ("html{filter:grayscale(1)}" if muted else "")
    bright = _coloured(plain + at_rules, MUTED if muted else LIGHT)
    return f"{bright}@media(prefers-color-scheme:dark){{{dark}}}"


def _recoloured(rules: list[tuple[str, str]], palette: Palette) -> str:
    """Write again, in another palette, the rules that hold a colour of ours: whole, so that none is undone."""
    return "".join(f"{selector}{{{_coloured(body, palette)}}}" for selector, body in rules if "$" in body)


def _coloured(css: str, palette: Palette) -> str:
    return _TOKEN.sub(lambda match: palette[match[1]], css)


def _minified(css: str) -> str:
    css = re.sub(r"\s+", " ", _COMMENT.sub("", css))
    css = re.sub(r" ?([{};,>~]) ?", r"\1", css)
    return re.sub(r" ?: ", ":", css).replace(";}", "}").strip()
