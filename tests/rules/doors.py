"""The doors of the house: the few files from which anything can leave, and what each lets out.

A way out is a library that is not on the list of quiet ones, a name that writes, answers or runs, a header set by
hand, or a file opened for more than reading. Names are followed through `import … as`.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from app.discretion.surfaces import Surface
from tests.rules.imports import imported
from tests.rules.sources import Source, dotted

QUIET = (
    "__future__", "_typeshed", "app", "argon2", "argparse", "babel", "base64", "binascii", "collections",
    "contextlib", "cryptography", "dataclasses", "datetime", "decimal", "enum", "flask", "flask_babel",
    "flask_login", "flask_wtf", "functools", "gettext", "gzip", "hashlib", "heapq", "hmac", "html",
    "http.HTTPStatus", "ipaddress", "itertools", "jinja2", "json", "markupsafe", "mnemonic", "pathlib",
    "phonenumbers", "pydantic", "pydantic_core", "pyotp", "queue", "random", "re", "secrets", "segno",
    "shamir_mnemonic", "shlex", "signal", "sqlalchemy", "stat", "string", "struct", "tempfile", "threading",
    "time", "tomllib", "traceback", "types", "typing", "unicodedata", "urllib.parse", "uuid", "weakref", "werkzeug",
    "wtforms", "zlib", "zoneinfo",
)  # fmt: skip
"""Libraries that carry nothing out of the process by being used. Any other is a way out."""

ONLY_WHOLE = ("io", "logging", "os", "sys")
"""Libraries imported by their own name alone, so that what is taken of them is seen where it is used."""

QUIET_OF_OS = (
    "os.environ", "os.path", "os.getpid", "os.geteuid", "os.kill", "os.urandom", "os.fsync", "os.close", "os.fstat",
    "os.fchmod", "os.O_RDONLY", "os.O_WRONLY", "os.O_CREAT", "os.O_EXCL",
)  # fmt: skip
"""What may be taken of `os`: it writes no words."""

TELLING = (
    "Response", "_Bodiless", "make_response", "jsonify", "send_file", "send_from_directory", "start_response",
    "response_class", "redirect", "stream_with_context", "stream_template",
    "write_text", "write_bytes", "fdopen", "FileIO", "NamedTemporaryFile", "SpooledTemporaryFile", "TemporaryFile",
    "mkstemp", "ZipFile", "TarFile", "copyfileobj", "rename", "symlink_to", "hardlink_to", "system", "popen",
    "posix_spawn", "StreamHandler", "FileHandler", "addHandler", "create_engine", "create_async_engine",
    "__import__", "import_module", "exec", "eval", "__builtins__",
)  # fmt: skip
"""Names that answer, write, run or import, wherever they stand but in an annotation."""

_HEADERS_SET = ("add", "set", "extend", "update", "setdefault", "setlist", "__setitem__")
_ANSWERED_BY_THE_CLINIC = "redirect"
"""Staff's pages redirect as Flask does: the last look reads where to."""

_READING = ("r", "rb", "rt")
_OPENERS = (".Keystore.open", ".vault.open")
"""What opens something else than a file: a keystore, a sealed text."""

MADE_BY_THE_GATE = ("Cleared", "ClearedMail", "ClearedSms", "ClearedCalendar", "ClearedFields", "ClearedPdf")
"""What senders take. Who could make one elsewhere could send anything."""

_CLEARED = re.compile(rf"\b({'|'.join(MADE_BY_THE_GATE)})\b")

_GATES = {
    "leaving": 2, "clear_mail": 1, "clear_sms": 2, "clear_calendar": 1, "clear_fields": 2, "clear_payment": 1,
    "clear_pdf": 2,
}  # fmt: skip
"""The functions of the gate, with how many things each is given: never a lexicon of the caller's choice."""

_THE_GATE = ("app/discretion/",)
_CHOOSE_WORDS = ("app/discretion/", "app/cli/rehearsal")


SEEN_AT_REHEARSAL = frozenset(
    (
        Surface.ADDRESS, Surface.REDIRECTION, Surface.STATUS, Surface.HEADER, Surface.COOKIE, Surface.CONTENT_TYPE,
        Surface.CONTENT_DISPOSITION, Surface.TITLE, Surface.LINK_PREVIEW, Surface.FIELD_NAME, Surface.ROBOTS,
        Surface.PDF_NAME, Surface.PDF_METADATA, Surface.PDF_TEXT, Surface.CALENDAR, Surface.OUTBOX,
        Surface.LOG_LINE,
    )
)  # fmt: skip
"""The kinds that a rehearsal judges, as a test of a whole one finds them."""


@dataclass(frozen=True)
class Door:
    """What a file lets out, by which ways, and the function of the gate that it calls; or why nobody reads it."""

    ways: frozenset[str]
    gate: str = ""
    surfaces: tuple[Surface, ...] = ()
    reason: str = ""


def faults_of_doors(files: list[Source], doors: dict[str, Door]) -> list[str]:
    """Return each way out that no door declares, each declared one that is gone, each door without its gate."""
    return [fault for file in files for fault in _faults_of(file, doors.get(file.path))]


def _faults_of(file: Source, door: Door | None) -> Iterator[str]:
    declared, found = door.ways if door else frozenset(), list(ways_out(file))
    yield from (
        file.at(node, f"{what} is a way out that is not declared") for node, what in found if what not in declared
    )
    yield from (f"{file.path}: {what} is no way out of it" for what in sorted(declared - {way for _, way in found}))
    if door and door.gate and door.gate not in {_last(called) for _, called in _calls(file)}:
        yield f"{file.path}: a door that does not call {door.gate}"


