"""The patient zone can neither compute a blind index nor reach what could, and stored rows tell no contact."""

import pytest
from sqlalchemy import text

from app.vault import blind
from app.worker.intake import take_in
from tests.factories.house import House
from tests.rules import imports
from tests.rules.imports import faults_of_reach
from tests.rules.sources import Source, sources
from tests.security.test_zone_walls import modules_of
from tests.unit.worker.reached import PHONE, submit_reached


@pytest.fixture
def banned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ban the blind indexes alone from the patient zone, so that no other fault hides this one."""
    monkeypatch.setattr(imports, "OUT_OF_REACH", {"patient": ("vault.blind",)})


@pytest.mark.usefixtures("banned")
def test_no_code_of_the_patient_zone_reaches_the_blind_indexes() -> None:
    assert faults_of_reach(sources("app")) == []


@pytest.mark.usefixtures("banned")
def test_a_long_reach_for_them_would_be_seen() -> None:
    planted = [*sources("app"), Source("app/booking/guess.py", "from app.vault.blind import look_up")]
    planted.append(Source("app/patient/planted.py", "from app.booking import guess"))
    assert faults_of_reach(planted) == ["patient reaches app.vault.blind"]


def test_the_patient_process_holds_no_module_of_them(house: House) -> None:
    found = modules_of(house)
    assert "app.vault.models" in found
    assert "app.vault.blind" not in found


def test_no_file_of_a_silo_or_of_the_keystore_holds_what_was_indexed(house: House) -> None:
    house.db.dispose()
    submit_reached(house, {"phone": PHONE, "email": "marqueur@exemple.fr"})
    assert take_in(house.db, house.vault, house.clock) == 1
    (key,) = blind.index_keys(house.keystore).readable()
    with house.db.reading("keys") as session:
        rows = session.execute(text("SELECT field, value FROM blind_indexes")).all()
    assert {(row.field, bytes(row.value)) for row in rows} == {
        ("phone", blind.blind(key, "phone", PHONE)),
        ("email", blind.blind(key, "email", "marqueur@exemple.fr")),
    }
    stored = b"".join(path.read_bytes() for path in house.root.rglob("*") if path.is_file())
    for secret in (PHONE.encode(), PHONE[-9:].encode(), b"marqueur", key.key):
        assert secret not in stored
    assert bytes(rows[0].value) in stored  # the search would see it
