"""axe-core on a page of ours: which of its rules are broken, and where."""

from collections.abc import Mapping
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

Scheme = Literal["light", "dark"]

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice", "RGAAv4")
TALL = 6000
"""Taller than any page, so that nothing lies under what sticks to the bottom of the window."""
_RUN = "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})"


def a_reader(chromium: Browser, width: int, scheme: Scheme) -> Page:
    """Open a page to read HTML with: JavaScript on for axe, nothing moving."""
    context = chromium.new_context(
        viewport={"width": width, "height": TALL}, color_scheme=scheme, reduced_motion="reduce", locale="fr-FR"
    )
    return context.new_page()


def broken_rules(page: Page, html: str) -> list[str]:
    """Return each rule that a page breaks, with the element that breaks it."""
    page.set_content(html)
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(f"{AXE_SCRIPT};0")
    found: Mapping[str, Any] = page.evaluate(_RUN, list(RULES))
    assert found["passes"], "axe looked at nothing"
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]
