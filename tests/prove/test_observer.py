"""The long proof of the observer gate: 1,600 journeys idle, 1,600 under load, and two leaks to be recognised."""

import shutil
from collections.abc import Iterator

import pytest

from bench.figures import Figure
from bench.observer.premises import Premises, premises
from bench.observer.proof import CONTROL_JOURNEYS, JOURNEYS, SEED, controls, sizes, watched

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed"),
]


@pytest.fixture(scope="module")
def clinic() -> Iterator[Premises]:
    """A clinic of eight specialties."""
    with premises() as made:
        yield made


def missed(figures: Iterator[Figure]) -> list[str]:
    """Print every figure, and return those that miss their bar."""
    found = list(figures)
    for figure in found:
        print(f"{figure.name}: {figure.value} ({figure.note})")  # noqa: T201 - the figures are the proof
    return [f"{figure.name}: {figure.value} ({figure.note})" for figure in found if figure.passed is False]


def test_every_scenario_of_every_act_makes_one_sequence_of_sizes(clinic: Premises) -> None:
    assert missed(sizes(clinic)) == []


def test_no_attacker_does_better_than_chance_idle_and_under_load(clinic: Premises) -> None:
    assert missed(watched(clinic, JOURNEYS, SEED)) == []


def test_what_leaks_is_recognised(clinic: Premises) -> None:
    assert missed(controls(clinic, CONTROL_JOURNEYS, SEED)) == []
