"""`paravent discretion report`: what five kinds of people see of a clinic's patients, drawn from its own pages."""

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment

from app.cli import discretion_shots
from app.cli.discretion_facts import Facts, gather
from app.cli.environment import settings_of
from app.cli.profiles import directory_in_force
from app.cli.rehearsal import rehearse
from app.clinic import wording
from app.clock import system_clock
from app.config import Settings
from app.discretion.sizes import PAGE_BYTES
from app.documents.render import report_pdf
from app.front.directory import Directory
from app.profiles.loader import load_all
from app.web.formats import phone_text
from app.web.jinja import TEMPLATES, make_environment
from app.web.languages import Language

NAME = "discretion"
PROOFS: Mapping[str, str] = {
    "history": "tests/chromium/test_device_traces.py::test_history_of_a_journey_holds_no_word_of_the_lexicon",
    "exit": "tests/chromium/test_device_traces.py::test_exit_leaves_nothing_on_the_device",
    "sizes": "tests/unit/web/test_public_pages.py::test_every_page_has_the_one_size",
    "others": "tests/unit/web/test_public_pages.py::test_no_page_calls_a_script_an_image_or_another_site",
    "paper": "tests/unit/documents/test_slip.py::test_there_is_no_field_for_what_would_betray",
    "desk": "tests/chromium/test_staff.py::test_desk_sees_neither_act_nor_answer",
    "ledger": "tests/chromium/test_staff.py::test_with_the_ledger_stopped_no_case_opens",
}
"""The test that fails when a sentence of the report stops being true."""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("discretion", help="what others see of this clinic's patients")
    report = parser.add_subparsers(dest="action", required=True).add_parser(
        "report", help="write it, with pictures"
    )
    report.add_argument(
        "--language", choices=("fr", "en"), default="fr", help="language of the report (default: fr)"
    )
    report.add_argument("--out", type=Path, default=Path(), help="folder to write it in (default: this one)")
    report.set_defaults(act=act)


def act(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Write the report as one web page and as a PDF, and say where."""
    settings = settings_of(environ)
    html = report_of(settings, directory_in_force(settings), arguments.language)
    arguments.out.mkdir(parents=True, exist_ok=True)
    page, paper = arguments.out / f"{NAME}.html", arguments.out / f"{NAME}.pdf"
    page.write_text(html, encoding="utf-8")
    paper.write_bytes(report_pdf(html))
    print(f"Written: {page} and {paper}")
    return 0


def report_of(settings: Settings, directory: Directory | None, language: Language) -> str:
    """Return the report as one page that needs nothing else: no script, no address to fetch."""
    profiles = list(load_all(settings.specialties).values())
    rehearsed = rehearse(settings, profiles, directory, system_clock)
    facts = gather(settings, profiles, directory, system_clock(), language)
    context = {
        "lang": language,
        "css": (TEMPLATES / "report" / "style.css").read_text(encoding="utf-8"),
        "settings": settings,
        "facts": facts,
        "rehearsed": rehearsed,
        "shots": discretion_shots.take(facts.pages),
        "acts": [(one.profile, [act for act in one.profile.acts if act.published]) for one in profiles],
        "proofs": PROOFS,
        "wording": wording,
        "written_at": system_clock(),
        "timezone": directory.sites[0].timezone if directory else "Europe/Paris",
    }
    return _environment(language).get_template("report/report.html").render(context | _network(settings, facts))


def _network(settings: Settings, facts: Facts) -> dict[str, Any]:
    """Return what the network chapter draws: the name on the wire, and the exchanges of each specialty."""
    return {
        "host": urlsplit(settings.patient_address).hostname or settings.patient_address,
        "page_bytes": PAGE_BYTES,
        "longest": max(max(pair) for one in facts.passages for pair in one.sizes),
    }


def _environment(language: Language) -> Environment:
    environment = make_environment(language)
    environment.filters |= {"phone": phone_text, "kilobytes": partial(_kilobytes, language)}
    return environment


def _kilobytes(language: Language, length: int) -> str:
    written = f"{length / 1024:.1f}".removesuffix(".0")
    return f"{written} KB" if language == "en" else f"{written.replace('.', ',')} Ko"
