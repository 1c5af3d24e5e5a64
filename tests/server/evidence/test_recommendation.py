"""The recommendation: the most useful policy among those with enough evidence, otherwise CONSERVATIVE."""

from __future__ import annotations

import numpy as np
import pytest

from strategic_memory_server.evidence.recommendation import recommended
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.policy import Policy

C, B, A = Policy.CONSERVATIVE, Policy.BALANCED, Policy.AGGRESSIVE


@pytest.mark.parametrize(
    ("utility", "beats", "weight", "expected"),
    [
        pytest.param((0.0, 0.1, 0.2), (0.9, 0.9), (50, 50, 50), A, id="the higher of two"),
        pytest.param((0.0, 0.2, 0.1), (0.9, 0.9), (50, 50, 50), B, id="the higher of two, the other way"),
        pytest.param((0.0, 0.1, 0.2), (0.9, 0.79), (50, 50, 50), B, id="the higher one is not sure enough"),
        pytest.param((0.0, 0.1, 0.2), (0.9, 0.9), (50, 50, 19.9), B, id="the higher one was seen too little"),
        pytest.param((0.0, 0.1, 0.2), (0.79, 0.79), (50, 50, 50), C, id="neither is sure enough"),
        pytest.param((0.0, 0.1, 0.2), (0.99, 0.99), (50, 19, 0), C, id="neither was seen enough"),
        pytest.param((0.0, 0.1, 0.2), (0.8, 0.7), (0, 20, 50), B, id="just enough, CONSERVATIVE never seen"),
        pytest.param((0.0, 0.1, 0.1), (0.9, 0.9), (50, 50, 50), B, id="of equal ones the lesser risk"),
        pytest.param((0.0, 0.1, 0.1 + 1e-15), (0.9, 0.9), (50, 50, 50), B, id="of those equal to rounding, too"),
        pytest.param((0.0, -0.1, -0.2), (0.9, 0.9), (50, 50, 50), B, id="utility decides among those sure enough"),
    ],
)
def test_choice(
    utility: tuple[float, ...], beats: tuple[float, ...], weight: tuple[float, ...], expected: Policy
) -> None:
    found = recommended(np.array(utility), np.array(beats), np.array(weight), EvidenceSettings())
    assert Policy(int(found)) is expected


def test_thresholds_are_settings() -> None:
    utility, beats, weight = np.array([0.0, 0.1, 0.2]), np.array([0.6, 0.6]), np.array([5.0, 5.0, 5.0])
    assert int(recommended(utility, beats, weight, EvidenceSettings())) == C
    eager = EvidenceSettings(required_probability=0.6, minimum_weight=5.0)
    assert int(recommended(utility, beats, weight, eager)) == A


@pytest.mark.parametrize("even", [0.5 - 1e-16, 0.5, 0.5 + 1e-15])
def test_who_asks_for_no_evidence_is_not_sent_to_more_risk_by_none(even: float) -> None:
    utility, beats, weight = np.zeros(3), np.array([even, even]), np.zeros(3)
    least = EvidenceSettings(required_probability=0.5, minimum_weight=0.0)
    assert int(recommended(utility, beats, weight, least)) == C
    assert int(recommended(np.array([0.0, 0.1, 0.0]), np.array([0.51, even]), weight, least)) == B


def test_many_regimes_at_once() -> None:
    found = recommended(
        np.array([[0.0, 0.1, 0.2], [0.0, 0.2, 0.1]]),
        np.array([[0.9, 0.9], [0.1, 0.1]]),
        np.full((2, 3), 50.0),
        EvidenceSettings(),
    )
    assert found.tolist() == [A, C]
