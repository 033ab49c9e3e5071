import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.cookie import Visitor, cookie_name, delete_cookie, format_value, parse, set_cookie

TOKEN = bytes(range(32))


@given(
    st.sampled_from(["fr", "en"]),
    st.sampled_from(["normal", "muted"]),
    st.sampled_from("0123456789abcz"),
    st.none() | st.binary(min_size=32, max_size=32),
)
def test_a_visitor_comes_back_as_it_left(language: str, screen: str, notice: str, token: bytes | None) -> None:
    visitor = Visitor(language, screen, notice, token, returned=True)  # type: ignore[arg-type]  # drawn from the list
    value = format_value(visitor)
    assert len(value) == 47
    assert parse(value) == visitor


def test_no_cookie_is_told_from_a_cookie_without_token() -> None:
    assert parse(None) == Visitor()
    assert parse(format_value(Visitor())) == Visitor(returned=True)


@given(st.text(max_size=60))
def test_garbage_is_no_token_and_no_error(value: str) -> None:
    assert parse(value).token is None


@pytest.mark.parametrize("at", range(4, 47))
def test_a_token_altered_by_one_bit_is_another_or_none(at: int) -> None:
    value = bytearray(format_value(Visitor(token=TOKEN)).encode())
    value[at] ^= 1
    assert parse(value.decode("latin-1")).token != TOKEN


def test_two_texts_never_mean_one_token() -> None:
    value = format_value(Visitor(token=TOKEN))
    twin = value[:-1] + chr(ord(value[-1]) + 1)
    assert parse(twin).token is None


def test_flags_name_and_length_are_constant() -> None:
    assert (cookie_name(tls=True), cookie_name(tls=False)) == ("__Host-p", "p")
    with_token, without = set_cookie(Visitor("en", "muted", "a", TOKEN), tls=True), set_cookie(Visitor(), tls=True)
    assert len(with_token) == len(without)
    assert with_token.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")
    assert "Secure" not in set_cookie(Visitor(), tls=False)
    assert delete_cookie(tls=True) == without + "; Max-Age=0"
