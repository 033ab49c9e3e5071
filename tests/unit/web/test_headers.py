from typing import TYPE_CHECKING

import pytest
from flask import Flask

from app.discretion.sizes import PAGE_BYTES, OverBudget
from app.web.headers import CLEAR_SITE_DATA, HEAD_BYTES, PatientHeaders, even_head
from tests.page_lint import head_bytes, unpacked

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def test_a_redirection_goes_only_to_a_short_path_of_ours() -> None:
    headers = PatientHeaders("a{}", tls=True)
    for wrong in ("//example.org", "https://example.org", "r/01", "/" + "a" * 80, ""):
        with pytest.raises(ValueError, match="short path"):
            headers.redirect(wrong)


def test_redirections_are_as_long_with_or_without_an_exit() -> None:
    headers = PatientHeaders("a{}", tls=True)
    plain, exit_ = headers.redirect("/r/01"), headers.redirect("/bonjour", (CLEAR_SITE_DATA,), 11)
    assert _length(plain) == _length(exit_) + 11


def _length(headers: list[tuple[str, str]]) -> int:
    return sum(len(f"{name}: {value}\r\n") for name, value in headers)


def test_hsts_is_promised_over_tls_only() -> None:
    names = [{name for name, _ in PatientHeaders("a{}", tls=tls).page(gzip=True)} for tls in (True, False)]
    assert ["Strict-Transport-Security" in found for found in names] == [True, False]


def test_a_head_is_filled_to_the_one_length_and_never_beyond() -> None:
    room = HEAD_BYTES - len("200 OK") - len("X-Long: \r\n") - len("X-Fill: \r\n")
    _status, headers = even_head("200 OK", [("X-Long", "a" * room)])
    assert headers[-1] == ("X-Fill", "")
    _status, headers = even_head("200 OK", [("X-Long", "a" * (room - 7))])
    assert headers[-1] == ("X-Fill", "0" * 7)
    with pytest.raises(OverBudget):
        even_head("200 OK", [("X-Long", "a" * (room + 1))])


def test_a_head_that_is_too_long_leaves_as_the_last_page(
    app: Flask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tall(_environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        start_response("200 OK", [("Retry-After", "1" * HEAD_BYTES)])
        return [b""]

    monkeypatch.setattr(app.extensions["paravent.grid"], "_app", tall)
    response = app.test_client().get("/tall", headers={"Accept-Encoding": "gzip"})
    assert (response.status_code, len(response.data), head_bytes(response)) == (500, PAGE_BYTES, HEAD_BYTES)
    assert "de notre côté" in unpacked(response)
    assert [line.exc_info[0] for line in caplog.records if line.exc_info] == [OverBudget]
