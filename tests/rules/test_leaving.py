"""Nothing leaves but by a door that calls the gate; and who sends takes only what the gate made."""

import pytest

from app.discretion.surfaces import Surface
from tests.rules.declared_doors import DOORS
from tests.rules.doors import SEEN_AT_REHEARSAL, faults_of_doors, faults_of_forging
from tests.rules.sources import Source, dotted, sources

HELD_INSIDE = {
    "app/web/shapes.py": Surface.ROBOTS,
    "app/patient/papers.py": Surface.PDF_TEXT,
    "app/front/spaces.py": Surface.OUTBOX,
}
"""Kinds that pass the gate where they are made, and leave by another file's door."""

SENT_BY_NOBODY_YET = {
    Surface.CALENDAR,
    Surface.MAIL_SENDER,
    Surface.MAIL_SUBJECT,
    Surface.MAIL_HEADER,
    Surface.MAIL_BODY,
    Surface.SMS_SENDER,
    Surface.SMS_TEXT,
    Surface.PAYMENT,
    Surface.BANK_LABEL,
}
"""Kinds that have their gate and no door: whoever builds one moves them up."""

CONSTANTS_OF_THE_CODE = {Surface.ADDRESS, Surface.FIELD_NAME}
"""Kinds that no door checks when they leave: a rehearsal sees each of them."""

NOT_REHEARSED = {
    Surface.METRIC: "its names and labels are declared in the code, and checked when a process starts",
    Surface.EXCEPTION: "a line of the log, which is seen whole",
}


def test_nothing_leaves_but_by_a_declared_door() -> None:
    assert faults_of_doors(sources("app", "wsgi.py"), DOORS) == []


def test_every_door_is_one_still() -> None:
    files = {file.path for file in sources("app", "wsgi.py")}
    assert set(DOORS) <= files
    assert [path for path, one in DOORS.items() if bool(one.gate) == bool(one.reason) or not one.ways] == []


def test_every_kind_has_its_door_or_says_why_not() -> None:
    through = {surface for one in DOORS.values() for surface in one.surfaces} | {*HELD_INSIDE.values()}
    assert through | SENT_BY_NOBODY_YET | CONSTANTS_OF_THE_CODE == set(Surface)
    assert not through & SENT_BY_NOBODY_YET


def test_what_is_held_inside_passes_the_gate_there() -> None:
    for path, surface in HELD_INSIDE.items():
        (file,) = sources(path)
        gated = [call.args[0] for call in file.calls() if dotted(call.func) == "leaving"]
        assert f"Surface.{surface.name}" in map(dotted, gated)


def test_a_rehearsal_sees_every_kind_that_has_a_door() -> None:
    """A kind that gets its door (a mail, an SMS) must be rendered by a rehearsal too."""
    assert set(Surface) - SENT_BY_NOBODY_YET - set(NOT_REHEARSED) == SEEN_AT_REHEARSAL - {Surface.CALENDAR}


def test_only_the_gate_makes_what_senders_take() -> None:
    assert faults_of_forging(sources("app", "wsgi.py")) == []


@pytest.mark.parametrize(
    "way",
    [
        "import smtplib",
        "from email.message import EmailMessage",
        "import urllib.request",
        "import urllib",
        "from urllib import request",
        "import http",
        "from http import client",
        "import socket as s",
        "import httpx",
        "import stripe",
        "from logging import handlers",
        "import subprocess",
        "import pty",
        "import ctypes",
        "import sqlite3",
        "import shutil",
        "import importlib",
        "from os import write",
        "from sys import stdout",
        "return Response('x')",
        "from flask import Response as R; return R('x')",
        "answer = Response; return answer('x')",
        "import flask as f; return f.redirect('/')",
        "flask.make_response('x')",
        "app.response_class('x')",
        "send_file(path)",
        "start_response('200 OK', [])",
        "response.headers['X-A'] = words",
        "response.headers.add('X-A', words)",
        "del response.headers['X-A']",
        "open(path, 'w')",
        "open(path, mode)",
        "open(path, mode=mode)",
        "open(path, **given)",
        "io.open(path, 'a')",
        "write = open; write(path, 'w')",
        "path.open(mode='ab')",
        "path.open(mode)",
        "gzip.open(path, 'wb')",
        "path.write_text('x')",
        "f = path.write_text; f('x')",
        "path.rename(words)",
        "path.replace(words)",
        "os.system('mail')",
        "os.write(1, words)",
        "os.execv(path, [words])",
        "os.spawnl(mode, path, words)",
        "import os as o; o.popen(words)",
        "sys.stdout.write(words)",
        "sys.stderr.write(words)",
        "logging.FileHandler('x')",
        "zipfile.ZipFile(path)",
        "io.FileIO(path)",
        "tempfile.NamedTemporaryFile()",
        "create_engine(words)",
        "__import__('smtplib')",
        "importlib.import_module('smtplib')",
        "exec(words)",
    ],
)
def test_a_new_way_out_is_seen(way: str) -> None:
    planted = Source("app/worker/reminders.py", f"def send():\n    {way}")
    assert faults_of_doors([planted], DOORS) != []


