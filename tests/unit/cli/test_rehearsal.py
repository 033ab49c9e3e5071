"""The rehearsal: what the shipped profiles show outside is fit, and each kind of leak is refused, saying where."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.cli import rehearsal, rehearsal_journeys
from app.cli.demo_clinic import _PRACTITIONERS, _sites
from app.cli.profiles import publish
from app.cli.rehearsal import Profiles, Rehearsed, lexicon_of, rehearse, rehearse_once
from app.cli.rehearsal_clinic import NAME, TEXT, fullest_clinic
from app.cli.rehearsal_house import a_house
from app.cli.rehearsal_journeys import Journey, people
from app.cli.rehearsal_judge import Judge, Where, listening
from app.cli.rehearsal_visitor import Listener, Visitor, room_of
from app.config import ROOT, Settings
from app.discretion.sizes import padded_gzip
from app.front.directory import Directory
from app.front.models import FrontOutbox
from app.profiles.faults import ProfileFaults
from app.profiles.loader import load_all
from app.profiles.models import PublishableProfile, Text
from tests.factories.house import clinic_directory
from tests.unit.profiles.orchard import PATHS, PROFILE

_SLACK = 12
"""Signs that are surely more than what a page's random key may add or spare."""
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def orchard(tmp_path_factory: pytest.TempPathFactory) -> PublishableProfile:
    """An invented specialty, quick to rehearse."""
    folder = tmp_path_factory.mktemp("specialties") / "orchard"
    folder.mkdir()
    (folder / "profile.toml").write_text(PROFILE, encoding="utf-8")
    (folder / "paths.toml").write_text(PATHS, encoding="utf-8")
    return load_all(folder.parent)["orchard"]


def settings(tmp_path: Path, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "zone": "cli",
        "var": tmp_path,
        "databases": {},
        "specialties": ROOT / "specialties",
        "keystore": tmp_path / "keystore",
        "public_keys": tmp_path / "public",
        "verify_key": bytes(32),
        "words_salt": bytes(16),
    }
    return Settings(**(values | changes))


def changed(publishable: PublishableProfile, **texts: str) -> PublishableProfile:
    own = {name: Text(fr=words, en=words) for name, words in texts.items()}
    return publishable.model_copy(update={"profile": publishable.profile.model_copy(update=own)})


def found(tmp_path: Path, profiles: Profiles, directory: Directory | None = None, **changes: Any) -> Rehearsed:
    return rehearse(settings(tmp_path, **changes), profiles, directory, lambda: NOW)


@pytest.mark.prove
def test_the_shipped_profiles_are_judged_in_more_than_a_thousand_exchanges(tmp_path: Path) -> None:
    shipped = list(load_all(ROOT / "specialties").values())
    rehearsed = found(tmp_path, shipped)
    assert rehearsed.faults == ()
    assert rehearsed.judged > 1000, "so few exchanges that journeys did not reach their end"
    assert rehearsed.least_room is not None


def test_a_sound_specialty_passes_in_a_clinic_of_its_own(tmp_path: Path, orchard: PublishableProfile) -> None:
    assert found(tmp_path, [orchard], clinic_directory()).faults == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"brand": "Mon Psy"}, "settings: PARAVENT_BRAND: a title"),
        ({"patient_address": "https://gynéco.example.fr"}, "settings: PARAVENT_PATIENT_ADDRESS: an address"),
        ({"patient_address": "https://rdvgyneco.example.fr"}, "settings: PARAVENT_PATIENT_ADDRESS: an address"),
        ({"patient_address": "https://CliniquePsychiatrie.fr"}, "settings: PARAVENT_PATIENT_ADDRESS: an address"),
        ({"brand": "Docteur Modèle"}, "settings: PARAVENT_BRAND: a title"),
        ({"brand": "Le grafting"}, "settings: PARAVENT_BRAND: a title"),
    ],
)
def test_what_the_settings_put_outside_is_judged(
    tmp_path: Path, orchard: PublishableProfile, change: dict[str, str], told: str
) -> None:
    faults = found(tmp_path, [orchard], clinic_directory(), **change).faults
    assert [fault[: len(told)] for fault in faults] == [told]


