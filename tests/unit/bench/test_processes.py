"""Servers under measure: awaited until they answer, and gone afterwards, whatever happened."""

import socket
from pathlib import Path

import pytest

from bench.processes import DidNotStart, ProgramMissing, clean_environment, free_port, python, require, running


def refuses(port: int) -> bool:
    """Say whether nothing listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def serving(port: int) -> list[str]:
    """Return the command of a small web server."""
    return python("http.server", str(port), "--bind", "127.0.0.1")


def test_a_server_answers_inside_and_is_gone_after(tmp_path: Path) -> None:
    port = free_port()
    with running(serving(port), port, tmp_path / "log"):
        assert not refuses(port)
    assert refuses(port)


def test_a_server_is_stopped_when_the_block_raises(tmp_path: Path) -> None:
    port = free_port()

    def fails() -> None:
        with running(serving(port), port, tmp_path / "log"):
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert refuses(port)


def test_a_server_that_ends_at_once_says_what_it_said(tmp_path: Path) -> None:
    command = [*python("http.server"), "no-such-port"]
    with pytest.raises(DidNotStart, match="no-such-port"), running(command, free_port(), tmp_path / "log"):
        pass


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(ProgramMissing, match=r"no-such-program .*no-such-package"):
        require("no-such-program", "no-such-package")


def test_a_child_gets_no_setting_of_the_machine() -> None:
    assert clean_environment({"PARAVENT_ZONE": "clinic", "PATH": "/bin"}) == {"PATH": "/bin"}
