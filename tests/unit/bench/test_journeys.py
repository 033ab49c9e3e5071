"""What the benches send is what a patient sends: accepted, and found saved afterwards."""

from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest

from app.booking.draft import load_draft
from app.booking.journey import place
from app.patient.factory import create_patient_app
from app.vault.tokens import new_token
from bench.answers import LANGUAGE, acts, walk
from bench.drafts import accepted, begin
from bench.installation import Installation, an_installation
from bench.intake import measure

QUIET = {"GRID_MS": "0", "WORDS_GRID_MS": "0", "WORDS_MEMORY_KIB": "64", "WORDS_PASSES": "1"}


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """An installation as the benches make it."""
    with an_installation(QUIET) as made:
        yield made


def test_an_installation_is_removed_at_the_end() -> None:
    with an_installation(QUIET) as made:
        assert made.patient.grid_ms == 0
        assert (made.folder / "var").is_dir()
    assert not made.folder.exists()


@pytest.mark.parametrize("take_slot", [True, False])
def test_every_specialty_is_walked_to_the_check_page(installation: Installation, take_slot: bool) -> None:
    funnel = installation.funnel()
    for act in acts(funnel).values():
        token = new_token()
        walk(funnel, token, 8, act, take_slot=take_slot)
        assert place(funnel, token, LANGUAGE, 8).step == "check"


@pytest.mark.parametrize("number", [2, 4])
def test_prepared_forms_are_accepted_once_and_counted(installation: Installation, number: int) -> None:
    begun = begin(installation, number, 3)
    lines = begun.forms.read_text().splitlines()
    assert len(lines) == 6
    assert accepted(installation, begun) == 0
    app = create_patient_app(installation.patient, installation.db, installation.funnel().clock)
    cookie, form = lines[:2]
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    sent = app.test_client(use_cookies=False).post(f"/r/{number:02d}", data=form, headers=headers)
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/r/{number + 1:02d}")
    assert accepted(installation, begun) == 1


def test_prepared_drafts_share_no_secret(installation: Installation) -> None:
    begun, now = begin(installation, 2, 3), installation.funnel().clock()
    with installation.db.reading("front") as session:
        journeys = [load_draft(session, token, now).journey for token in begun.tokens]
    assert len({journey.parcel["contact"] for journey in journeys}) == 3
    keys = {dict(parse_qsl(line))["k"] for line in begun.forms.read_text().splitlines()[1::2]}
    assert len(keys) == 3


def test_the_worker_bench_carries_in_what_it_sent() -> None:
    figures = {figure.name: figure.value for figure in measure(submissions=2).figures}
    assert (figures["worker, one submission"] or 0) > 0
