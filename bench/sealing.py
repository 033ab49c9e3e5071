"""Sealing and opening 1 KB, beside AES-256-GCM done bare.

Bare is: a new key object, a random nonce, the same associated data, nothing else. The rounds of the two take
turns and the best round of each counts, so that a busy machine slows both alike.
"""

import json
import os
import time
from collections.abc import Callable
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.vault.sealing import Context, new_secret, seal, unseal

BAR = 0.20
_ROUNDS = 200
_CALLS = 100
_PLAINTEXT = b"v" * 1024
_CONTEXT = Context("care.answers", UUID(int=1), "care", UUID(int=2), 1)


def measure() -> dict[str, float]:
    """Return microseconds of each operation, and bare time over ours: 1 would be as fast as bare AES-GCM."""
    secret, associated = new_secret(), _CONTEXT.associated()
    sealed = seal(secret, _PLAINTEXT, _CONTEXT)
    nonce = os.urandom(12)
    ciphertext = AESGCM(secret).encrypt(nonce, _PLAINTEXT, associated)
    best = _best(
        {
            "seal": lambda: seal(secret, _PLAINTEXT, _CONTEXT),
            "bare_seal": lambda: AESGCM(secret).encrypt(os.urandom(12), _PLAINTEXT, associated),
            "open": lambda: unseal(secret, sealed, _CONTEXT),
            "bare_open": lambda: AESGCM(secret).decrypt(nonce, ciphertext, associated),
        }
    )
    return {
        "seal_1k_ratio": round(best["bare_seal"] / best["seal"], 3),
        "open_1k_ratio": round(best["bare_open"] / best["open"], 3),
        **{f"{name}_1k_us": round(seconds * 1e6, 2) for name, seconds in best.items()},
    }


def _best(operations: dict[str, Callable[[], bytes]]) -> dict[str, float]:
    """Return the seconds of one call of each operation, in its best round."""
    best = dict.fromkeys(operations, float("inf"))
    for _ in range(_ROUNDS):
        for name, operation in operations.items():
            best[name] = min(best[name], _seconds_of_one(operation))
    return best


def _seconds_of_one(operation: Callable[[], bytes]) -> float:
    started = time.perf_counter()
    for _ in range(_CALLS):
        operation()
    return (time.perf_counter() - started) / _CALLS


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
