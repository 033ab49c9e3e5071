"""Templates: nothing unescaped without a reason, no script, no style on an element, no import unused."""

import re

import pytest

from tests.rules.sources import Source, sources

REASON = re.compile(r"\{#.{10,}#\}")
UNSAFE = re.compile(r"\|\s*safe\b|\{%-?\s*autoescape\s+false")
INLINE = {
    "a style on an element": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a script": re.compile(r"<script|javascript:", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "something from elsewhere": re.compile(
        r"<(?:img|link|iframe|object|embed|video|audio)\b[^>]*(?:src|href)\s*=\s*[\"']?(?:https?:)?//",
        re.IGNORECASE,
    ),
    "a box ticked beforehand": re.compile(r"<input[^>]*\schecked(?![^<]*(?:\{%|\{\{))", re.IGNORECASE),
}
IMPORTED = re.compile(
    r"""\{%-?\s* (?: from \s+\S+\s+ import \s+ (?P<names>[^%]+?) | import \s+\S+\s+ as \s+ (?P<alias>\w+) )
        \s* (?: with(?:out)? \s context \s* )? -?%\}""",
    re.VERBOSE,
)


def faults_of_templates(files: list[Source]) -> list[str]:
    """Return what templates must not hold, and what they import for nothing."""
    faults = [
        f"{file.path}:{number}: {fault}"
        for file in files
        for number, line in enumerate(file.text.splitlines(), 1)
        for fault in _faults_of_line(line)
    ]
    return faults + [f"{file.path}: imports {name} for nothing" for file in files for name in _unused(file, files)]


def _faults_of_line(line: str) -> list[str]:
    faults = ["unescaped, with no reason beside it"] if UNSAFE.search(line) and not REASON.search(line) else []
    return faults + [what for what, pattern in INLINE.items() if pattern.search(line)]


def _unused(file: Source, files: list[Source]) -> list[str]:
    """Return imported names that neither a template nor those that extend it use: blocks share their names."""
    found = [(match["names"] or match["alias"]).split(",") for match in IMPORTED.finditer(file.text)]
    local = [name.split(" as ")[-1].strip() for names in found for name in names]
    layout = f'{{% extends "{file.path.removeprefix("templates/")}" %}}'
    readers = [file.text, *(other.text for other in files if layout in other.text)]
    rest = IMPORTED.sub("", "\n".join(readers))
    return [name for name in local if not re.search(rf"\b{name}\b", rest)]


def test_every_template_is_clean() -> None:
    assert faults_of_templates(sources("templates", suffix=".html")) == []


def test_code_marks_nothing_as_safe_without_a_reason() -> None:
    lines = [(file.path, line) for file in sources("app") for line in file.text.splitlines()]
    assert [place for place in lines if re.search(r"\bMarkup\(", place[1]) and "#" not in place[1]] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "{{ name|safe }}",
        "{{ name | safe }} {# why #}",
        "{% autoescape false %}",
        '<p style="color: red">',
        "<SCRIPT src=x>",
        '<a href="javascript:x">',
        '<button onclick="x()">',
        '<img alt="" src="https://example.org/x.png">',
        '<link rel="icon" href="//example.org/x">',
        '<input type="checkbox" name="a" checked>',
        '{% from "m.html" import used, forgotten %}{{ used() }}',
        '{% import "m.html" as m %}',
    ],
)
def test_a_wrong_line_is_seen(wrong: str) -> None:
    assert len(faults_of_templates([Source("templates/x.html", wrong)])) == 1


@pytest.mark.parametrize(
    "right",
    [
        "{{ css|safe }} {# our own file, read at start #}",
        '<input type="radio"{% if chosen %} checked{% endif %}>',
        '<link rel="icon" href="data:,">',
        '{% from "m.html" import a, b as c %}{{ a() }}{{ c() }}',
        "<p>onclick = nothing</p>",
    ],
)
def test_a_right_line_passes(right: str) -> None:
    assert faults_of_templates([Source("templates/x.html", right)]) == []


def test_a_layouts_import_is_used_by_its_pages() -> None:
    layout = Source("templates/web/layout.html", '{% import "m.html" as ui %}{% block a %}{% endblock %}')
    page = Source(
        "templates/web/page.html", '{% extends "web/layout.html" %}{% block a %}{{ ui.x() }}{% endblock %}'
    )
    assert faults_of_templates([layout, page]) == []
    assert len(faults_of_templates([layout])) == 1