@pytest.mark.parametrize("way", ["import smtplib", "path.write_bytes(x)", "flask.jsonify(x)"])
@pytest.mark.parametrize("path", [path for path in DOORS if path != "app/cli/discretion_report.py"])
def test_a_door_is_open_for_nothing_else(path: str, way: str) -> None:
    (file,) = sources(path)
    assert faults_of_doors([file], DOORS) == []
    assert len(faults_of_doors([Source(path, f"{file.text}\n\n{way}\n")], DOORS)) == 1


def test_nothing_but_the_page_door_says_that_a_body_was_looked_at() -> None:
    naming = {file.path for file in sources("app") if "PRESSED" in file.text or "paravent.pressed" in file.text}
    assert naming == {"app/web/pages.py", "app/web/shapes.py"}


def test_a_door_that_forgets_its_gate_is_seen() -> None:
    (pages,) = sources("app/web/pages.py")
    without = Source(pages.path, pages.text.replace("clear_page(", "str("))
    assert faults_of_doors([without], DOORS) == ["app/web/pages.py: a door that does not call clear_page"]


def test_a_way_that_is_closed_is_no_longer_declared() -> None:
    (papers,) = sources("app/web/papers.py")
    without = Source(papers.path, papers.text.replace("return Response(", "return str("))
    assert faults_of_doors([without], DOORS) == ["app/web/papers.py: Response is no way out of it"]


@pytest.mark.parametrize(
    "forged",
    [
        "Cleared('x')",
        "gate.Cleared('x')",
        "ClearedMail('a', 'b', b'')",
        "sms.ClearedSms('a', 'b')",
        "from app.discretion.gate import Cleared as C; C('x')",
        "make = Cleared; make('x')",
        "cast(Cleared, 'x')",
        "cast('ClearedMail', x)",
        "typing.cast('list[Cleared]', x)",
        "object.__new__(kind)",
        "object.__setattr__(mail, 'body', b'x')",
        "from app.discretion.mail import clear_mail; dataclasses.replace(mail, body=b'x')",
        "from app.discretion.gate import leaving; leaving(surface, text, compiled(['zzzz']))",
        "from app.discretion.gate import leaving as go; go(surface, text, lexicon=none)",
        "from app.discretion import gate; gate.leaving(surface, text, weak)",
        "from app.discretion.gate import leaving; partial(leaving, lexicon=weak)",
        "from app.discretion.sms import clear_sms; clear_sms(sender, text, weak)",
        "from app.discretion.mail import clear_mail; clear_mail(*given, **more)",
    ],
)
def test_a_forged_clearance_is_seen(forged: str) -> None:
    assert faults_of_forging([Source("app/worker/reminders.py", forged)]) != []


@pytest.mark.parametrize(
    "sound",
    [
        "from app.discretion.sms import ClearedSms, clear_sms\ndef send(sms: ClearedSms) -> None: ...",
        "from app.discretion.gate import leaving; leaving(surface, text)",
        "from dataclasses import replace; replace(who, notice='a')",
    ],
)
def test_a_sender_may_take_what_was_cleared(sound: str) -> None:
    assert faults_of_forging([Source("app/worker/reminders.py", sound)]) == []


@pytest.mark.parametrize(
    "harmless",
    [
        "path.open('rb')",
        "open(path)",
        "open(path, encoding='utf-8')",
        "Keystore.open(folder, 'a wax seal')",
        "import html",
        "def show() -> Response: ...",
        "text.replace('a', 'b')",
        "print('x', file=sys.stderr)",
        "os.environ.get('x')",
    ],
)
def test_a_harmless_line_is_no_door(harmless: str) -> None:
    assert faults_of_doors([Source("app/worker/reminders.py", harmless)], DOORS) == []