def ways_out(file: Source) -> Iterator[tuple[ast.AST, str]]:
    """Yield everything of a file by which words could leave."""
    yield from ((node, name) for node, name in imported(file) if not _is_quiet(name))
    yield from _telling_names(file)
    for node in ast.walk(file.tree):
        if _sets_a_header(node):
            yield node, "headers"
    for call, name in _calls(file):
        if _last(name) == "open" and _opens_to_write(call, name):
            yield call, "open"
        if _last(name) == "replace" and len(call.args) == 1 and not call.keywords:
            yield call, "replace"


def faults_of_forging(files: list[Source]) -> list[str]:
    """Return each place outside the gate that makes what only the gate makes, or chooses its words."""
    faults: list[str] = []
    for file in files:
        if not file.path.startswith(_THE_GATE):
            faults += [file.at(node, fault) for node, fault in _forged(file)]
        if not file.path.startswith(_CHOOSE_WORDS):
            faults += [file.at(node, fault) for node, fault in _words_chosen(file)]
    return faults


def _forged(file: Source) -> Iterator[tuple[ast.AST, str]]:
    knows = any(
        _last(name).startswith(("Cleared", "clear_")) and "discretion" in name for _, name in imported(file)
    )
    for node, name in _named(file):
        if _last(name) in MADE_BY_THE_GATE:
            yield node, f"has {_last(name)} where it could make one"
        elif _last(name) in ("__new__", "__setattr__"):
            yield node, f"makes a thing by {_last(name)}"
    for call, name in _calls(file):
        if knows and _last(name) == "replace" and call.keywords:
            yield call, "replaces a part of what may have passed the gate"
        if _last(name) == "cast" and any(_CLEARED.search(said) for said in _said(file, call)):
            yield call, "casts into what only the gate makes"


def _words_chosen(file: Source) -> Iterator[tuple[ast.AST, str]]:
    called = {id(call.func): call for call in file.calls()}
    for node, name in _named(file):
        gate, call = _last(name), called.get(id(node))
        if gate not in _GATES or not name.startswith("app."):
            continue
        if call is None:
            yield node, f"hands {gate} on"
        elif call.keywords or len(call.args) > _GATES[gate]:
            yield node, f"chooses the words {gate} looks for"


def _is_quiet(name: str) -> bool:
    if name in ONLY_WHOLE or name in QUIET_OF_OS:
        return True
    return any(name == one or name.startswith(f"{one}.") for one in QUIET)


def _telling_names(file: Source) -> Iterator[tuple[ast.AST, str]]:
    """Yield names that tell where they are used: `f = path.write_text` as well as a call of it."""
    for node, name in _named(file):
        last = _last(name)
        of_os = name.startswith("os.") and name.count(".") == 1 and name not in QUIET_OF_OS
        if of_os or name.startswith(("sys.stdout", "sys.stderr.", "sys.modules", "sys.__")):
            yield node, name
        elif last in TELLING and not (last == _ANSWERED_BY_THE_CLINIC and file.room == "clinic"):
            yield node, last
        elif name == "open" and id(node) not in {id(call.func) for call, _ in _calls(file)}:
            yield node, "open"


def _named(file: Source) -> Iterator[tuple[ast.AST, str]]:
    """Yield every name and attribute that is used, by its full name, but those that only say a type."""
    aliases, types = _aliases(file.tree), _in_annotations(file.tree)
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in types:
            yield node, _full(dotted(node), aliases)


def _calls(file: Source) -> Iterator[tuple[ast.Call, str]]:
    aliases = _aliases(file.tree)
    return ((call, _full(dotted(call.func), aliases)) for call in file.calls())


def _said(file: Source, call: ast.Call) -> Iterator[str]:
    """Yield the names and texts in a call's arguments: a type may be given as either."""
    for one in (inner for arg in call.args for inner in ast.walk(arg)):
        if isinstance(one, ast.Name | ast.Attribute):
            yield _full(dotted(one), _aliases(file.tree))
        elif isinstance(one, ast.Constant):
            yield str(one.value)


@cache
def _aliases(tree: ast.Module) -> dict[str, str]:
    """Return what each imported name stands for."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _full(name: str, aliases: dict[str, str]) -> str:
    first, dot, rest = name.partition(".")
    return f"{aliases.get(first, first)}{dot}{rest}"


def _last(name: str) -> str:
    return name.rpartition(".")[2]


@cache
def _in_annotations(tree: ast.Module) -> frozenset[int]:
    """Return the nodes that only say a type: annotations, what stands in brackets, what a class comes from."""
    tops: list[ast.AST | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            tops.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            tops.append(node.returns)
        elif isinstance(node, ast.Subscript):
            tops.append(node.slice)
    return frozenset(id(inner) for top in tops if top for inner in ast.walk(top))


def _sets_a_header(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return dotted(node.value).endswith(".headers")
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return node.attr == "headers"
    return isinstance(node, ast.Attribute) and node.attr in _HEADERS_SET and dotted(node.value).endswith(".headers")


def _opens_to_write(call: ast.Call, name: str) -> bool:
    """Say whether a file is opened in a way that is not surely reading."""
    if f".{name}".endswith(_OPENERS) or name in ("os.open", "self.open"):
        return False
    place = 1 if name in ("open", "io.open", "gzip.open") else 0
    modes = [*call.args[place : place + 1], *(word.value for word in call.keywords if word.arg in ("mode", None))]
    return not all(isinstance(mode, ast.Constant) and mode.value in _READING for mode in modes)
