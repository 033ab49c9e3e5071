import re
from pathlib import Path

import pytest

from app.web.stylesheet import DARK, LIGHT, MUTED, SOURCE, Palette, stylesheet

TEXT_ON = [
    ("ink", "bg", 7.0),
    ("ink", "surface", 7.0),
    ("ink", "tint", 7.0),
    ("soft", "bg", 4.5),
    ("soft", "surface", 4.5),
    ("accent", "bg", 4.5),
    ("accent", "surface", 4.5),
    ("accent", "tint", 4.5),
    ("on_accent", "accent", 4.5),
    ("on_accent", "hover", 4.5),
    ("bg", "soft", 4.5),
    ("danger", "bg", 4.5),
    ("danger", "surface", 4.5),
    ("success", "tint", 4.5),
    ("border", "surface", 3.0),
    ("border", "bg", 3.0),
    ("ring", "bg", 3.0),
]


@pytest.mark.parametrize("palette", [LIGHT, DARK, MUTED], ids=["light", "dark", "muted"])
@pytest.mark.parametrize(("front", "back", "least"), TEXT_ON)
def test_contrast_is_enough_on_every_screen(palette: Palette, front: str, back: str, least: float) -> None:
    lighter, darker = sorted((_luminance(palette[front]), _luminance(palette[back])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least


def _luminance(colour: str) -> float:
    """WCAG 2.2 relative luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_compiled_sheet_needs_nothing_new_and_nothing_from_elsewhere() -> None:
    css = stylesheet()
    assert not re.search(r"\$|var\(|url\(|@import|@font-face|/\*", css)
    assert css.count("{") == css.count("}")
    assert len(css) < 11000


def test_has_only_adds_to_what_works_without_it() -> None:
    rules = [rule for rule in stylesheet().split("}") if ":has(" in rule]
    assert rules
    assert all(re.fullmatch(r".*\.opt:has\(:checked\)\{[^{]*", rule, re.DOTALL) for rule in rules)


def test_every_colour_of_a_palette_and_none_other_is_in_the_source() -> None:
    source = SOURCE.read_text(encoding="utf-8").split("/* Colours */")
    assert not re.search(r"\$[a-z]", source[0].replace("$token", ""))
    assert not re.search(r"#[0-9a-f]{3,6}\b", source[1])


def test_an_unknown_colour_is_refused(tmp_path: Path) -> None:
    sheet = tmp_path / "style.css"
    sheet.write_text("a{color:$plum}")
    with pytest.raises(KeyError):
        stylesheet.__wrapped__(sheet)


SOME_RULES = "html , a > b { color : $ink ; background: none } b { margin: 0 } @media print { a { color: red } }"


@pytest.mark.parametrize(
    ("muted", "bright", "grey"), [(False, "#1b2430", ""), (True, "#262626", "html{filter:grayscale(1)}")]
)
def test_each_screen_gets_its_own_colour(tmp_path: Path, muted: bool, bright: str, grey: str) -> None:
    sheet = tmp_path / "style.css"
    sheet.write_text(SOME_RULES)
    assert stylesheet.__wrapped__(sheet, muted=muted) == (
        f"html,a>b{{color:{bright};background:none}}b{{margin:0}}@media print{{a{{color:red}}}}"
        f"@media(prefers-color-scheme:dark){{html,a>b{{color:#e8ecf0;background:none}}{grey}}}"
    )


def test_the_discreet_screen_asks_a_browser_for_nothing_before_it_is_grey() -> None:
    bright = stylesheet(muted=True).split("@media(prefers-color-scheme")[0]
    assert MUTED["accent"] in bright
    assert LIGHT["accent"] not in bright
