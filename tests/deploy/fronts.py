"""The proxy files of docs/deploy, with the names, ports and folders of a test, and the programs that run them."""

import getpass
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.config import ROOT
from tests.factories.served import free_port, self_signed

DEPLOY = ROOT / "docs" / "deploy"
NAME = "localhost"
_STARTING = 20.0


@dataclass(frozen=True)
class Front:
    """A proxy that runs: where it answers, its folder, and the text of its configuration."""

    port: int
    plain_port: int
    root: Path
    text: str

    @property
    def said(self) -> str:
        """Everything it wrote so far."""
        return (self.root / "front.txt").read_text(encoding="utf-8", errors="replace")


def nginx_text(root: Path, port: int, plain_port: int, behind: int) -> str:
    """Return docs/deploy/nginx.conf as somebody would adapt it to a test machine."""
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    text = re.sub(r" *listen \[::\]:\d+.*\n", "", text)
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}").replace(
        "listen 80", f"listen 127.0.0.1:{plain_port}"
    )
    text = text.replace("rdv.example.fr", NAME).replace("127.0.0.1:8000", f"127.0.0.1:{behind}")
    text = text.replace("/etc/paravent", str(root)).replace("/run/nginx.pid", str(root / "nginx.pid"))
    own = "\n".join(f"    {kind}_temp_path {root}/temp/{kind};" for kind in _TEMPORARY)
    who = f"user {getpass.getuser()};\n" if os.geteuid() == 0 else ""
    text = text.replace("worker_processes auto", f"{who}worker_processes 1")
    return text.replace("http {\n", f"http {{\n{own}\n", 1)


_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def _changed(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for before, after in changes:
        assert before in text, f"not in the file: {before}"
        text = text.replace(before, after)
    return text


def prepare(root: Path) -> None:
    """Put what a proxy needs in a folder: certificate, pages of its own, a place for temporary files."""
    self_signed(root)
    for name in ("pause.html", "security.txt"):
        shutil.copy(DEPLOY / name, root / name)
    (root / "temp").mkdir(exist_ok=True)
    (root / "temp").chmod(0o777)
    root.chmod(0o755)


@contextmanager
def running(command: list[str], front: Front) -> Iterator[Front]:
    """Run a proxy in the foreground until the block ends. Raises TimeoutError with what it said."""
    with (front.root / "front.txt").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)  # noqa: S603 - a program of this machine, our file
    try:
        _wait(front, process)
        yield front
    finally:
        process.terminate()
        process.wait(10)


def _wait(front: Front, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _STARTING
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", front.port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(front.said)


@contextmanager
def nginx(root: Path, behind: int, *changes: tuple[str, str]) -> Iterator[Front]:
    """Run Debian's nginx with our file, some of its lines changed."""
    prepare(root)
    port, plain_port = free_port(), free_port()
    text = _changed(nginx_text(root, port, plain_port, behind), changes)
    (root / "nginx.conf").write_text(text, encoding="utf-8")
    command = ["/usr/sbin/nginx", "-c", str(root / "nginx.conf"), "-p", str(root)]
    with running([*command, "-g", "daemon off;"], Front(port, plain_port, root, text)) as front:
        yield front


@contextmanager
def caddy(root: Path, behind: int, *changes: tuple[str, str]) -> Iterator[Front]:
    """Run Caddy with our file, some of its lines changed."""
    prepare(root)
    port, plain_port = free_port(), free_port()
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8").replace("127.0.0.1:8000", f"127.0.0.1:{behind}")
    text = text.replace("http://rdv.example.fr", f"http://{NAME}:{plain_port}")
    text = text.replace("https://rdv.example.fr {", f"https://{NAME}:{port} {{").replace("rdv.example.fr", NAME)
    text = _changed(text.replace("/etc/paravent", str(root)), changes)
    (root / "Caddyfile").write_text(text, encoding="utf-8")
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(root / "Caddyfile")]
    with running(command, Front(port, plain_port, root, text)) as front:
        yield front
