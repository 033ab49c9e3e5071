"""What patients are promised is held by a test: each claim names one, and the test exists."""

import ast
from pathlib import Path

import pytest

from app.config import ROOT
from app.web.claims import CLAIMS
from app.web.hosting import TEST_ID

PROMISED = [TEST_ID, *(claim.test_id for claim in CLAIMS)]


def fault_of(test_id: str, root: Path = ROOT) -> str | None:
    """Return why a test id holds nothing, or None."""
    path, _, name = test_id.partition("::")
    file = root / path
    if not path.startswith("tests/") or not file.is_file():
        return "no such file"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if not name.startswith("test_") or not found:
        return "no such test"
    marks = [
        one.value
        for one in tree.body
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "pytestmark"
    ]
    marks += [one for test in found for one in test.decorator_list]
    seldom = any("mark.prove" in ast.unparse(mark) for mark in marks if "parametrize" not in ast.unparse(mark))
    return "a test that is not run every time" if seldom else None


@pytest.mark.parametrize("test_id", PROMISED)
def test_every_claim_is_held_by_a_test_that_exists(test_id: str) -> None:
    assert fault_of(test_id) is None


@pytest.mark.parametrize(
    ("test_id", "fault"),
    [
        ("", "no such file"),
        ("app/web/claims.py::Claim", "no such file"),
        ("tests/rules/nothing.py::test_a", "no such file"),
        ("tests/rules/test_claims.py", "no such test"),
        ("tests/rules/test_claims.py::fault_of", "no such test"),
        ("tests/rules/test_claims.py::test_absent", "no such test"),
    ],
)
def test_a_claim_without_its_test_is_seen(test_id: str, fault: str) -> None:
    assert fault_of(test_id) == fault


def test_a_claim_held_by_a_test_that_is_seldom_run_is_seen(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    for mark in ("@pytest.mark.prove\n", "pytestmark = [pytest.mark.prove]\n\n\n", ""):
        (tmp_path / "tests" / "test_a.py").write_text(f"import pytest\n\n\n{mark}def test_a(): ...\n")
        assert fault_of("tests/test_a.py::test_a", tmp_path) == (
            mark and "a test that is not run every time" or None
        )


def test_no_claim_is_made_twice() -> None:
    assert len({claim.text for claim in CLAIMS}) == len(CLAIMS)
