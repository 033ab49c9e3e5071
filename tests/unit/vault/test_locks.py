"""Several locks on one keystore: any opens it, none can be altered, and a change never half happens."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.vault.errors import (
    CustodiansMissing,
    KeystoreChanged,
    KeystoreDamaged,
    KeystoreError,
    KeystoreExists,
    KeystoreOutdated,
    LastLock,
    LockUnknown,
    UnlockMissing,
    WrongUnlock,
)
from app.vault.keystore import Keystore
from app.vault.rekeying import (
    with_lock,
    with_new_silo_keys,
    without_lock,
)
from app.vault.root import create_root, open_file, write
from app.vault.sealing import encode_document, lock, new_secret
from app.vault.unlock import Unlock, new_key_file, new_lock, unlocking_key
from tests.unit.vault.keystore_place import CHEAP, OTHER, UNLOCK, Place, make_place, three_locks


def _document(place: Place) -> Any:
    return json.loads((place.directory / "keystore.json").read_bytes())


def _put(place: Place, document: Any) -> None:
    (place.directory / "keystore.json").write_text(json.dumps(document))


def test_any_lock_opens_the_same_keystore(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    sealed = place.keystore.seal_field("desk", "totp 1", b"marker")
    _, ways = three_locks(place)
    for way in ways.values():
        again = Keystore.open(place.directory, way)
        assert again.verify_key == place.keystore.verify_key
        assert again.open_field("desk", "totp 1", sealed) == b"marker"
    with pytest.raises(WrongUnlock):
        Keystore.open(place.directory, Unlock(passphrase="ni l'une ni l'autre"))
    with pytest.raises(UnlockMissing, match="a passphrase, custodians' shares|custodians' shares, a passphrase"):
        Keystore.open(place.directory, Unlock(key_file=tmp_path / "none"))


def test_a_lock_that_cannot_be_tried_leaves_the_others_their_turn(tmp_path: Path) -> None:
    place, key_file = make_place(tmp_path), tmp_path / "root.key"
    new_key_file(key_file)
    by_file = new_lock(Unlock(key_file=key_file), CHEAP)
    key = unlocking_key(Unlock(key_file=key_file), by_file)
    write(place.directory, with_lock(open_file(place.directory, UNLOCK), by_file, key))
    key_file.unlink()
    Keystore.open(place.directory, replace(UNLOCK, key_file=key_file))


def test_no_two_fields_can_be_swapped_between_locks(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    three_locks(place)
    good = _document(place)
    for name in ("id", "salt", "root"):
        wrong = json.loads(json.dumps(good))
        first, second = wrong["locks"][:2]
        first[name], second[name] = second[name], first[name]
        _put(place, wrong)
        for way in (UNLOCK, OTHER):
            with pytest.raises((WrongUnlock, KeystoreDamaged)):
                Keystore.open(place.directory, way)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [path, *(one for key in value for one in _paths(value[key], (*path, key)))]
    if isinstance(value, list):
        return [path, *(one for at, inner in enumerate(value) for one in _paths(inner, (*path, at)))]
    return [path]


def _others(value: Any) -> list[Any]:
    if type(value) is int:
        return [value + 1, -1, str(value), None, 1.5, True, 1 << 70]
    if type(value) is str:
        return [value + "A", value[:-1], "", None, 7, value.swapcase() if value.swapcase() != value else "x"]
    return [None, [], {}, "x", 0]


def test_every_field_altered_is_refused_whatever_opens(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    _, ways = three_locks(place)
    good, tried = _document(place), 0
    for path in _paths(good)[1:]:
        holder, last = good, path[-1]
        for key in path[:-1]:
            holder = holder[key]
        kept = holder[last]
        for other in _others(kept):
            holder[last] = other
            _put(place, good)
            tried += 1
            for way in (ways["first"], ways["shares"]):
                with pytest.raises(KeystoreError):
                    open_file(place.directory, way)
        holder[last] = kept
    assert tried > 100
    _put(place, good)
    open_file(place.directory, UNLOCK)


def _shorter(document: Any) -> None:
    del document["locks"][1]


def _doubled(document: Any) -> None:
    document["locks"].append(document["locks"][0])


def _turned(document: Any) -> None:
    document["locks"].reverse()


def _more(document: Any) -> None:
    document["locks"][0]["note"] = "x"


def _said_twice(document: Any) -> None:
    document["extra"] = 1


@pytest.mark.parametrize("change", [_shorter, _doubled, _turned, _more, _said_twice])
def test_a_lock_added_or_taken_away_by_hand_is_seen(tmp_path: Path, change: Callable[[Any], None]) -> None:
    place = make_place(tmp_path)
    three_locks(place)
    document = _document(place)
    change(document)
    _put(place, document)
    with pytest.raises(KeystoreDamaged, match="newest copy"):
        Keystore.open(place.directory, UNLOCK)


def test_a_lock_of_another_keystore_does_not_fit(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    mine, theirs = make_place(tmp_path / "a"), make_place(tmp_path / "b")
    document = _document(mine)
    document["locks"] = _document(theirs)["locks"]
    _put(mine, document)
    with pytest.raises(WrongUnlock):
        Keystore.open(mine.directory, UNLOCK)


def test_a_removed_lock_opens_no_more_and_the_last_stays(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    opened, _ = three_locks(place)
    first = opened.head.held[0].lock.id
    write(place.directory, without_lock(opened, first))
    with pytest.raises(WrongUnlock):
        Keystore.open(place.directory, UNLOCK)
    left = open_file(place.directory, OTHER)
    with pytest.raises(LockUnknown):
        without_lock(left, first)
    alone = without_lock(left, left.head.held[1].lock.id)
    with pytest.raises(LastLock):
        without_lock(alone, alone.head.held[0].lock.id)


def test_shares_without_custodians_open_nothing(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with pytest.raises((UnlockMissing, CustodiansMissing)):
        Keystore.open(place.directory, Unlock(shares=("one", "two")))


def test_an_older_copy_of_the_root_file_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    yesterday = (place.directory / "keystore.json").read_bytes()
    three_locks(place)
    (place.directory / "keystore.json").write_bytes(yesterday)
    with pytest.raises(KeystoreOutdated, match="put the newest back"):
        Keystore.open(place.directory, UNLOCK)
    assert (place.directory / "keystore.json").read_bytes() == yesterday
    (place.directory / "generation").unlink()
    Keystore.open(place.directory, UNLOCK)


def test_a_folder_that_lost_its_root_file_is_not_given_a_new_one(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    three_locks(place)
    (place.directory / "keystore.json").unlink()
    with pytest.raises(KeystoreExists, match=r"put keystore\.json back"):
        create_root(place.directory, place.public_dir, UNLOCK, CHEAP)


def test_of_two_changes_begun_together_one_is_refused(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    one, other = open_file(place.directory, UNLOCK), open_file(place.directory, UNLOCK)
    write(place.directory, with_new_silo_keys(one))
    content = (place.directory / "keystore.json").read_bytes()
    with pytest.raises(KeystoreChanged):
        write(place.directory, with_new_silo_keys(other))
    assert (place.directory / "keystore.json").read_bytes() == content
    assert place.files(".*") == []


def _first_schema(place: Place) -> None:
    """Write the root file as releases before this one did."""
    opened = open_file(place.directory, UNLOCK)
    held, root = opened.head.held[0], opened.root
    said = held.lock.as_document()
    key, root_key = unlocking_key(UNLOCK, held.lock), new_secret()
    body = {
        "schema": 1,
        "silos": {name: base64.b64encode(value).decode() for name, value in root.silo_keys.items()},
        "signing": base64.b64encode(root.signing_seed).decode(),
        "public_dir": str(root.public_dir),
    }
    document = {
        "schema": 1,
        "lock": {name: said[name] for name in ("kind", "salt", "argon2id")},
        "root": base64.b64encode(lock(key, root_key, b"paravent keystore root")).decode(),
        "body": base64.b64encode(lock(root_key, encode_document(body), b"paravent keystore body")).decode(),
    }
    _put(place, document)


def test_a_root_file_of_the_first_schema_opens_and_is_rewritten_at_the_next_change(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    sealed, derived = place.keystore.seal_field("desk", "x", b"marker"), place.keystore.derive_field("desk", "y")
    _first_schema(place)
    before = (place.directory / "keystore.json").read_bytes()
    old = Keystore.open(place.directory, UNLOCK)
    assert old.open_field("desk", "x", sealed) == b"marker"
    assert (place.directory / "keystore.json").read_bytes() == before

    second = new_lock(OTHER, CHEAP)
    write(place.directory, with_lock(open_file(place.directory, UNLOCK), second, unlocking_key(OTHER, second)))

    assert _document(place)["schema"] == 2
    for way in (UNLOCK, OTHER):
        again = Keystore.open(place.directory, way)
        assert (again.open_field("desk", "x", sealed), again.derive_field("desk", "y")) == (b"marker", derived)
