"""How a page of ours is laid out in a browser: what overflows, what is cut, and how large each target is."""

from dataclasses import dataclass

from playwright.sync_api import Browser, Page

LARGER_TEXT = "html{font-size:200%!important}"
WIDER_TEXT = (
    "*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}"
    "p{margin-bottom:2em!important}"
)
"""The spacing of WCAG 2.2, 1.4.12."""

_HIDDEN = "one.closest('.vh,.skip,[aria-hidden=true]') || getComputedStyle(one).clipPath !== 'none'"
_CUT = f"""() => {{
  const whole = document.documentElement.scrollWidth, cut = whole > innerWidth ? [`the page: ${{whole}}`] : [];
  for (const one of document.querySelectorAll('body *')) {{
    const box = one.getBoundingClientRect();
    if (!box.width || {_HIDDEN} || one.closest('svg,option')) continue;
    const outside = box.right > innerWidth + 1 || box.left < -1;
    const boxed = one.matches('button,.btn,.strip,.opt,.card,.top,summary,legend,label');
    const spills = boxed && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
    if (outside || (spills && getComputedStyle(one).display !== 'inline')) cut.push(one.outerHTML.slice(0, 90));
  }}
  return cut;
}}"""
_TARGETS = f"""() => {{
  const found = [];
  for (const one of document.querySelectorAll('a,button,select,textarea,summary,input:not([type=hidden])')) {{
    const target = one.closest('label') || one, box = target.getBoundingClientRect();
    if (!box.width || {_HIDDEN.replace("one.", "target.").replace("(one)", "(target)")}) continue;
    const around = one.parentElement.textContent.trim(), own = one.textContent.trim();
    const inText = getComputedStyle(one).display === 'inline' && around.length > own.length;
    const sides = [box.width, box.height].map(side => Math.round(side * 10) / 10);
    found.push([one.outerHTML.slice(0, 90), ...sides, inText]);
  }}
  return found;
}}"""


@dataclass(frozen=True)
class Target:
    """Something to press: its markup, its size in CSS pixels, and whether it is a link in the run of a text."""

    markup: str
    width: float
    height: float
    in_text: bool


def a_window(chromium: Browser, width: int, height: int = 900) -> Page:
    """Open a window to lay HTML out in."""
    return chromium.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce").new_page()


def cut(page: Page, html: str, css: str = "") -> list[str]:
    """Return what overflows or is cut on a page, with more CSS of the reader's own."""
    page.set_content(html.replace("</head>", f"<style>{css}</style></head>", 1))
    found: list[str] = page.evaluate(_CUT)
    return found


def targets(page: Page, html: str) -> list[Target]:
    """Return everything on a page that can be pressed."""
    page.set_content(html)
    return [Target(*found) for found in page.evaluate(_TARGETS)]


def too_small(page: Page, html: str, least: int) -> list[Target]:
    """Return the targets narrower or lower than so many pixels; links in the run of a text are excepted."""
    found = targets(page, html)
    assert found, "nothing to press"
    return [one for one in found if not one.in_text and min(one.width, one.height) < least]
