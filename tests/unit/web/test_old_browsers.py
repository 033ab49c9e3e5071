"""What the stylesheet has that a browser of 2016 does not know: each only adds, and takes nothing else with it."""

import re

import pytest

from app.web.stylesheet import stylesheet
from tests.factories.old_browsers import YOUNG_PROPERTIES, YOUNG_PSEUDOS, YOUNG_VALUES, old_css, rules

NEVER = (
    "var(",
    "min(",
    "max(",
    "clamp(",
    ":is(",
    ":where(",
    "aspect-ratio",
    "inset:",
    "-inline",
    "-block:",
    "@layer",
)
_OLD = (
    "align-items align-self background border bottom box-shadow box-sizing clear clip color columns"
    " cursor display fill flex flex-basis flex-direction flex-wrap float font font-family font-size"
    " font-variant-numeric font-weight height justify-content left letter-spacing line-height list-style"
    " margin max-width min-height min-width order outline outline-color outline-offset overflow"
    " overflow-wrap padding position right stroke stroke-width text-align text-decoration top transition"
    " vertical-align visibility white-space width word-break z-index"
)
_SIDES = re.compile(r"^(?:border|margin|padding)-|^-webkit-")


def taken_along(css: str) -> list[str]:
    """Return the selector lists that an old browser drops whole for the sake of one young selector."""
    young = re.compile(rf":(?:{'|'.join(YOUNG_PSEUDOS)})\b")
    lists = [prelude.split(",") for prelude, _names in rules(css)]
    return [",".join(one) for one in lists if len({bool(young.search(part)) for part in one}) > 1]


def test_every_young_property_is_known_to_add_only() -> None:
    used = {name for _prelude, names in rules(stylesheet()) for name in names}
    young = {name for name in used if name not in _OLD.split() and not _SIDES.match(name)}
    assert young == set(YOUNG_PROPERTIES)


def test_nothing_is_used_that_a_page_would_need() -> None:
    assert [one for one in NEVER if one in stylesheet().replace("minmax(", "")] == []


def test_a_young_selector_takes_no_old_one_with_it() -> None:
    assert taken_along(stylesheet()) == []


@pytest.mark.parametrize("css", ["a:hover,a:focus-visible{color:red}", "@media print{p,p:has(a){margin:0}}"])
def test_one_that_does_is_seen(css: str) -> None:
    assert len(taken_along(css)) == 1


def test_every_young_value_is_one_the_sheet_uses() -> None:
    assert [(name, value) for name, value in YOUNG_VALUES if f"{name}:{value}" not in stylesheet()] == []


def test_the_sheet_of_2016_has_nothing_young_and_stays_one_colour() -> None:
    old = old_css(stylesheet(muted=True))
    assert not re.search(r"sticky|:has|:focus-|prefers-|grid|clip-path|@supports", old)
    assert "position:fixed" in old
    assert "#3d3d3d" in old
    assert "#14506b" not in old
