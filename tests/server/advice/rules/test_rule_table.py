"""Rule tables: the first row that matches wins, and every comparison on the way is kept."""

from __future__ import annotations

import pytest

from strategic_memory_server.advice.rules import reference_rules
from strategic_memory_server.advice.rules.rule_table import Comparison, Row, first_match
from strategic_memory_server.memory.policy import Policy

LOW, HIGH = Row("low", regimes=("A",)), Row("high", win_rate_above=0.5, avg_pnl_above=0.1)
MEASURED: dict[str, float | None] = {"win_rate": 0.6, "avg_pnl": 0.2}


def test_the_first_row_for_the_regime_that_holds_wins() -> None:
    assert first_match((LOW, HIGH), "A", MEASURED, "none").outcome == "low"
    assert first_match((LOW, HIGH), "B", MEASURED, "none").outcome == "high"
    assert first_match((HIGH, LOW), "A", MEASURED, "none").outcome == "high"


def test_without_a_match_the_default_stands_with_what_was_compared() -> None:
    found = first_match((LOW, HIGH), "B", {"win_rate": 0.6, "avg_pnl": 0.1}, "none")
    assert (found.outcome, found.row) == ("none", None)
    assert found.comparisons == (
        Comparison("win_rate", 0.6, ">", 0.5, holds=True),
        Comparison("avg_pnl", 0.1, ">", 0.1, holds=False),
    )


def test_rows_for_other_regimes_are_not_compared() -> None:
    other = Row("other", regimes=("X", "Y"), win_rate_above=0.1)
    assert first_match((other,), "A", MEASURED, "none").comparisons == ()
    assert first_match((other,), "Y", MEASURED, "none").outcome == "other"


@pytest.mark.parametrize(("threshold", "holds"), [(-0.1, True), (0.0, False), (0.1, False)])
def test_what_is_not_defined_is_compared_as_zero_and_stays_undefined(threshold: float, holds: bool) -> None:
    row = Row("low", win_rate_above=threshold)
    assert row.compare({"win_rate": None, "avg_pnl": 0.0}) == (
        Comparison("win_rate", None, ">", threshold, holds=holds),
    )


def test_an_empty_table_gives_the_default() -> None:
    assert first_match((), "A", MEASURED, Policy.CONSERVATIVE).outcome is Policy.CONSERVATIVE


def test_the_reference_tables_are_those_of_version_1_0_0() -> None:
    """Contract 2: a change of any of these is a new version."""
    assert reference_rules.VERSION == "1.0.0"
    policies, leverages = reference_rules.POLICY_TABLE, reference_rules.LEVERAGE_TABLE
    assert policies == (
        Row(Policy.AGGRESSIVE, ("BULL",), 0.6, 0.2),
        Row(Policy.BALANCED, ("BULL",), 0.5, 0.1),
        Row(Policy.BALANCED, ("RANGE",), 0.55),
    )
    assert leverages == (
        Row(1.5, ("BULL",), 0.6, 0.2),
        Row(1.2, ("BULL",), 0.5),
        Row(1.0, ("RANGE",), 0.55),
        Row(0.7, ("BEAR", "VOLATILE", "UNCERTAIN")),
    )
    assert (reference_rules.MINIMUM_SAMPLES, reference_rules.MINIMUM_POLICY_TRADES) == (3, 3)
