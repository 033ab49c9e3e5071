"""Who may write: crossings and services alone. A view, a silo's functions and a profile never commit."""

import ast
import re

import pytest

from tests.rules.sources import Source, sources

MAY_WRITE = re.compile(
    r"""app/(
        db\.py                                  # what writing is
      | (booking|worker|cli)/(?!forms|wording)\w+\.py    # crossings: a fixed order of commits
      | ledger/service\.py                      # an event is durable before its receipt exists
      | vault/door\.py                          # an opening's trace is durable before its secret is out
      | clinic/(?!forms|factory|roles|\w*views)\w+\.py       # the services of the staff pages
    )""",
    re.VERBOSE,
)
"""Where `.writing(` may be said."""

ENDS_A_TRANSACTION = {"commit", "rollback", "begin"}
ENDS = {"app/db.py", "app/cli/silos.py"}
"""Where a transaction ends by hand: what writing is, and a silo's schema changing whole or not at all."""


def faults_of_commits(files: list[Source]) -> list[str]:
    """Return each place that opens a writing session, or ends a transaction, and may not."""
    return [
        file.at(call, f".{call.func.attr}( is not for this file")
        for file in files
        for call in file.calls()
        if isinstance(call.func, ast.Attribute) and not _allowed(file.path, call.func.attr)
    ]


def _allowed(path: str, method: str) -> bool:
    if method == "writing":
        return MAY_WRITE.fullmatch(path) is not None
    return method not in ENDS_A_TRANSACTION or path in ENDS


def test_only_crossings_and_services_write() -> None:
    assert faults_of_commits(sources("app", "wsgi.py")) == []


WRONG = {
    "a view": Source("app/clinic/case_views.py", "with db.writing('care') as s: pass"),
    "a patient's page": Source("app/patient/views.py", "with services().db.writing('front') as s: pass"),
    "a silo": Source("app/front/cells.py", "session.commit()"),
    "a silo that opens": Source("app/front/cells.py", "with db.writing('front') as s: pass"),
    "a crossing that commits by hand": Source("app/booking/send.py", "session.commit()"),
    "the vault": Source("app/vault/keystore.py", "with db.writing('keys') as s: pass"),
}


@pytest.mark.parametrize("planted", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_writer_is_seen(planted: Source) -> None:
    assert len(faults_of_commits([planted])) == 1


@pytest.mark.parametrize(
    "path", ["app/booking/send.py", "app/worker/intake.py", "app/cli/silos.py", "app/clinic/case.py"]
)
def test_a_right_writer_passes(path: str) -> None:
    assert faults_of_commits([Source(path, "with db.writing('front') as s: pass")]) == []
