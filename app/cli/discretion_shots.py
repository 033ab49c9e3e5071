"""Pictures of pages as a telephone shows them, taken by a Chromium of this machine where there is one."""

import base64
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

WIDTH, HEIGHT = 412, 915
"""The first screen of a common telephone, in CSS pixels."""

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 60
_FRAME = """<!doctype html><meta charset="utf-8"><style>html,body{{margin:0;background:#fff}}
iframe{{border:0;width:{width}px;height:{height}px;display:block}}</style><iframe src="{page}"></iframe>"""


def take(pages: Mapping[str, str]) -> dict[str, str]:
    """Return a `data:` address of a picture for each page that could be taken; none without a Chromium."""
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="paravent-pictures-") as folder:
        taken = {name: _shot(program, Path(folder), name, html) for name, html in pages.items()}
    return {name: _address(picture) for name, picture in taken.items() if picture}


def _shot(program: str, folder: Path, name: str, html: str) -> bytes | None:
    """Take one page inside a frame: a window of Chromium is never as narrow as a telephone."""
    page, frame, picture = folder / f"{name}.html", folder / f"{name}-frame.html", folder / f"{name}.png"
    page.write_text(html, encoding="utf-8")
    frame.write_text(_FRAME.format(width=WIDTH, height=HEIGHT, page=page.name), encoding="utf-8")
    command = [
        program,
        "--headless=new",
        "--disable-gpu",
        "--hide-scrollbars",
        "--no-first-run",
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={WIDTH},{HEIGHT}",
        f"--screenshot={picture}",
        frame.as_uri(),
    ]
    if os.geteuid() == 0:
        command.insert(1, "--no-sandbox")  # Chromium refuses to start for root with one; these pages are our own
    try:
        subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)  # noqa: S603 - a fixed command
    except (subprocess.SubprocessError, OSError):
        return None
    return picture.read_bytes() if picture.is_file() else None


def _address(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")
