"""Who sees only sizes of TLS records, of whole journeys to the served product, can't tell what a journey is for."""

from collections.abc import Iterator

import pytest

from bench.observer.gate import (
    ALL,
    NO_SLOT_LEFT,
    cases_of,
    differences,
    one_a_specialty,
    one_of_each,
    watch,
)
from bench.observer.playing import play
from bench.observer.premises import SIZES_ONLY, Premises, premises
from bench.observer.proof import UNPADDED
from bench.observer.scenarios import SCENARIOS
from bench.observer.tap import APPLICATION, Record, Records, Tap
from bench.observer.trace import difference

_EIGHT = 8


@pytest.fixture(scope="module")
def clinic() -> Iterator[Premises]:
    """A clinic of eight specialties: those shipped, and five invented ones of very different texts."""
    with premises() as made:
        yield made


@pytest.fixture(scope="module")
def port(clinic: Premises) -> Iterator[int]:
    """The patient zone as `paravent serve` serves it over TLS."""
    with clinic.served(changes=SIZES_ONLY, workers=1) as served:
        yield served


@pytest.mark.parametrize("scenario", [name for name in ALL if name not in ("plain", "call us")])
def test_a_scenario_has_the_same_sizes_whatever_it_is_for(clinic: Premises, port: int, scenario: str) -> None:
    cases = one_a_specialty(cases_of(clinic, scenario))
    assert len(cases) > 1
    assert differences(watch(clinic, port, scenario, cases)) == []


def test_every_specialty_and_way_of_booking_and_path_that_sends_looks_alike(clinic: Premises, port: int) -> None:
    cases = one_of_each(clinic.cases())
    assert len({case.profile for case in cases}) == _EIGHT
    assert {case.mode for case in cases} == {"instant", "to_confirm", "ask"}
    plain = watch(clinic, port, "plain", cases)
    called = watch(clinic, port, "call us", one_a_specialty(cases))
    assert differences({**plain, **called}) == []


def test_no_slot_left_and_none_that_suits_look_alike(clinic: Premises, port: int) -> None:
    cases = one_a_specialty(clinic.cases())[:2]
    suits, left = (watch(clinic, port, name, cases) for name in ("no slot suits", NO_SLOT_LEFT))
    assert differences({**suits, **left}) == []


def test_session_tickets_are_as_many_and_as_long_for_everybody(clinic: Premises, port: int) -> None:
    with Tap(port) as tap:
        traces = [play(SCENARIOS["not offered"], case, tap, port)[0] for case in cases_of(clinic, "not offered")]
    assert len({trace.tickets for trace in traces}) == 1
    assert traces[0].tickets


def test_without_padding_the_same_look_tells_specialties_apart(clinic: Premises) -> None:
    """The control: an observer who could see nothing would be no proof."""
    cases = one_a_specialty(clinic.cases())
    with clinic.served(UNPADDED, SIZES_ONLY, workers=1) as bare:
        seen = watch(clinic, bare, "not offered", cases)
    assert len(seen) == len(cases)


def test_one_byte_more_is_seen() -> None:
    usual = (("up", 599), ("down", 6878))
    assert difference(usual, (("up", 599), ("down", 6879))) == "record 2: down 6878, or down 6879"
    assert difference(usual, usual[:1]) == "2 records, or 1"
    assert not difference(usual, usual)


def test_records_are_found_however_their_bytes_arrive() -> None:
    sent = bytes([APPLICATION, 3, 3, 0, 7]) + b"x" * 7 + bytes([22, 3, 3, 1, 0]) + b"y" * 256
    for piece in (1, 4, len(sent)):
        found: list[Record] = []
        records = Records(True, found.append)
        for start in range(0, len(sent), piece):
            records.feed(sent[start : start + piece])
        assert [(one.kind, one.length) for one in found] == [(APPLICATION, 7), (22, 256)]
