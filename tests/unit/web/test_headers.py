import pytest

from app.web.headers import CLEAR_SITE_DATA, PatientHeaders


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
