"""The environment is read in one place: two entry points hand it over, and nobody else looks."""

import ast

import pytest

from tests.rules.sources import Source, dotted, sources

MAY_READ = {"app/config.py", "wsgi.py", "app/cli/main.py"}
READS = ("os.environ", "os.getenv", "os.environb", "os.putenv")


def faults_of_environ(files: list[Source]) -> list[str]:
    """Return each place that reads the environment and may not."""
    return [
        file.at(node, "reads the environment")
        for file in files
        if file.path not in MAY_READ
        for node in ast.walk(file.tree)
        if _reads(node)
    ]


def _reads(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(f"os.{alias.name}" in READS for alias in node.names)
    return isinstance(node, ast.Attribute) and dotted(node) in READS


def test_only_the_entry_points_read_the_environment() -> None:
    assert faults_of_environ(sources("app", "wsgi.py")) == []


@pytest.mark.parametrize(
    "wrong", ["os.environ['X']", "os.getenv('X')", "from os import environ", "from os import getenv as g"]
)
def test_a_wrong_reader_is_seen(wrong: str) -> None:
    assert len(faults_of_environ([Source("app/web/pages.py", f"import os\n{wrong}")])) == 1
    assert faults_of_environ([Source("wsgi.py", f"import os\n{wrong}")]) == []
