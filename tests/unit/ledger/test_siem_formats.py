"""What a SIEM is told of events: every one has its row, formats keep any text whole, and no patient is named."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger.cef import LABELLED_NUMBERS, LABELLED_TEXTS, cef_line, extension, in_head, in_value
from app.ledger.ecs import ecs_document, ecs_line
from app.ledger.events import EVENTS
from app.ledger.siem import Placed, tell
from app.ledger.siem_rows import FAULTS, FIELDS, ROWS, Row, Said, held_by
from app.ledger.syslog import FORMATS, element, framed, in_parameter, marked, syslog_message
from tests.factories.house import MONDAY
from tests.factories.kept_ledger import ACTOR
from tests.factories.siem_events import (
    ID,
    NO_KEYS,
    PATIENT,
    as_placed,
    fields_of,
    placed,
    read_cef,
    read_frames,
    read_syslog,
)

EXPECTED_BY_ECS = {
    "authentication": {"start", "end", "info"},
    "session": {"start", "end", "info"},
    "iam": {"admin", "change", "creation", "deletion", "group", "info", "user"},
    "database": {"access", "change", "info", "error"},
    "configuration": {"access", "change", "creation", "deletion", "info"},
    "intrusion_detection": {"allowed", "denied", "info"},
}
"""The types that go with a category, by ECS's page of allowed values of `event.category`."""
OPENED = placed("case.opened", {"actor": ACTOR, "role": "practitioner", "form": "screen"})
ANY = st.text(st.characters(codec="utf-8"))


def test_every_declared_event_and_field_has_its_row() -> None:
    assert EVENTS.keys() - ROWS.keys() == set(), "give each new event its row in app/ledger/siem_rows.py"
    assert {key for fields in EVENTS.values() for key in fields} - FIELDS.keys() == set(), "and each new field"


def test_rows_are_made_of_what_is_declared() -> None:
    rows: list[tuple[str, Row]] = [*ROWS.items(), *FAULTS.items()]
    for name, row in rows:
        assert set(row.types) <= EXPECTED_BY_ECS[row.category], name
        assert {row.user, row.target} - {""} <= EVENTS.get(name, {}).keys(), name
        assert all(FIELDS[field] is Said.STAFF for field in (row.user, row.target) if field), name
        assert len(name) <= 32, name
        assert name.isascii(), name
    assert {name for name in EVENTS if "actor" in EVENTS[name]} == {n for n, row in rows if row.user == "actor"}


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_fits_the_places_of_cef(name: str) -> None:
    told = tell(placed(name, fields_of(name, ACTOR)), MONDAY, NO_KEYS, subjects=True).declared
    numbers = [value for value in told.values() if isinstance(value, int)]
    assert len(numbers) <= LABELLED_NUMBERS
    assert len(told) - len(numbers) <= LABELLED_TEXTS


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_told_in_every_format_without_its_patient(name: str) -> None:
    made = fields_of(name, ACTOR)
    fields = {key: PATIENT if held_by(name, key) is Said.PATIENTS else value for key, value in made.items()}
    event = placed(name, fields)
    told = tell(event, MONDAY, NO_KEYS)
    assert told.name == name
    for line in (ecs_line(told), cef_line(told), *(syslog_message(told, one) for one in FORMATS)):
        assert str(PATIENT) not in line
        assert str(ID) in line
        assert not set(line) & set("\r\n")
    whole = tell(event, MONDAY, NO_KEYS, subjects=True)
    for line in (ecs_line(whole), cef_line(whole)):
        assert line.count(str(PATIENT)) == 1 + list(fields.values()).count(PATIENT)


def test_an_ecs_document() -> None:
    assert json.loads(ecs_line(tell(OPENED, MONDAY, NO_KEYS))) == {
        "@timestamp": "2026-11-23T08:00:00.000000+00:00",
        "ecs": {"version": "8.17.0"},
        "message": "Case opened",
        "event": {
            "id": str(ID),
            "kind": "event",
            "category": ["database"],
            "type": ["access"],
            "action": "case.opened",
            "outcome": "success",
            "severity": 2,
            "sequence": 41,
            "module": "paravent",
            "dataset": "paravent.ledger",
        },
        "user": {"id": str(ACTOR), "roles": ["practitioner"]},
        "related": {"user": [str(ACTOR)]},
        "service": {"name": "paravent-clinic", "type": "paravent"},
        "paravent": {
            "form": "screen",
            "purposes": ["care"],
            "ledger": {"position": 41, "leaf": OPENED.leaf.hex()},
        },
    }


