"""`paravent run --tls`: pages under a certificate that whoever trusts our authority accepts, and nobody else."""

import argparse
import os
import ssl
import subprocess
import sys
import time
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from app.cli import run, serve
from app.cli.setup import set_up
from app.config import ROOT, SettingsError
from tests.factories.served import CHEAP_WORDS, free_port

_STARTING = 60.0


def _asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    run.add_to(parser.add_subparsers())
    return parser.parse_args(["run", *words])


def test_pages_are_served_with_a_certificate_of_our_own_authority(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    asked = _asked("--tls", "--host", "127.0.0.1", "--clinic-port", str(port))
    environ = CHEAP_WORDS | {"PATH": os.environ["PATH"], "PARAVENT_VAR": str(tmp_path)}
    settings = set_up(environ | run.addresses(asked))
    assert (settings.tls, settings.clinic_address) == (True, f"https://127.0.0.1:{port}")

    run.certify(asked, settings)
    run.say(asked, settings)

    authority = tmp_path / "pki-trial" / "authority.pem"
    assert not (tmp_path / "pki").exists()  # what signs for databases
    assert str(authority) in capsys.readouterr().out
    trusting = ssl.create_default_context(cafile=str(authority))
    command = [sys.executable, "-m", "app.cli.main", "serve", "--processes", "1", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--certificate", str(asked.certificate), "--key", str(asked.key)]
    child = run.child_environment("clinic", settings, environ)
    with subprocess.Popen(command, cwd=ROOT, env=child) as process:  # noqa: S603 - our own command
        try:
            assert _status(port, trusting) == 200
            with pytest.raises(ssl.SSLCertVerificationError):
                _status(port, ssl.create_default_context())
        finally:
            process.terminate()


def test_without_it_nothing_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = _asked()
    environ = {"PARAVENT_VAR": str(tmp_path)}
    settings = set_up(environ | run.addresses(asked))

    run.certify(asked, settings)
    run.say(asked, settings)

    assert (asked.certificate, asked.key, settings.tls) == (None, None, False)
    assert not (tmp_path / "pki-trial").exists()
    assert "certificate" not in capsys.readouterr().out


def test_a_certificate_given_and_one_of_our_own_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _asked("--tls", "--certificate", "x.pem")
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize("given", [("--certificate", "x.pem"), ("--key", "x.pem"), ("--tls", "--key", "x.pem")])
def test_a_certificate_and_its_key_go_together(tmp_path: Path, given: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="go together"):
        run.act(_asked(*given), {"PARAVENT_VAR": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [("--certificate", "x.pem"), ("--key", "x.pem")])
def test_a_zone_is_not_served_with_half_a_pair(given: tuple[str, ...]) -> None:
    parser = argparse.ArgumentParser()
    serve.add_to(parser.add_subparsers())
    with pytest.raises(SettingsError, match="go together"):
        serve.act(parser.parse_args(["serve", *given]), {})


def _status(port: int, context: ssl.SSLContext) -> int:
    """Ask for a page until the server is there. Raises SSLCertVerificationError."""
    until = time.monotonic() + _STARTING
    while time.monotonic() < until:
        connection = HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        try:
            connection.request("GET", "/connexion")
            return connection.getresponse().status
        except ConnectionRefusedError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise TimeoutError
