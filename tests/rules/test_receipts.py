"""A receipt exists only because an event is durable: the ledger alone has one issued."""

import ast

import pytest

from tests.rules.sources import Source, dotted, sources

DEFINES = "app/vault/receipts.py"
ISSUES = "app/ledger/service.py"


def faults_of_receipts(files: list[Source]) -> list[str]:
    """Return each place that makes, copies or has a receipt issued, and may not."""
    return [
        file.at(node, "makes a receipt")
        for file in files
        if file.path not in (DEFINES, ISSUES)
        for node in ast.walk(file.tree)
        if _makes(file, node)
    ]


def _makes(file: Source, node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "app.vault.receipts" and any(
            alias.name in ("issue", "_proof") for alias in node.names
        )
    if not isinstance(node, ast.Call):
        return False
    called = dotted(node.func)
    copies = called in ("dataclasses.replace", "replace") and "Receipt" in file.text
    return copies or called.rsplit(".", 1)[-1] == "Receipt" or called.endswith("receipts.issue")


def test_only_the_ledger_has_receipts_issued() -> None:
    assert faults_of_receipts(sources("app", "wsgi.py")) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "Receipt(event, subjects, purposes)",
        "receipts.Receipt(event=event, subjects=s, purposes=p)",
        "from app.vault.receipts import Receipt, issue",
        "receipts.issue(event, subjects, purposes)",
        "from app.vault.receipts import Receipt\nreplace(receipt, subjects=s)",
    ],
)
def test_a_forged_receipt_is_seen(wrong: str) -> None:
    assert len(faults_of_receipts([Source("app/clinic/case.py", wrong)])) == 1
    assert faults_of_receipts([Source(ISSUES, wrong)]) == []


def test_naming_the_type_is_no_forgery() -> None:
    assert faults_of_receipts([Source("app/clinic/case.py", "from app.vault.receipts import Receipt")]) == []
