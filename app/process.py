"""What a process must not be: one that leaves its memory behind, or a zone's that holds what its zone must not.

The rules of imports hold this for the code as it is written. Here the running process is asked, since it also holds
what started it: a server's workers are copies of their parent, with everything that was ever imported there.
"""

import ctypes
import resource
import sys
from collections.abc import Iterable

_SET_DUMPABLE, _GET_DUMPABLE = 4, 3
"""PR_SET_DUMPABLE and PR_GET_DUMPABLE of prctl(2)."""

_NEVER_WITH_PATIENTS = (
    "app.clinic",
    "app.worker",
    "app.identity",
    "app.care",
    "app.desk",
    "app.vault",
    "app.cli",
    "boto3",
    "botocore",
    "rfc3161_client",
)
_BUT = frozenset(
    (
        "app.cli.main",
        "app.cli.serve",
        "app.cli.health",
        "app.vault.closing",
        "app.vault.errors",
        "app.vault.half_days",
        "app.vault.hybrid",
        "app.vault.intake",
        "app.vault.models",
        "app.vault.months",
        "app.vault.pki_errors",
        "app.vault.posting",
        "app.vault.published",
        "app.vault.receipts",
        "app.vault.sealing",
        "app.vault.tokens",
        "app.vault.words",
    )
)
"""What seals, derives and serves, and opens nothing that was sent; a package is no more than its modules."""


class DumpsNotForbidden(Exception):
    """The memory of this process could be written to a file, or read by another process of its user."""


class NotConfined(Exception):
    """The process holds code that its zone must not. `strangers` are the modules' names."""

    def __init__(self, strangers: list[str]) -> None:
        super().__init__(
            f"the patient process holds code of the clinic's side ({', '.join(strangers)}): nothing is served. "
            "Start it by `paravent serve`, or by a WSGI server of its own on wsgi:application."
        )
        self.strangers = strangers


def forbid_dumps() -> None:
    """Keep the memory of this process, and of what it forks, out of core dumps and of its user's debuggers.

    The limit alone is not asked where `core_pattern` names a program (core(5)); a process that is not dumpable is
    never dumped, and ptrace(2) refuses its own user. Both outlive a fork, not an exec. Raises DumpsNotForbidden.
    """
    try:
        if resource.getrlimit(resource.RLIMIT_CORE) != (0, 0):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        raise DumpsNotForbidden("core dumps can't be limited: let the process call setrlimit") from None
    if sys.platform == "linux":
        _prctl(_SET_DUMPABLE)
    if not dumps_forbidden():
        raise DumpsNotForbidden("core dumps can't be turned off: let the process call prctl")


def dumps_forbidden() -> bool:
    """Say whether no copy of this process's memory would be written. Only on Linux is more asked than the limit."""
    limited = resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    return limited and (sys.platform != "linux" or _prctl(_GET_DUMPABLE) == 0)


def check_confined(zone: str) -> None:
    """Raise NotConfined when this is the patient zone's process and it holds code of the clinic's side."""
    strangers = strangers_among(sys.modules) if zone == "patient" else []
    if strangers:
        raise NotConfined(strangers)


def strangers_among(modules: Iterable[str]) -> list[str]:
    """Return which of these modules the patient process must not hold.

    Of the vault and the command line only what is named here may be there: a new module is a stranger until
    somebody decides otherwise.
    """
    inside = tuple(f"{room}." for room in _NEVER_WITH_PATIENTS)
    return sorted(name for name in modules if name.startswith(inside) and name not in _BUT)


def _prctl(what: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    answer: int = libc.prctl(what, 0, 0, 0, 0)
    return answer
