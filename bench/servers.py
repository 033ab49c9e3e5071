"""The servers that are measured: gunicorn behind nginx, as the peers were, and granian, as we serve."""

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.processes import free_port, python, require, running

WORKERS = 2
_NGINX = """\
{user}
daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  gzip off;
  server_tokens off;
  client_max_body_size 64k;
  client_body_buffer_size 64k;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_max_temp_file_size 0;
  proxy_set_header Host $http_host;
{servers}
}}
"""
_SERVER = "  server {{ listen 127.0.0.1:{front}; location / {{ proxy_pass http://127.0.0.1:{back}; }} }}"


@contextmanager
def gunicorn(application: str, folder: Path, environ: Mapping[str, str]) -> Iterator[int]:
    """Serve an application with gunicorn's sync workers; yield its port."""
    port = free_port()
    where = ["--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--worker-class", "sync"]
    quiet = ["--no-control-socket", "--log-level", "warning", "--worker-tmp-dir", str(folder)]
    command = python("gunicorn", *where, *quiet, application)
    with running(command, port, folder / "gunicorn.log", environ):
        yield port


@contextmanager
def nginx(folder: Path, *backs: int) -> Iterator[list[int]]:
    """Put nginx before the servers of some ports; yield its own ports in the same order. Raises ProgramMissing."""
    program = require("nginx", "nginx-light")
    fronts = [free_port() for _ in backs]
    user = getpass.getuser()
    servers = [_SERVER.format(front=front, back=back) for front, back in zip(fronts, backs, strict=True)]
    path = folder / "nginx.conf"
    text = _NGINX.format(
        user=f"user {user};" if user == "root" else "", workers=WORKERS, folder=folder, servers="\n".join(servers)
    )
    path.write_text(text)
    command = [program, "-c", str(path), "-e", str(folder / "nginx.error.log")]
    with running(command, fronts[-1], folder / "nginx.log"):
        yield fronts


@contextmanager
def paravent_serve(folder: Path, environ: Mapping[str, str]) -> Iterator[int]:
    """Serve a zone as `paravent serve` does; yield its port."""
    port = free_port()
    command = python(
        "app.cli.main", "serve", "--host", "127.0.0.1", "--port", str(port), "--processes", str(WORKERS)
    )
    with running(command, port, folder / "granian.log", environ):
        yield port


@contextmanager
def granian(application: str, folder: Path) -> Iterator[int]:
    """Serve an application with granian as `paravent serve` sets it up; yield its port."""
    port = free_port()
    where = ["--host", "127.0.0.1", "--port", str(port), "--interface", "wsgi", "--http", "1", "--no-ws"]
    size = ["--workers", str(WORKERS), "--blocking-threads", "64", "--log-level", "warning"]
    with running(python("granian", *where, *size, application), port, folder / "granian-hello.log"):
        yield port
