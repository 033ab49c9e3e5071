"""The declaration of rights: whole, as narrow as it says, and as the document has it."""

from collections.abc import Iterator

import pytest

from app.cli import silos
from app.config import ROOT, SILOS_OF_ZONE
from app.db import SILOS, Silo
from app.rights import RIGHTS, ZONES, NameRefused, Names, Rights, names_of


def test_every_table_and_column_named_is_there_and_no_table_is_forgotten() -> None:
    for silo, zones in RIGHTS.items():
        tables = {table.name: set(table.columns.keys()) for table in silos.METADATA[silo].sorted_tables}
        tables["alembic_version"] = {"version_num"}
        for zone, rights in zones.items():
            for table, right in rights.items():
                columns = {column for _, column in right.privileges() if column}
                assert columns <= tables[table], (silo, zone, table)
        named = {table for rights in zones.values() for table in rights}
        assert tables.keys() - named <= _OF_THE_OWNER_ALONE, f"{silo}: nobody has rights on a table"


_OF_THE_OWNER_ALONE: set[str] = set()
"""Tables that only functions and the command line touch."""


def test_the_silos_of_a_zone_are_those_of_the_settings() -> None:
    for zone in ZONES:
        assert {silo for silo in SILOS if zone in RIGHTS[silo]} == set(SILOS_OF_ZONE[zone])


def test_the_patient_zone_has_no_table_of_keys_and_only_adds_to_the_ledger() -> None:
    assert RIGHTS["keys"]["patient"] == {}
    assert set(RIGHTS["ledger"]["patient"].values()) == {Rights(insert=True)}
    assert {silo for silo in SILOS if "patient" in RIGHTS[silo]} == {"front", "keys", "ledger"}


def test_the_clinic_can_t_raise_an_account_s_role() -> None:
    assert {
        column for name, column in RIGHTS["desk"]["clinic"]["staff"].privileges() if name == "UPDATE"
    }.isdisjoint({"", "id", "login", "role"})


@pytest.mark.parametrize("name", ["", "A", "1a", "a-b", "a b", 'a"', "a" * 31, "é"])
def test_a_name_that_would_need_quotes_is_refused(name: str) -> None:
    with pytest.raises(NameRefused):
        Names(name)


@pytest.mark.parametrize(
    ("database", "silo", "name"),
    [
        ("paravent_front", "front", "paravent"),
        ("a_b_keys", "keys", "a_b"),
        ("front", "front", None),
        (None, "front", None),
    ],
)
def test_a_database_tells_the_installation(database: str | None, silo: Silo, name: str | None) -> None:
    assert names_of(database, silo) == (None if name is None else Names(name))


def test_the_document_says_what_each_zone_may_do() -> None:
    said = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
    for row in rows():
        assert row in said, f"docs/operate.md lacks this row, or says otherwise:\n{row}"


def rows() -> Iterator[str]:
    """Yield the rows of the document's table of rights."""
    for silo in SILOS:
        for table in silos.METADATA[silo].sorted_tables:
            cells = [_in_words(RIGHTS[silo].get(zone, {}).get(table.name, Rights())) for zone in ZONES]
            yield f"| {silo} | `{table.name}` | {' | '.join(cells)} |"


def _in_words(rights: Rights) -> str:
    words = {"SELECT": "read", "INSERT": "add", "UPDATE": "change", "DELETE": "remove"}
    found = {words[name] + (" in part" if column else ""): None for name, column in rights.privileges()}
    order = ("read", "read in part", "add", "change", "change in part", "remove")
    return ", ".join(word for word in order if word in found)
