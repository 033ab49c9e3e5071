"""What a browser of 2016 makes of our stylesheet: what it does not know, and the sheet without it."""

import re
from typing import Any

import tinycss2  # type: ignore[import-untyped]  # it ships no types

YOUNG_PROPERTIES = {
    "accent-color": "the browser's own colour of a ticked choice",
    "appearance": "the browser's own bar; it says no more than the text above it",
    "clip-path": "1 px and overflow:hidden stay",
    "color-scheme": "the browser's own fields stay light",
    "gap": "blocks stand closer; each keeps its padding and border",
    "grid-template-columns": "choices stand below one another",
    "scroll-padding-bottom": "a field may come to stand lower",
    "text-decoration-thickness": "the browser's own line",
    "text-size-adjust": "its older name stands beside it",
    "text-underline-offset": "the browser's own line",
    "text-wrap": "headings break where they may",
}
"""Properties that came after 2016, and what is seen without them."""

YOUNG_PSEUDOS = {
    "focus-visible": "the browser's own ring",
    "focus-within": "the choice *not yet* is in sight, as any other",
    "has": "the ticked sign itself",
}
YOUNG_VALUES = {
    ("display", "grid"): "choices stand below one another",
    ("max-width", "max-content"): "the form of the header takes the room there is",
    ("overflow-wrap", "anywhere"): "its older value stands beside it",
    ("position", "sticky"): "fixed, by a rule for those browsers alone",
}
"""Values that came after 2016, each of an old property."""

Rule = tuple[str, list[str]]


def rules(css: str) -> list[Rule]:
    """Return each selector list with its properties, those inside @media too."""
    found: list[Rule] = []
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type == "at-rule" and rule.content:
            found += rules(tinycss2.serialize(rule.content))
        elif rule.type == "qualified-rule":
            declared = tinycss2.parse_blocks_contents(rule.content)
            names = [one.lower_name for one in declared if one.type == "declaration"]
            found.append((tinycss2.serialize(rule.prelude), names))
    return found


def as_in_2016(html: str) -> str:
    """Return a page whose stylesheet holds only what a browser of 2016 reads of it."""
    before, _opened, rest = html.partition("<style>")
    css, _closed, after = rest.partition("</style>")
    assert css, "no stylesheet in the page"
    return f"{before}<style>{old_css(css)}</style>{after}"


def old_css(css: str) -> str:
    """Return a stylesheet without the declarations, the rules and the queries that came after 2016."""
    return "".join(map(_kept, tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)))


def _kept(rule: Any) -> str:
    selectors = tinycss2.serialize(rule.prelude)
    if rule.type == "at-rule":
        return _kept_query(rule, selectors)
    if _YOUNG_PSEUDO.search(selectors):
        return ""
    declared = tinycss2.parse_blocks_contents(rule.content)
    known = [one.serialize() for one in declared if one.type == "declaration" and not _is_young(one)]
    return f"{selectors}{{{';'.join(known)}}}"


def _kept_query(rule: Any, condition: str) -> str:
    inside = old_css(tinycss2.serialize(rule.content))
    if "prefers-" in condition:
        return ""
    return inside if condition.strip() == "not (position:sticky)" else f"@{rule.at_keyword}{condition}{{{inside}}}"


def _is_young(declaration: Any) -> bool:
    value = tinycss2.serialize(declaration.value).strip()
    return declaration.lower_name in YOUNG_PROPERTIES or (declaration.lower_name, value) in YOUNG_VALUES


_YOUNG_PSEUDO = re.compile(rf":(?:{'|'.join(YOUNG_PSEUDOS)})\b")
