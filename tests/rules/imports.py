"""How imports are judged. `ROWS` is the diagram: change it only when the house changes."""

import ast
from collections.abc import Iterator

from tests.rules.sources import Source

ROWS = {
    "cli": 9,
    "patient": 8, "clinic": 8, "worker": 8,
    "web": 7,
    "booking": 6,
    "documents": 5,
    "front": 4, "identity": 4, "care": 4, "desk": 4,
    "profiles": 3, "ledger": 3, "log": 3,
    "vault": 2, "discretion": 2,
    "config": 1, "anchor_settings": 1, "rights": 1, "retention": 1, "setting_reader": 1, "db": 1, "plain": 1,
    "writer": 1, "clock": 1, "process": 1,
}  # fmt: skip
"""The row of each package or lone module of `app/`. What stands in row 1 may know its own row."""

TOP = 10
"""The row of wsgi.py and of the factory, which know everything."""

BOTH_SILOS = {
    "app/worker/intake.py": "the one crossing that writes identity and care from one submission",
    "app/worker/shredding.py": "the one crossing that destroys a file in every silo",
    "app/worker/tombstones.py": "what was destroyed is looked for in every silo; it reads pseudonyms",
    "app/clinic/case.py": "the one place where a name meets a record",
    "app/cli/stored_told.py": "ciphertexts of every silo beside their digests; it opens none",
    "app/cli/silos.py": "the shape of every silo's tables, for migrations; it reads no row",
}
"""The only files that may import identity and care together."""

SPEAKS_TO_PEOPLE = ("forms.py", "wording.py")
"""The files of row 6 that may know the web libraries: fields, and the words beside them."""

OUT_OF_REACH = {
    "patient": (
        "clinic",
        "worker",
        "cli",
        "identity",
        "care",
        "desk",
        "vault.keystore",
        "vault.door",
        "vault.blind",
    ),
    "clinic": ("patient", "worker", "cli"),
    "worker": ("patient", "clinic", "web", "cli"),
}
"""What a zone's code must not reach, even through another package: it would be in the process."""

WEB_LIBRARIES = ("flask", "werkzeug", "wtforms")
NEVER = ("tests", "bench", "specialties", "migrations")


def faults_of_imports(files: list[Source]) -> list[str]:
    """Return every import that breaks the diagram, and every package that has no row."""
    return [fault for file in files for fault in _faults_of(file)]


def _faults_of(file: Source) -> list[str]:
    if file.room and file.room not in ROWS:
        return [f"{file.path}: {file.room} has no row in the house"]
    faults = [file.at(node, fault) for node, name in imported(file) if (fault := _fault(file, name))]
    both = {"app.identity", "app.care"} <= {".".join(name.split(".")[:2]) for _, name in imported(file)}
    if both and file.path not in BOTH_SILOS:
        faults.append(f"{file.path}: imports identity and care together")
    return faults


def imported(file: Source) -> Iterator[tuple[ast.AST, str]]:
    """Yield each imported thing by its full dotted name; a relative import begins with a dot."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from ((node, f"{origin}.{alias.name}") for alias in node.names)


def _fault(file: Source, name: str) -> str:
    first, *rest = name.split(".")
    if not first:
        return "a relative import"
    if first in NEVER:
        return f"imports {first}"
    if first.startswith(WEB_LIBRARIES):
        return _fault_of_web(file, first)
    if first == "app":
        return _fault_of_row(file, rest[0] if rest else "")
    return ""


def _fault_of_row(file: Source, room: str) -> str:
    own = ROWS.get(file.room, TOP)
    if own == TOP or room == file.room:
        return ""
    if room not in ROWS:
        return f"imports {room or 'the factory'}, which is no room"
    if ROWS[room] > own or (ROWS[room] == own and own != 1):
        return f"row {own} imports {room} of row {ROWS[room]}"
    return ""


def _fault_of_web(file: Source, library: str) -> str:
    if file.name in ("service.py", "models.py"):
        return f"a {file.name} imports {library}"
    row = ROWS.get(file.room, TOP)
    allowed = row >= 7 or (row == 6 and file.name in SPEAKS_TO_PEOPLE)
    return "" if allowed else f"row {row} imports {library}"


def faults_of_reach(files: list[Source]) -> list[str]:
    """Return each module that a zone must not hold in its process and yet reaches."""
    graph = _graph(files)
    faults = []
    for zone, banned in OUT_OF_REACH.items():
        reached = _reached(graph, {module for module in graph if module.startswith(f"app.{zone}.")})
        outside = tuple(f"app.{room}" for room in banned)
        faults += [f"{zone} reaches {module}" for module in sorted(reached) if _inside(module, outside)]
    return faults


def _graph(files: list[Source]) -> dict[str, set[str]]:
    """Return what each module imports, as modules."""
    known = {file.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in files}
    return {
        file.path.removesuffix(".py").replace("/", "."): {_module(name, known) for _, name in imported(file)} - {""}
        for file in files
    }


def _module(name: str, known: set[str]) -> str:
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name if name != "app" else ""


def _reached(graph: dict[str, set[str]], start: set[str]) -> set[str]:
    reached, waiting = set(start), list(start)
    while waiting:
        for module in graph.get(waiting.pop(), set()) - reached:
            reached.add(module)
            waiting.append(module)
    return reached


def _inside(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)
