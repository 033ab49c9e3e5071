"""The sealed format: what it hides, what it refuses, and how little its length tells."""

import os
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from app.vault.sealing import (
    Context,
    SchemaMissing,
    Unsealable,
    lock,
    new_secret,
    padded_length,
    seal,
    seal_json,
    unlock,
    unseal,
    unseal_json,
)

SECRET = bytes(range(32))
CONTEXT = Context("care.answers", UUID(int=1), "care", UUID(int=2), 1)

secrets = st.binary(min_size=32, max_size=32)
contexts = st.builds(Context, st.text(), st.uuids(), st.text(), st.uuids(), st.integers(1, 2**63))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(secret=secrets, plaintext=st.binary(max_size=5000), context=contexts)
def test_what_is_sealed_opens_under_the_same_secret_and_context(
    secret: bytes, plaintext: bytes, context: Context
) -> None:
    assert unseal(secret, seal(secret, plaintext, context), context) == plaintext


@settings(max_examples=50)
@given(document=st.dictionaries(st.text(), json_values, max_size=8))
def test_a_document_comes_back_as_it_was(document: dict[str, Any]) -> None:
    document["schema"] = 1
    assert unseal_json(SECRET, seal_json(SECRET, document, CONTEXT), CONTEXT) == document


def test_every_flipped_byte_is_refused() -> None:
    sealed = seal(SECRET, b"marker", CONTEXT)
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1 << (place % 8)
        with pytest.raises(Unsealable):
            unseal(SECRET, bytes(altered), CONTEXT)


def test_every_cut_and_every_addition_is_refused() -> None:
    sealed = seal(SECRET, b"marker", CONTEXT)
    for wrong in [sealed[:length] for length in range(len(sealed))] + [sealed + b"\0", sealed + sealed]:
        with pytest.raises(Unsealable):
            unseal(SECRET, wrong, CONTEXT)


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(CONTEXT, kind="care.message"),
        replace(CONTEXT, pseudonym=UUID(int=9)),
        replace(CONTEXT, purpose="contact"),
        replace(CONTEXT, object_id=UUID(int=9)),
        replace(CONTEXT, version=2),
        replace(CONTEXT, pseudonym=CONTEXT.object_id, object_id=CONTEXT.pseudonym),
    ],
)
def test_a_ciphertext_moved_elsewhere_is_refused(elsewhere: Context) -> None:
    with pytest.raises(Unsealable):
        unseal(SECRET, seal(SECRET, b"marker", CONTEXT), elsewhere)


@given(one=contexts, other=contexts)
def test_no_two_contexts_have_the_same_associated_data(one: Context, other: Context) -> None:
    assert (one.associated() == other.associated()) == (one == other)


def test_neighbouring_parts_of_a_context_do_not_run_into_each_other() -> None:
    one = Context("ab", UUID(int=1), "c", UUID(int=2), 1)
    assert one.associated() != replace(one, kind="a", purpose="bc").associated()
    assert (
        replace(one, kind="", purpose="\0\0\0\0").associated()
        != replace(one, kind="\0\0\0\4", purpose="").associated()
    )


def test_another_secret_is_refused() -> None:
    with pytest.raises(Unsealable):
        unseal(new_secret(), seal(SECRET, b"marker", CONTEXT), CONTEXT)


def test_a_ciphertext_is_committed_to_its_key() -> None:
    """AES-GCM alone would accept this one: it is valid under the key, but committed to another secret."""
    sealed = seal(SECRET, b"marker", CONTEXT)
    salt, nonce, commitment = sealed[1:33], sealed[33:45], sealed[45:77]
    other = new_secret()
    key = HKDF(SHA256(), 64, salt, b"paravent sealed 1 key commitment").derive(other)[:32]
    padded = (4 + 6).to_bytes(4, "big") + b"marker" + bytes(246)
    forged = AESGCM(key).encrypt(nonce, (6).to_bytes(4, "big") + padded[4:], CONTEXT.associated())
    assert AESGCM(key).decrypt(nonce, forged, CONTEXT.associated())
    with pytest.raises(Unsealable):
        unseal(other, sealed[:33] + nonce + commitment + forged, CONTEXT)


def test_the_same_plaintext_never_seals_the_same_way() -> None:
    sealed = {seal(SECRET, b"marker", CONTEXT) for _ in range(100)}
    assert len({s[1:33] for s in sealed}) == len({s[33:45] for s in sealed}) == 100
    assert not any(b"marker" in s for s in sealed)


@given(length=st.integers(0, 1 << 22))
def test_a_padded_length_is_a_class_not_far_above(length: int) -> None:
    padded = padded_length(length)
    assert padded >= max(length, 256)
    assert padded <= max(256, length * 1.12)
    assert padded_length(padded) == padded


def test_lengths_fall_into_few_classes() -> None:
    assert {padded_length(n) for n in range(257)} == {256}
    assert len({padded_length(n) for n in range(1 << 16)}) <= 130
    assert {len(seal(SECRET, bytes(n), CONTEXT)) for n in range(1000, 1020)} == {77 + 1024 + 16}


@pytest.mark.parametrize(
    "padded", [b"", bytes(3), bytes(255), b"\xff" * 256, bytes(4) + b"\1" + bytes(251), bytes(512)]
)
def test_a_padding_that_sealing_does_not_make_is_refused(padded: bytes) -> None:
    with pytest.raises(Unsealable):
        unseal(SECRET, lock(SECRET, padded, CONTEXT.associated()), CONTEXT)


@pytest.mark.parametrize(
    "content", [b"[1]", b'"text"', b"{}", b'{"schema":"1"}', b'{"schema":true}', b"\xff", b"[" * 9999]
)
def test_what_is_not_a_document_is_refused_when_opened_as_one(content: bytes) -> None:
    with pytest.raises(Unsealable):
        unseal_json(SECRET, seal(SECRET, content, CONTEXT), CONTEXT)


@pytest.mark.parametrize("document", [{}, {"schema": "1"}, {"schema": True}, {"Schema": 1}])
def test_a_document_without_its_schema_number_is_not_sealed(document: dict[str, Any]) -> None:
    with pytest.raises(SchemaMissing):
        seal_json(SECRET, document, CONTEXT)


def test_text_that_is_no_unicode_is_sealed_without_a_fault() -> None:
    document = {"schema": 1, "typed": "a\ud800b"}
    assert unseal_json(SECRET, seal_json(SECRET, document, CONTEXT), CONTEXT) == document


def test_no_error_says_a_value() -> None:
    sealed = seal(SECRET, b"marker", CONTEXT)
    with pytest.raises(Unsealable) as caught:
        unseal(os.urandom(32), sealed, replace(CONTEXT, kind="marker"))
    assert str(caught.value) == "a sealed object can't be opened"
    assert caught.value.__cause__ is None


def test_locking_is_bound_to_its_associated_data() -> None:
    assert unlock(SECRET, lock(SECRET, b"key", b"here"), b"here") == b"key"
    with pytest.raises(Unsealable):
        unlock(SECRET, lock(SECRET, b"key", b"here"), b"there")


def test_secrets_are_random() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) == 32
