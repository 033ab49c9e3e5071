"""Three attackers who learn from journeys of known specialty, and how often they then guess right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.observer.trace import Exchange

_FOLDS = 5
_Z = 1.959964
"""Of the standard normal distribution, for 95 % on two sides."""

ATTACKERS: Mapping[str, Callable[[int], Any]] = {
    "extremely randomised trees": lambda seed: ExtraTreesClassifier(300, random_state=seed, n_jobs=-1),
    "k nearest neighbours": lambda _seed: make_pipeline(StandardScaler(), KNeighborsClassifier(15)),
    "logistic regression": lambda _seed: make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
}


@dataclass(frozen=True, slots=True)
class Guesses:
    """What one attacker reached: right guesses of all, among so many equally frequent specialties."""

    attacker: str
    right: int
    of: int
    classes: int

    @property
    def accuracy(self) -> float:
        """Return the share of right guesses."""
        return self.right / self.of

    @property
    def chance(self) -> float:
        """Return what guessing blindly reaches."""
        return 1 / self.classes

    @property
    def advantage(self) -> float:
        """Return how far above chance: 0 for blind guesses, 1 when every guess is right."""
        return (self.accuracy - self.chance) / (1 - self.chance)

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the accuracy (Wilson)."""
        share, count = self.accuracy, self.of
        middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
        half = _Z / (1 + _Z**2 / count) * sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
        return middle - half, middle + half


def attack(journeys: Sequence[Sequence[Exchange]], specialties: Sequence[str], seed: int) -> list[Guesses]:
    """Let each attacker learn four fifths of the journeys and guess the last, five times over."""
    seen, truth = features(journeys), np.array(specialties)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    classes = len(set(specialties))
    found = []
    for name, make in ATTACKERS.items():
        guessed = cross_val_predict(make(seed), seen, truth, cv=folds)
        found.append(Guesses(name, int((guessed == truth).sum()), len(truth), classes))
    return found


def best(found: Sequence[Guesses]) -> Guesses:
    """Return the attacker who guessed best."""
    return max(found, key=lambda one: one.accuracy)


def features(journeys: Sequence[Sequence[Exchange]]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return one row a journey: a summary, then each exchange; zeros where it ended before the longest."""
    rows = [_summary(journey) + _each(journey) for journey in journeys]
    longest = max(len(row) for row in rows)
    return np.array([row + [0.0] * (longest - len(row)) for row in rows], dtype=np.float64)


def _each(journey: Sequence[Exchange]) -> list[float]:
    """Return bytes up and down, delay and duration of each exchange."""
    return [value for one in journey for value in (one.up, one.down, one.delay, one.lasting)]


def _summary(journey: Sequence[Exchange]) -> list[float]:
    """Return all bytes each way, and low, middle and mean delays of pages asked for and of forms sent.

    A browser asks for the first page, then sends a form and is led to a page, and so on.
    """
    row: list[float] = [sum(one.up for one in journey), sum(one.down for one in journey)]
    for delays in ([one.delay for one in journey[2::2]], [one.delay for one in journey[1::2]]):
        row += [float(found) for found in (*np.quantile(delays, (0, 0.25, 0.5)), np.mean(delays))]
    return row