def test_a_neutral_name_that_tells_is_named_with_its_key(tmp_path: Path, orchard: PublishableProfile) -> None:
    faults = found(tmp_path, [changed(orchard, neutral_name="Suivi gyn\u00adécologique")]).faults
    assert [fault.split(": ")[:2] for fault in faults] == [
        ["orchard/profile.toml", "neutral_name.fr"],
        ["orchard/profile.toml", "neutral_name.en"],
    ]


@pytest.mark.parametrize("field", ["name", "door", "desk_words", "phone", "address"])
def test_a_slip_that_would_tell_is_named_with_its_place(
    tmp_path: Path, orchard: PublishableProfile, field: str
) -> None:
    clinic = clinic_directory()
    sites = clinic.sites[0], clinic.sites[1].model_copy(update={field: "Entrée Dermatologie"})
    faults = found(tmp_path, [orchard], clinic.model_copy(update={"sites": sites})).faults
    assert [fault.split(": a ")[0] for fault in faults] == [f"directory: site 2: {field}"]


def test_a_practitioners_name_may_be_a_streets_but_not_a_doors(tmp_path: Path, orchard: PublishableProfile) -> None:
    clinic = clinic_directory()
    street = clinic.sites[0].model_copy(update={"address": "3 rue du Modèle", "door": "porte Modèle"})
    told = found(tmp_path, [orchard], clinic.model_copy(update={"sites": (street,), "hours": (), "rooms": ()}))
    assert [fault.split(": a ")[0] for fault in told.faults] == ["directory: site 1: door"]


def test_a_page_a_few_bytes_over_its_budget_is_named(tmp_path: Path, orchard: PublishableProfile) -> None:
    """Signs that compress badly are added until the page is full; its random key moves it by some bytes."""
    signs = "".join(chr(0x4E00 + (n * 7919) % 20000) for n in range(4000))
    full = _most_that_fit(tmp_path, orchard, signs)
    assert _who_faults(tmp_path, changed(orchard, who_knows=signs[: full - _SLACK])) == []
    told = _who_faults(tmp_path, changed(orchard, who_knows=signs[: full + _SLACK]))
    assert [one.rpartition(": ")[0] for one in told] == [
        "orchard/profile.toml: who_knows, minors_note, purposes: page /r/03, in French"
    ]
    over = re.search(r": (\d+) bytes do not fit in 6144$", told[0])
    assert over, told
    assert 6144 < int(over[1]) < 6144 + 4 * _SLACK


def _most_that_fit(tmp_path: Path, orchard: PublishableProfile, signs: str) -> int:
    """Return about how many of these signs still fit as the text of *who will know*."""
    low, high = 1, len(signs)
    while high - low > 1:
        middle = (low + high) // 2
        full = _who_faults(tmp_path, changed(orchard, who_knows=signs[:middle]))
        low, high = (low, middle) if full else (middle, high)
    return low


def _who_faults(tmp_path: Path, publishable: PublishableProfile) -> list[str]:
    own, clinic = settings(tmp_path), fullest_clinic([publishable])
    with listening() as listener, a_house(own, [publishable], clinic, NOW) as house:
        judge = Judge(lexicon_of(own, [publishable], []), listener)
        act = publishable.profile.acts[0]
        person = next(iter(people(publishable, act)))
        journey = Journey(house, judge, publishable, act, person, shown=())
        visitor = Visitor(house.app, tls=True)
        visitor.opens("/r/01")
        visitor.fills({"act": publishable.profile.code + act.code})
        visitor.fills({"age": person.age, "whom": person.whom, "standing": person.standing})
        judge.hears(visitor, journey.where("who"))
    return list(judge.faults)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (("Location", "/r/psychiatre"), "redirection"),
        (("X-Robots-Tag", "noindex,IVG"), "header"),
        (("Content-Disposition", 'attachment; filename="frottis.pdf"'), "file name"),
    ],
)
def test_a_response_that_tells_is_named_by_its_surface(
    tmp_path: Path, orchard: PublishableProfile, header: tuple[str, str], told: str
) -> None:
    """The judge does not rely on the gate that stands in the application: here it is handed what got through."""
    own = settings(tmp_path)
    with listening() as listener, a_house(own, [orchard], fullest_clinic([orchard]), NOW) as house:
        judge = Judge(lexicon_of(own, [orchard], []), listener)
        visitor = Visitor(house.app, tls=True)
        visitor.opens("/aide")
        judge.hears(visitor, Where("x"))
        assert not judge.faults
        good = visitor.opens("/aide")
        visitor.exchanges[:] = [replace(good, headers=(*good.headers, header))]
        judge.hears(visitor, Where("x"))
    assert any(f": {told} of /aide" in fault for fault in judge.faults)


