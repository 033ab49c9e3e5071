"""What is derived from a token: steady, separate for each use, and one-way."""

from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from app.vault.tokens import derive, derive_id, new_token

tokens = st.binary(min_size=32, max_size=32)


@given(token=tokens, label=st.text())
def test_a_token_always_gives_the_same(token: bytes, label: str) -> None:
    assert derive(token, label) == derive(token, label)
    assert derive_id(token, label) == derive_id(token, label)
    assert len(derive(token, label)) == 32


@given(token=tokens, one=st.text(), other=st.text())
def test_each_use_has_its_own_key(token: bytes, one: str, other: str) -> None:
    assert (derive(token, one) == derive(token, other)) == (one == other)


@given(token=tokens, label=st.text())
def test_an_id_tells_nothing_of_the_key_of_the_same_label(token: bytes, label: str) -> None:
    identity = derive_id(token, label)
    assert identity.bytes not in derive(token, label)
    assert identity.bytes[:6] != derive(token, label)[:6]


@given(token=tokens)
def test_an_id_is_a_random_uuid_in_form(token: bytes) -> None:
    identity = derive_id(token, "draft id")
    assert isinstance(identity, UUID)
    assert (identity.version, identity.variant) == (4, RFC_4122)


def test_other_tokens_give_others() -> None:
    drawn = [new_token() for _ in range(100)]
    assert len({len(token) for token in drawn}) == 1
    assert len(set(drawn)) == len({derive(t, "x") for t in drawn}) == len({derive_id(t, "x") for t in drawn}) == 100
