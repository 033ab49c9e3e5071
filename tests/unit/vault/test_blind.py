"""Blind indexes: one form for an address however it is typed, and an index that only its key can make."""

import hmac
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from app.vault import blind
from app.vault.blind import Field, IndexKey, IndexKeys, Values
from app.vault.errors import KeystoreDamaged
from app.vault.keystore import Keystore
from app.vault.models import Base, BlindIndex
from app.vault.sealing import new_secret
from tests.factories.scratch import postgres_silos
from tests.unit.vault.keystore_place import NOW, UNLOCK, Place, make_place

IN_2028 = datetime(2028, 1, 2, tzinfo=UTC)
LOU: Values = {"email": "lou@exemple.fr"}
LETTERS = "abcdefghijklmnopqrstuvwxyzàâçéèêëîïôùûüæœñøåąčžабвгд"
ADDRESSES = st.builds("{}@{}".format, st.text(min_size=1), st.text(min_size=1))
FRENCH = st.tuples(*[st.integers(0, 99)] * 2).map(lambda ends: f"6 39 98 {ends[0]:02d} {ends[1]:02d}")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Return a keystore with its keys silo."""
    made = make_place(tmp_path)
    yield made
    made.db.dispose()


@pytest.mark.parametrize(
    "typed",
    [
        "LOU@Exemple.FR",
        "  lou@exemple.fr\n",
        "lou@EXEMPLE.fr",
        "lou@ｅｘｅｍｐｌｅ.fr",  # full-width letters, as some keyboards type them
    ],
)
def test_an_address_has_one_form_however_it_is_typed(typed: str) -> None:
    assert blind.normal_email(typed) == "lou@exemple.fr"


def test_an_accent_is_the_same_composed_or_not_in_either_part() -> None:
    composed, apart = "Zoé@Café.exemple.fr", "Zoe\u0301@Cafe\u0301.exemple.fr"
    assert blind.normal_email(composed) == blind.normal_email(apart) == "zoé@xn--caf-dma.exemple.fr"


def test_dots_and_what_follows_a_plus_are_kept() -> None:
    typed = ("lou@exemple.fr", "l.ou@exemple.fr", "lou+a@exemple.fr")
    assert [blind.normal_email(one) for one in typed] == list(typed)


@pytest.mark.parametrize(
    "typed",
    ["", "lou", "@exemple.fr", "lou@", "l ou@exemple.fr", "lou@a@exemple.fr", "lou@exemple＠", "l" * 400 + "@a.fr"],
)
def test_what_is_no_address_has_no_form(typed: str) -> None:
    assert blind.normal_email(typed) is None


@given(ADDRESSES)
@example("lou@a…b.fr")  # one sign that IDNA writes as three dots
@example("İ@İ.fr")  # a letter whose lower case is two signs
def test_the_form_of_an_address_is_its_own_form(typed: str) -> None:
    once = blind.normal_email(typed)
    assert once is None or blind.normal_email(once) == once


@given(st.from_regex(r"[a-z0-9.+_-]{1,20}@[a-z0-9]{1,20}\.[a-z]{2,6}", fullmatch=True))
def test_case_makes_no_difference(typed: str) -> None:
    assert blind.normal_email(typed.upper()) == blind.normal_email(typed.title()) == typed


@given(st.text(LETTERS, min_size=1, max_size=12))
def test_a_domain_is_the_same_in_letters_and_in_idna(label: str) -> None:
    written = label.encode("idna").decode()
    assert blind.normal_email(f"lou@{label}.fr") == blind.normal_email(f"lou@{written}.FR") == f"lou@{written}.fr"


@given(FRENCH)
def test_a_french_number_has_one_form_with_zero_or_prefix(number: str) -> None:
    bare = number.replace(" ", "")
    for typed in (f"0{number}", f"0{bare}", f"+33 {number}", f"0033{bare}", f"+33 (0){number}", f"0{number}\n"):
        assert blind.normal_phone(typed) == f"+33{bare}"
    assert blind.normal_phone(f"+33{bare}") == f"+33{bare}"


@given(st.from_regex(r"\+?[0-9 .()-]{3,20}", fullmatch=True))
def test_the_form_of_a_number_is_its_own_form(typed: str) -> None:
    once = blind.normal_phone(typed)
    assert once is None or blind.normal_phone(once) == once


@pytest.mark.parametrize("typed", ["", "lou", "12", "+999 39 98 00 12", "0" * 300, "+20 0000 000 000"])
def test_what_is_no_number_has_no_form(typed: str) -> None:
    assert blind.normal_phone(typed) is None


def test_a_contact_that_holds_anything_else_is_not_indexed() -> None:
    assert blind.normal_values({}) == {}
    assert blind.normal_values({"email": ["lou@exemple.fr"], "phone": 33}) == {}
    assert blind.normal_values({"email": "Lou@exemple.fr", "phone": None, "call_name": "Lou"}) == LOU


def test_an_index_is_bound_to_key_silo_epoch_field_and_value() -> None:
    key = IndexKey("identity", "2026", new_secret())
    made: list[tuple[IndexKey, Field, str]] = [
        (key, "email", "lou@exemple.fr"),
        (key, "email", "noa@exemple.fr"),
        (key, "phone", "lou@exemple.fr"),
        (IndexKey("identity", "2028", key.key), "email", "lou@exemple.fr"),
        (IndexKey("identity", "2026", new_secret()), "email", "lou@exemple.fr"),
    ]
    found = {blind.blind(*one) for one in made}
    assert len(found) == len(made)
    assert {len(one) for one in found} == {32}
    assert blind.blind(*made[0]) == blind.blind(*made[0])
    assert blind.blind(*made[0]) != hmac.digest(key.key, b"lou@exemple.fr", "sha256")


def test_two_silos_indexes_of_one_value_can_not_be_joined() -> None:
    secret = new_secret()
    ours, theirs = (IndexKey(silo, "2026", secret) for silo in ("identity", "desk"))
    assert blind.blind(ours, "email", "lou@exemple.fr") != blind.blind(theirs, "email", "lou@exemple.fr")


def test_a_lone_surrogate_is_indexed_like_anything_else() -> None:
    assert len(blind.blind(IndexKey("identity", "2026", new_secret()), "email", "\ud800@exemple.fr")) == 32


def test_a_key_is_made_once_and_every_process_reads_the_same(place: Place) -> None:
    first = blind.index_keys(place.keystore).current(NOW)
    again = blind.index_keys(Keystore.open(place.directory, UNLOCK)).current(NOW)
    assert first == again
    assert first.epoch == "2026"
    file = place.directory / "index-2026.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert first.key not in file.read_bytes()
    assert repr(first.key)[2:-1] not in repr(first)


def test_a_key_makes_new_rows_for_two_years(place: Place) -> None:
    keys = blind.index_keys(place.keystore)
    moments = (NOW, datetime(2027, 12, 31, tzinfo=UTC), IN_2028, NOW)
    assert [keys.current(moment).epoch for moment in moments] == ["2026", "2026", "2028", "2026"]
    assert keys.names() == ["2026", "2028"]


def test_a_damaged_key_is_left_out_of_look_ups_with_an_error(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    keys = blind.index_keys(place.keystore)
    keys.current(NOW)
    keys.current(IN_2028)
    (place.directory / "index-2026.key").write_bytes(b"cut")
    assert [key.epoch for key in keys.readable()] == ["2028"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    with pytest.raises(KeystoreDamaged):
        keys.current(NOW)


def test_who_left_the_same_contact_is_found_by_each_value(place: Place) -> None:
    lou, noa, sam = (_kept(place) for _ in range(3))
    phone = "+33 6 39 98 00 12".replace(" ", "")
    _index(place, lou, {"email": "lou@exemple.fr", "phone": phone})
    _index(place, noa, {"phone": phone})
    _index(place, sam, {"email": "sam@exemple.fr"})
    assert _found(place, {"phone": phone}) == {lou, noa}
    assert _found(place, {"email": "lou@exemple.fr"}) == {lou}
    assert _found(place, {"email": "sam@exemple.fr", "phone": phone}) == {lou, noa, sam}
    assert _found(place, {"email": "alix@exemple.fr"}) == set()
    assert _found(place, {}) == set()


def test_indexing_again_changes_nothing(place: Place) -> None:
    lou = _kept(place)
    for _ in range(3):
        _index(place, lou, LOU)
    assert len(_rows(place)) == 1


def test_no_constraint_tells_that_a_value_is_there_already() -> None:
    table = BlindIndex.__table__
    unique = [index for index in table.indexes if index.unique]  # type: ignore[attr-defined]
    assert unique == []
    assert [column.name for column in table.primary_key] == ["pseudonym", "field", "epoch"]
    assert [one for one in table.constraints if "value" in one.columns] == []  # type: ignore[attr-defined]


def test_a_contact_whose_secret_is_gone_is_neither_indexed_nor_found(place: Place) -> None:
    lou, nobody = _kept(place), uuid4()
    _index(place, lou, LOU)
    _index(place, nobody, LOU)
    assert {row.pseudonym for row in _rows(place)} == _found(place, LOU) == {lou}
    assert _is_indexed(place, lou)
    with place.db.writing("keys") as session:
        place.keystore.destroy(session, lou, "contact")
    assert _found(place, LOU) == set()
    assert not _is_indexed(place, lou)


def test_a_row_that_an_old_backup_brings_back_finds_nobody(place: Place) -> None:
    lou = _kept(place)
    _index(place, lou, LOU)
    row = _rows(place)[0]
    with place.db.writing("keys") as session:
        place.keystore.destroy(session, lou, "contact")
    with place.db.writing("keys") as session:
        session.merge(BlindIndex(pseudonym=lou, field=row.field, epoch=row.epoch, value=row.value))
    assert len(_rows(place)) == 1
    assert _found(place, LOU) == set()


def test_rows_of_two_epochs_are_found_alike_until_the_older_is_renewed(place: Place) -> None:
    lou, noa = _kept(place), _kept(place)
    _index(place, lou, LOU)
    _index(place, noa, LOU, IN_2028)
    assert _found(place, LOU) == {lou, noa}

    keys = blind.index_keys(place.keystore)
    current = keys.current(IN_2028)
    with place.db.writing("keys") as session:
        assert blind.stale(session, current, 10) == [lou]
        assert blind.unused(session, keys, current) == []
        blind.renew(session, current, lou, LOU)
    with place.db.reading("keys") as session:
        assert blind.stale(session, current, 10) == []
        assert blind.unused(session, keys, current) == ["2026"]

    keys.destroy("2026")
    assert keys.names() == ["2028"]
    assert _found(place, LOU) == {lou, noa}
    assert {row.epoch for row in _rows(place)} == {"2028"}


@pytest.mark.postgres
def test_it_is_the_same_on_postgresql_where_a_destruction_under_way_is_waited_for(place: Place) -> None:
    with postgres_silos() as db:
        Base.metadata.create_all(db.engine("keys"))
        served = replace(place, db=db)
        test_rows_of_two_epochs_are_found_alike_until_the_older_is_renewed(served)

        eden = _kept(served)
        late = threading.Thread(target=_index, args=[served, eden, {"email": "eden@exemple.fr"}])
        with db.writing("keys") as session:
            served.keystore.destroy(session, eden, "contact")
            session.flush()
            late.start()
            late.join(0.5)
        late.join()
        assert eden not in {row.pseudonym for row in _rows(served)}


def _kept(place: Place) -> UUID:
    """Return a new pseudonym whose contact has its secret."""
    pseudonym = uuid4()
    with place.db.writing("keys") as session:
        place.keystore.put(session, pseudonym, "contact", new_secret(), NOW)
    return pseudonym


def _index(place: Place, pseudonym: UUID, values: Values, now: datetime = NOW) -> None:
    key = _keys(place).current(now)
    with place.db.writing("keys") as session:
        blind.keep(session, key, pseudonym, values)


def _found(place: Place, values: Values) -> set[UUID]:
    with place.db.reading("keys") as session:
        return blind.look_up(session, _keys(place).readable(), values)


def _is_indexed(place: Place, pseudonym: UUID) -> bool:
    with place.db.reading("keys") as session:
        return blind.is_indexed(session, pseudonym)


def _rows(place: Place) -> list[BlindIndex]:
    with place.db.reading("keys") as session:
        return list(session.scalars(select(BlindIndex)))


def _keys(place: Place) -> IndexKeys:
    return blind.index_keys(place.keystore)
