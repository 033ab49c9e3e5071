"""The code as the rules read it: files and their syntax trees, from the tree or planted by a test.

A rule is a function of sources that returns its faults, one sentence each. So the same function judges the
house and the planted violation that proves it can see.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("app", "tests", "bench", "migrations", "wsgi.py")


@dataclass(frozen=True)
class Source:
    """A text file: its path below the root of the repository, and what it says."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of a Python file."""
        return ast.parse(self.text, self.path)

    @property
    def room(self) -> str:
        """The package of `app/` it belongs to, or the module when it stands alone there; else empty."""
        parts = self.path.removesuffix(".py").split("/")
        return parts[1] if len(parts) > 1 and parts[0] == "app" and parts[1] != "__init__" else ""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rsplit("/", 1)[-1]

    def calls(self) -> Iterator[ast.Call]:
        """Yield every call of a Python file."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def at(self, node: ast.AST, fault: str) -> str:
        """Say where a fault is."""
        return f"{self.path}:{getattr(node, 'lineno', 0)}: {fault}"


def sources(*places: str, suffix: str = ".py") -> list[Source]:
    """Read the files of some folders (or single files) of the repository, in order of path."""
    paths: list[Path] = []
    for place in places:
        top = ROOT / place
        paths += [top] if top.is_file() else sorted(top.rglob(f"*{suffix}"))
    kept = [path for path in paths if path.is_file() and "__pycache__" not in path.parts]
    return [Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in kept]


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for a name or a chain of attributes; what can't be named is `?`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"