def test_what_was_typed_is_looked_for_in_the_log_and_in_the_silos(
    tmp_path: Path, orchard: PublishableProfile
) -> None:
    own = settings(tmp_path)
    lexicon = lexicon_of(own, [orchard], []).with_names(rehearsal_journeys.TYPED)
    judge = Judge(lexicon, Listener())
    judge.listener.lines.append('{"message": "for marquevoltz"}')
    with a_house(own, [orchard], fullest_clinic([orchard]), NOW) as house:
        judge.hears(Visitor(house.app, tls=True), Where("x"))
        with house.db.writing("front") as session:
            row = FrontOutbox(id=uuid4(), kind="Plantefortuit", pseudonym=uuid4(), sealed=b"", created_at=NOW)
            session.add(row)
        judge.searches(house)
    assert [fault.split(", ")[0] for fault in judge.faults] == ["x: a log line", "silos: front.outbox.kind: a row"]


def test_a_journey_that_ends_nowhere_is_told(
    tmp_path: Path, orchard: PublishableProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal_journeys, "EMAIL", "no address at all")
    faults = found(tmp_path, [orchard]).faults
    assert any("the journey stops there" in fault for fault in faults)


def test_the_demonstration_clinic_may_be_rehearsed_with_the_shipped_profiles(tmp_path: Path) -> None:
    """What `paravent run` publishes a second time, its own clinic in force, finds no fault with what slips say."""
    people = [name for _login, name, _gender in _PRACTITIONERS]
    lexicon = lexicon_of(settings(tmp_path), list(load_all(ROOT / "specialties").values()), people)
    said = [text for site in _sites() for text in (site.name, site.door, site.desk_words, site.phone)]
    assert [text for text in said if lexicon.hits(text)] == []


def test_publishing_refuses_what_a_rehearsal_finds(tmp_path: Path) -> None:
    own = settings(tmp_path, databases={"front": f"sqlite:///{tmp_path}/front.sqlite"})
    with pytest.raises(ProfileFaults, match="a leak: there"):
        publish(own, rehearse=lambda *_what: ["a leak: there"])


def test_what_passed_is_not_played_again_until_something_changes(
    tmp_path: Path, orchard: PublishableProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[str] = []

    def play(given: Settings, *_others: object) -> Rehearsed:
        played.append(given.brand)
        return Rehearsed(("a fault",) if given.brand == "Bad" else ())

    monkeypatch.setattr(rehearsal, "rehearse", play)
    own = settings(tmp_path)
    assert rehearse_once(own, [orchard], None) == rehearse_once(own, [orchard], None) == []
    assert rehearse_once(replace(own, brand="Bad"), [orchard], None) == ["a fault"]
    assert rehearse_once(replace(own, brand="Bad"), [orchard], None) == ["a fault"]
    assert rehearse_once(own, [changed(orchard, who_knows="Un autre.")], None) == []
    assert played == ["Mon espace", "Bad", "Bad", "Mon espace"]


def test_the_fullest_clinic_writes_as_much_as_its_forms_let_it(orchard: PublishableProfile) -> None:
    site = fullest_clinic([orchard]).sites[0]
    assert (len(site.name), len(site.door)) >= (NAME - 1, TEXT - 1)


def test_the_room_left_is_the_padding() -> None:
    body = b"<p>one</p>"
    assert room_of(padded_gzip(body)) - room_of(padded_gzip(body, 6000)) == 144