def test_an_account_that_was_acted_on_is_the_target() -> None:
    other = UUID(int=8)
    changed = placed("staff.changed", {"actor": ACTOR, "staff": other, "change": "role"})
    user = ecs_document(tell(changed, MONDAY, NO_KEYS))["user"]
    assert user == {"id": str(ACTOR), "target": {"id": str(other)}}
    refused = tell(placed("staff.sign_in_refused", {"staff": other, "reason": "password"}), MONDAY, NO_KEYS)
    assert (refused.user, refused.row.outcome) == (str(other), "failure")
    nobody = tell(placed("staff.sign_in_refused", {"staff": None, "reason": "unknown"}), MONDAY, NO_KEYS)
    assert "user" not in ecs_document(nobody)
    assert "suid" not in read_cef(cef_line(nobody)).pairs


def test_a_cef_line() -> None:
    assert cef_line(tell(OPENED, MONDAY, NO_KEYS)) == (
        "CEF:0|Paravent|Paravent|1|case.opened|Case opened|2|rt=1795420800000 "
        f"externalId={ID} cat=database outcome=success deviceProcessName=clinic suid={ACTOR} spriv=practitioner "
        f"cn1=41 cn1Label=position cs6={OPENED.leaf.hex()} cs6Label=leaf flexString1=care "
        "flexString1Label=purposes cs1=screen cs1Label=form"
    )


def test_a_syslog_message() -> None:
    told = tell(OPENED, MONDAY, NO_KEYS)
    message = syslog_message(told, "cef")
    assert message == (
        "<110>1 2026-11-23T08:00:00.000000+00:00 - paravent clinic case.opened "
        f'[paravent@32473 event="{ID}" outcome="success" user="{ACTOR}" role="practitioner" position="41" '
        f'leaf="{OPENED.leaf.hex()}"] {cef_line(told)}'
    )
    assert read_syslog(syslog_message(told, "ecs")).text == ecs_line(told)


def test_escaping_of_each_norm() -> None:
    assert in_head("a|b\\c=d\r\ne") == r"a\|b\\c=d e"
    assert in_value("a|b\\c=d\r\ne") == r"a|b\\c\=d\r\ne"
    assert in_parameter('a]b"c\\d[e=') == r"a\]b\"c\\d[e="
    assert (marked("plain"), marked("été")) == ("plain", "\N{ZERO WIDTH NO-BREAK SPACE}été")
    assert framed("été") == b"5 " + "été".encode()


@given(st.lists(ANY, min_size=7, max_size=7))
def test_any_head_of_cef_is_read_back(parts: list[str]) -> None:
    line = "|".join([*map(in_head, parts), "k=v"])
    assert not set(line) & set("\r\n")
    folded = [" ".join(one for one in _lines(part)) for part in parts]
    assert read_cef(line).head == folded


def _lines(text: str) -> list[str]:
    """Part a text as in_head does: where there are ends of lines, one or more."""
    parts, inside = [""], False
    for sign in text:
        ends = sign in "\r\n"
        if ends and not inside:
            parts.append("")
        elif not ends:
            parts[-1] += sign
        inside = ends
    return parts


@given(st.lists(ANY, min_size=1, max_size=6))
def test_any_value_of_cef_is_read_back(values: list[str]) -> None:
    pairs = {f"cs{number}": value for number, value in enumerate(values, 1)}
    line = "CEF:0|a|b|1|c|d|2|" + extension(iter(pairs.items()))
    assert not set(line) & set("\r\n")
    assert read_cef(line).pairs == pairs


@given(st.dictionaries(st.sampled_from("abcd"), ANY), ANY)
def test_any_structured_data_and_text_are_read_back(parameters: dict[str, str], text: str) -> None:
    text = text.removeprefix("\ufeff")
    message = f"<110>1 - - - - - {element('x@32473', parameters)} {marked(text)}"
    found = read_syslog(message)
    assert (found.elements, found.text) == ({"x@32473": parameters}, text)


