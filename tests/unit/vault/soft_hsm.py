"""SoftHSM2, a real PKCS#11 library without hardware, in a folder of the test's own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pkcs11
import pytest

from app.config import Token

MODULE = next((one for one in Path("/usr/lib").rglob("libsofthsm2.so")), None)
PIN, OFFICER = "2718-2818", "3141-5926"

needs_soft_hsm = pytest.mark.skipif(
    MODULE is None or shutil.which("softhsm2-util") is None, reason="SoftHSM2 (Debian's softhsm2) is not installed"
)


@contextmanager
def soft_hsm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Token]:
    """Open an HSM with one token, which has no key yet."""
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(config))
    new_token("clinic")
    yield Token(MODULE or Path(), "clinic", None, PIN, "paravent-root")
    pkcs11.unload(str(MODULE))


def new_token(label: str) -> None:
    """Make one more token."""
    words = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", OFFICER]
    subprocess.run(words, check=True, capture_output=True)  # noqa: S603 - Debian's own program
