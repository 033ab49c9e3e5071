"""The doors: every file of the product that can send or write, and what it lets out. A new one is a decision."""

from typing import Any

from app.discretion.surfaces import Surface
from tests.rules.doors import Door

_HEAD_OF_AN_ANSWER = (
    Surface.STATUS,
    Surface.HEADER,
    Surface.COOKIE,
    Surface.CONTENT_TYPE,
    Surface.CONTENT_DISPOSITION,
    Surface.REDIRECTION,
)
_HEADERS_READ = "sets a header of an answer that the last look reads whole"


def door(*ways: str, **said: Any) -> Door:
    """Return a door, by what it uses to let something out."""
    return Door(frozenset(ways), **said)


DOORS = {
    "app/web/pages.py": door(
        "Response", "_Bodiless", "headers", "redirect",
        gate="clear_page", surfaces=(Surface.TITLE, Surface.LINK_PREVIEW),
    ),
    "app/web/papers.py": door("Response", gate="clear_pdf", surfaces=(Surface.PDF_NAME, Surface.PDF_METADATA)),
    "app/web/leaving.py": door("start_response", gate="clear_head", surfaces=_HEAD_OF_AN_ANSWER),
    "app/web/metrics.py": door("write_text", "replace", gate="leaving", surfaces=(Surface.METRIC,)),
    "app/log.py": door("StreamHandler", gate="leaving", surfaces=(Surface.LOG_LINE, Surface.EXCEPTION)),
    "app/web/grid.py": door("start_response", reason="hands on what the last look let through, and zeros"),
    "app/web/errors.py": door("headers", reason=_HEADERS_READ),
    "app/patient/public.py": door("headers", reason=_HEADERS_READ),
    "app/clinic/access_views.py": door("headers", reason=_HEADERS_READ),
    "app/clinic/headers.py": door("headers", reason=_HEADERS_READ),
    "app/db.py": door("create_engine", reason="the silos: what may stand there unsealed has its own tests"),
    "app/discretion/mail.py": door(
        "email.headerregistry.Address", "email.message.EmailMessage", "email.policy",
        reason="the gate reads a mail to judge it, and sends none",
    ),
    "app/documents/render.py": door(
        "weasyprint.CSS", "weasyprint.HTML", "weasyprint.urls.FatalURLFetchingError",
        "weasyprint.urls.URLFetcher",
        reason="draws papers, with a fetcher that opens no address",
    ),
    "app/vault/files.py": door(
        "fcntl", "open", "os.fdopen", "os.link", "os.open", "os.replace",
        reason="keys, wrapped, in a folder of the installation, where one process at a time changes the root file",
    ),
    "app/vault/token_root.py": door(
        "pkcs11", "pkcs11.Attribute", "pkcs11.KeyType", "pkcs11.Mechanism", "pkcs11.MechanismFlag",
        "pkcs11.ObjectClass",
        reason="an HSM, which wraps 32 random bytes and keeps its own key",
    ),
    "app/vault/token_days.py": door(
        "pkcs11", "pkcs11.Attribute", "pkcs11.KeyType", "pkcs11.MechanismFlag", "pkcs11.ObjectClass",
        reason="an HSM, which wraps the key of a half-day and keeps its own key",
    ),
    "app/cli/keys_terminal.py": door(
        "getpass", "sys.stdout", "sys.stdout.isatty",
        reason="shares on the screen of a ceremony, and what is typed without being shown",
    ),
    "app/cli/environment.py": door(
        "os.fdopen", "os.open", "replace", reason="the installation's own settings, on its own machine"
    ),
    "app/cli/run.py": door("socket", "subprocess", reason="starts our own processes, asks whether a port is open"),
    "app/cli/serve.py": door(
        "granian.constants.HTTPModes", "granian.constants.Interfaces", "granian.log.LogLevels",
        "granian.server.Server",
        reason="the server that the zones answer in, behind their last look",
    ),
    "app/process.py": door(
        "ctypes", "resource", "sys.modules",
        reason="forbids dumps of its own memory, reads the names of what is imported: nothing is written",
    ),
    "app/ledger/verify.py": door(
        "sys.stdout", "sys.stdout.write", reason="an auditor's program: kinds of faults and places, never a payload"
    ),
    "app/worker/anchor_bucket.py": door(
        "boto3", "botocore.config.Config", "botocore.exceptions.BotoCoreError", "botocore.exceptions.ClientError",
        "botocore.parsers.ResponseParserError", "botocore.session", "urllib3.exceptions.HTTPError",
        reason="signed notes of the ledger and their time stamps, to the bucket that the settings name",
    ),
    "app/worker/time_stamps.py": door(
        "asn1crypto.tsp.TimeStampResp", "http.client.HTTPException", "rfc3161_client.HashAlgorithm",
        "rfc3161_client.TimestampRequestBuilder",
        "rfc3161_client.VerifierBuilder", "rfc3161_client.decode_timestamp_response", "urllib.error.URLError",
        "urllib.request",
        reason="the SHA-256 of a signed note, to the authority of time stamps that the settings name",
    ),
    "app/worker/anchoring.py": door(
        "open", "replace", reason="time stamps of signed notes, beside the anchors: sizes, roots and times"
    ),
    "app/worker/chain.py": door("open", reason="signed notes of the ledger: sizes, roots and times"),
    "app/worker/siem_line.py": door(
        "socket", "ssl",
        reason="to the clinic's own SIEM over TLS 1.3: events by their declared fields, never on which patient",
    ),
    "app/cli/ledger.py": door(
        "os.fdopen", "os.open", "subprocess",
        reason="the ledger's bundle, to a private file that whoever asks names; starts the auditor's program",
    ),
    "app/cli/ledger_elsewhere.py": door(
        "os.fdopen", "os.open", "replace",
        reason="copies of signed notes and time stamps, in a folder that whoever asks names",
    ),
    "app/cli/health.py": door(
        "http.server.BaseHTTPRequestHandler", "os.register_at_fork", "socket", "socketserver.TCPServer",
        reason="constant words of ours on a private address: ready or not, never a value",
    ),
    "app/cli/doctor.py": door("pwd", reason="finds a user of this machine by name"),
    "app/cli/doctor_machine.py": door("os.statvfs", reason="asks how much of a disk is free"),
    "app/cli/doctor_place.py": door("subprocess", reason="asks our own interpreter what patients' code holds"),
    "app/cli/silos.py": door(
        "alembic.autogenerate.compare_metadata", "alembic.command", "alembic.config.Config",
        "alembic.migration.MigrationContext", "alembic.script.ScriptDirectory",
        reason="the shape of the silos' tables, and no row",
    ),
    "app/cli/discretion_report.py": door(
        "write_bytes", "write_text",
        reason="the clinic's own report, in a folder that whoever asks for it names",
    ),
    "app/cli/discretion_shots.py": door(
        "shutil", "subprocess", "write_text",
        reason="starts a browser on our own pages, for the pictures of that report",
    ),
    "app/cli/rehearsal.py": door(
        "write_text", reason="a digest of what was rehearsed, on the clinic's own machine"
    ),
}  # fmt: skip
"""Each file, by its exact ways, with its gate or why it needs none."""