@given(st.lists(ANY))
def test_any_messages_are_read_back_from_their_frames(messages: list[str]) -> None:
    assert read_frames(b"".join(map(framed, messages))) == messages


def test_what_is_gone_is_told_as_gone() -> None:
    told = tell(Placed(41, OPENED.leaf, ID, None), MONDAY, NO_KEYS)
    assert (told.name, told.at, told.id, told.user) == ("ledger.gone", MONDAY, ID, None)


@pytest.mark.parametrize("column", ["name", "zone", "at", "payload", "salt"])
def test_an_altered_event_is_an_alert_that_repeats_nothing_of_it(column: str) -> None:
    event = placed("staff.sign_in_refused", {"staff": ACTOR, "reason": "password"})
    assert event.event
    planted = {"at": MONDAY.replace(year=2025), "salt": bytes(32)}.get(column, "staff.signed_out")
    setattr(event.event, column, planted)
    told = tell(event, MONDAY, NO_KEYS)
    assert told.name == "ledger.altered"
    assert ecs_document(told)["event"]["kind"] == "alert"
    assert told.row.severity.syslog == 2
    for line in (ecs_line(told), cef_line(told)):
        assert "signed_out" not in line
        assert str(ACTOR) not in line


@pytest.mark.parametrize(
    ("name", "fields", "other"),
    [
        ("case.flown", {}, {}),
        ("case.opened", {"actor": ACTOR, "words": "practitioner"}, {}),
        ("case.opened", {"actor": ACTOR, "role": "typed by a person"}, {}),
        ("case.opened", {"actor": ACTOR, "role": "a\nb"}, {}),
        ("case.opened", {"actor": ACTOR, "role": ["desk"]}, {}),
        ("case.opened", {"actor": ACTOR, "role": True}, {}),
        ("case.opened", {"actor": ACTOR, "role": 1.5}, {}),
        ("case.opened", {"actor": ACTOR, "role": "x" * 65}, {}),
        ("case.opened", {"actor": ACTOR, "role": 5}, {}),
        ("case.opened", {"actor": 5}, {}),
        ("case.opened", {"actor": ACTOR, "count": 5}, {}),
        ("staff.changed", {"actor": ACTOR, "staff": 5, "change": "role"}, {}),
        ("practitioner.linked", {"actor": ACTOR, "practitioner": 5}, {}),
        ("list.opened", {"actor": ACTOR, "count": "5"}, {}),
        ("list.opened", {"actor": ACTOR, "count": 2**53}, {}),
        ("case.opened", {"actor": ACTOR}, {"purposes": "care"}),
        ("case.opened", {"actor": ACTOR}, {"subjects": [1]}),
        ("case.opened", {"actor": ACTOR}, {"fields": 3}),
    ],
)
def test_what_we_did_not_write_is_not_repeated(
    name: str, fields: dict[str, object], other: dict[str, object]
) -> None:
    told = tell(placed(name, fields, other), MONDAY, NO_KEYS)
    assert (told.name, told.declared, told.user) == ("ledger.unknown", {}, None)


@pytest.mark.parametrize("field", ["visit_digest", "contact_digest", "care_digest"])
def test_a_digest_of_what_a_patient_sent_stands_for_the_patient(field: str) -> None:
    digest = "ab" * 32
    for name, key in (("submission.kept", field), ("submission.sent", "digest"), ("space.updated", "digest")):
        event = placed(name, {key: digest})
        assert digest not in ecs_line(tell(event, MONDAY, NO_KEYS))
        assert digest in ecs_line(tell(event, MONDAY, NO_KEYS, subjects=True))
    published = placed("profile.published", {"actor": ACTOR, "digest": digest})
    assert ecs_document(tell(published, MONDAY, NO_KEYS))["paravent"]["digest"] == digest


@pytest.mark.parametrize("payload", ["", "{", "[]", "null", "[" * 100_000])
def test_a_payload_of_no_form_stops_nothing(payload: str) -> None:
    assert tell(as_placed("case.opened", payload), MONDAY, NO_KEYS).name in ("ledger.altered", "ledger.unknown")
