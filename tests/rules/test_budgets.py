"""Sizes that keep the house readable: it is the long tail that goes wrong, not the median."""

import ast
from statistics import median

import pytest

from tests.rules.sources import CODE, Source, sources

FILE_LINES = 300
CONFTEST_LINES = 150
MEDIAN_FUNCTION_LINES = 12
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def faults_of_size(files: list[Source]) -> list[str]:
    """Return the files that are too long, badly named, or packages that say something in `__init__.py`."""
    return [fault for file in files for fault in _faults_of(file)]


def _faults_of(file: Source) -> list[str]:
    lines = file.text.count("\n")
    limit = CONFTEST_LINES if file.name == "conftest.py" else FILE_LINES
    faults = []
    if lines > limit:
        faults.append(f"{file.path}: {lines} lines, at most {limit}")
    if VAGUE & set(file.path.rsplit(".", 1)[0].split("/")):
        faults.append(f"{file.path}: a name that says nothing")
    if file.name == "__init__.py" and file.path != "app/__init__.py" and file.text.strip():
        faults.append(f"{file.path}: an __init__.py that is not empty")
    return faults


def function_lengths(files: list[Source]) -> list[int]:
    """Return how many lines each function has, decorators left out."""
    functions = [node for file in files for node in ast.walk(file.tree) if isinstance(node, Function)]
    return [(function.end_lineno or function.lineno) - function.lineno + 1 for function in functions]


def test_no_file_is_too_long_or_vague() -> None:
    assert faults_of_size(sources(*CODE)) == []


def test_no_template_or_style_is_too_long() -> None:
    pages = [*sources("templates", suffix=".html"), *sources("templates", suffix=".css")]
    assert [fault for fault in faults_of_size(pages) if "lines" in fault] == []


def test_functions_are_short() -> None:
    found = median(function_lengths(sources("app")))
    print(f"median function: {found} lines")  # noqa: T201  # a figure to watch
    assert found <= MEDIAN_FUNCTION_LINES


WRONG = {
    "a long file": Source("app/front/cells.py", "\n" * 301),
    "a long conftest": Source("tests/conftest.py", "\n" * 151),
    "a vague file": Source("app/front/utils.py", ""),
    "a vague folder": Source("app/common/cells.py", ""),
    "a package that speaks": Source("app/front/__init__.py", "from app.front.cells import take\n"),
}


@pytest.mark.parametrize("planted", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_size_is_seen(planted: Source) -> None:
    assert len(faults_of_size([planted])) == 1


def test_long_functions_would_be_seen() -> None:
    planted = Source("app/x.py", "@cache\ndef f():\n" + "    pass\n" * 20)
    assert function_lengths([planted]) == [21]
