"""The bench of the ledger: what it writes in bulk is a ledger that verifies, of more events than one page."""

from pathlib import Path

import pytest

from bench import chaining
from bench.chaining import NotVerified, verifying


def test_what_the_bench_writes_is_verified(tmp_path: Path) -> None:
    figures = list(verifying(tmp_path, 1200))
    assert [figure.name for figure in figures][0] == "verify 1,000,000 events"
    assert all((figure.value or 0) > 0 for figure in figures)


def test_a_bench_that_writes_no_ledger_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaining, "leaf_of", lambda *_: bytes(32))
    with pytest.raises(NotVerified, match="leaf: position 0"):
        list(verifying(tmp_path, 20))
