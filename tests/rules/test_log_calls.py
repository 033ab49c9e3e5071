"""A log line is a constant message and a few allowed fields: nothing a person typed can enter it."""

import ast

import pytest

from app.log import ALLOWED_FIELDS
from tests.rules.sources import Source, dotted, sources

LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
MAY_PRINT = "app/cli/"


def faults_of_logging(files: list[Source]) -> list[str]:
    """Return each log call that could carry a value, each logger that is not ours, each print."""
    return [file.at(call, fault) for file in files for call in file.calls() if (fault := _fault(file, call))]


def _fault(file: Source, call: ast.Call) -> str:
    called = dotted(call.func)
    if called == "print":
        return "" if file.path.startswith(MAY_PRINT) else "prints"
    if called.endswith("getLogger"):
        return _fault_of_name(file, call)
    owner, _, method = called.rpartition(".")
    if method in LEVELS and "log" in owner.rsplit(".", 1)[-1].lower():
        return _fault_of_line(file, call, method)
    return ""


def _fault_of_name(file: Source, call: ast.Call) -> str:
    name = call.args[0] if call.args else None
    ours = isinstance(name, ast.Constant) and str(name.value).startswith("paravent")
    return "" if ours or file.path == "app/log.py" else "a logger outside paravent"


def _fault_of_line(file: Source, call: ast.Call, method: str) -> str:
    message = call.args[1 if method == "log" else 0 :]
    if len(message) != 1 or not isinstance(message[0], ast.Constant):
        return "a log message that is not one constant text"
    if "%" in str(message[0].value):
        return "a log message with a place for a value"
    return next((fault for word in call.keywords if (fault := _fault_of_keyword(file, word))), "")


def _fault_of_keyword(file: Source, word: ast.keyword) -> str:
    if word.arg == "exc_info":
        return ""
    given = _dictionaries(file, word.value) if word.arg == "extra" else []
    if not given:
        return "a log call with something else than extra={…}"
    keys = {key.value if isinstance(key, ast.Constant) else None for each in given for key in each.keys}
    return "" if keys <= set(ALLOWED_FIELDS) else "a log field that is not on the list"


def _dictionaries(file: Source, value: ast.expr) -> list[ast.Dict]:
    """Return what a value is: a dictionary written there, or every one that its name is given in the file."""
    if isinstance(value, ast.Dict):
        return [value]
    assigned = [node.value for node in ast.walk(file.tree) if isinstance(node, ast.Assign) and _gives(node, value)]
    found = [each for each in assigned if isinstance(each, ast.Dict)]
    return found if len(found) == len(assigned) else []


def _gives(node: ast.Assign, value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and any(isinstance(t, ast.Name) and t.id == value.id for t in node.targets)


def test_no_log_call_can_carry_what_was_typed() -> None:
    assert faults_of_logging(sources("app", "wsgi.py")) == []


@pytest.mark.parametrize(
    "wrong",
    [
        'log.info(f"opened {name}")',
        'log.info("opened %s", name)',
        'log.info("opened %s")',
        "log.warning(message)",
        'logger.error("refused", extra={"name": name})',
        'logger.error("refused", extra=fields)',
        'extra = {"name": name}\nlogger.error("refused", extra=extra)',
        'extra = {"kind": 1}\nextra = given()\nlogger.error("refused", extra=extra)',
        'log.log(20, f"{name}")',
        'print("hello")',
        "logging.getLogger(__name__)",
        'logging.getLogger("other")',
    ],
)
def test_a_wrong_line_is_seen(wrong: str) -> None:
    assert len(faults_of_logging([Source("app/web/pages.py", wrong)])) == 1


@pytest.mark.parametrize(
    "right",
    [
        'extra = {"kind": 1}\nlog.info("opened", extra=extra)',
        'log.info("opened", extra={"event_id": event, "status": 200})',
        'log.exception("failed")',
        "math.log(2)",
    ],
)
def test_a_right_line_passes(right: str) -> None:
    assert faults_of_logging([Source("app/web/pages.py", right)]) == []
