"""Settings of the estimator: the defaults of the documentation, and clear errors."""

from __future__ import annotations

import math
from typing import Any

import pytest
from each_case import each_case

from strategic_memory_server.evidence.settings import STRICT_PROBABILITY, EvidenceSettings


def with_value(field: str, value: object) -> EvidenceSettings:
    """The defaults, one value aside."""
    values: dict[str, Any] = {field: value}
    return EvidenceSettings(**values)


def test_the_defaults_are_the_documented_ones() -> None:
    assert EvidenceSettings() == EvidenceSettings(
        decay=0.998,
        required_probability=0.80,
        minimum_weight=20.0,
        risk_aversion=0.03,
        prior_observations=10.0,
        prior_spreads=(0.03, 0.1, 0.3),
        explore=False,
        exploration_width=1.0,
        exploration_hold=20,
    )
    assert STRICT_PROBABILITY == 0.90


@each_case(
    ("field", "value"),
    [
        ("decay", 0.0),
        ("decay", 1.001),
        ("decay", math.nan),
        ("required_probability", 0.49),
        ("required_probability", 1.0),
        ("minimum_weight", -1.0),
        ("minimum_weight", math.inf),
        ("risk_aversion", -0.1),
        ("risk_aversion", math.nan),
        ("prior_observations", 0.0),
        ("prior_observations", math.inf),
        ("prior_spreads", ()),
        ("prior_spreads", (0.1, 0.0)),
        ("prior_spreads", (0.1, math.nan)),
        ("prior_spreads", (11.0,)),
        ("exploration_width", -1.0),
        ("exploration_hold", 0),
    ],
)
def test_a_value_that_makes_no_sense_is_named(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{field} is .*, it has to be "):
        with_value(field, value)


@pytest.mark.parametrize(("field", "value"), [("decay", 1.0), ("required_probability", 0.5), ("risk_aversion", 0.0)])
def test_the_ends_of_the_ranges_are_allowed(field: str, value: float) -> None:
    assert getattr(with_value(field, value), field) == value
