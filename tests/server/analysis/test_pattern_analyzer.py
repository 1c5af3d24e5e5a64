"""PatternAnalyzer against the brute force of `tests/brute_force.py`, and its promises one by one."""

from __future__ import annotations

import dataclasses
import math
from random import Random

import pytest
from brute_force import PortfolioRow, RegimeRow, Rows, TradeRow, expected_regimes, expected_transitions
from each_case import each_case
from plain_figures import plain
from random_memory import START_MS, memory_of, random_rows
from regime_figures import caps

from strategic_memory_server.analysis.analysis import Analysis, RegimeFigures
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.what_if.regime_details import regime_details


def analyze(rows: Rows, minimum_policy_trades: int = 3) -> Analysis:
    return PatternAnalyzer(minimum_policy_trades).analyze(memory_of(rows))


def figures_of(rows: Rows, regime: str, minimum_policy_trades: int = 3) -> RegimeFigures:
    return next(found for found in analyze(rows, minimum_policy_trades).regimes if found.regime == regime)


@each_case("seed", range(80))
def test_every_figure_is_that_of_the_brute_force(seed: int) -> None:
    rows = random_rows(seed)
    minimum = seed % 5 + 1
    memory = memory_of(rows)
    analysis, details = PatternAnalyzer(minimum).analyze(memory), regime_details(memory)
    expected = expected_regimes(rows, minimum)
    assert [figures.regime for figures in analysis.regimes] == [figures.regime for figures in expected]
    for found, wanted in zip(analysis.regimes, expected, strict=True):
        compared = dataclasses.asdict(wanted)
        for name in ("dwell_observations", "dwell_seconds"):
            compared[name] = None if compared[name] is None else pytest.approx(compared[name], rel=1e-12)
        assert plain(found, details) == compared
        assert [policy for policy, _ in found.policies] == sorted(policy for policy, _ in found.policies)
        strategies = [name for name, _ in details.strategies.get(found.regime, ())]
        assert strategies == sorted(strategies)
    transitions = {(step.from_regime, step.to_regime): step.count for step in details.transitions}
    assert transitions == expected_transitions(rows)
    assert list(transitions) == sorted(transitions)
    everything = rows.all()
    assert analysis.sample_count == len(everything) == sum(figures.sample_count for figures in analysis.regimes)
    assert analysis.data_as_of_ms == (max(row.time_ms for row in everything) if everything else None)
    assert analysis.current_regime == (rows.regimes[-1].regime if rows.regimes else "UNKNOWN")


@each_case("seed", range(20))
def test_an_observation_without_a_pnl_tells_the_regime_and_counts_in_no_figure(seed: int) -> None:
    rows, source = random_rows(seed), Random(seed)
    rows.regimes = [dataclasses.replace(row, pnl=math.nan) if source.random() < 0.5 else row for row in rows.regimes]
    memory = memory_of(rows)
    analysis, details = PatternAnalyzer().analyze(memory), regime_details(memory)
    without = dataclasses.replace(rows, regimes=[row for row in rows.regimes if not math.isnan(row.pnl)])
    assert analysis.regimes == analyze(without).regimes
    assert analysis.sample_count == len(rows.earned()) == len(without.all())
    assert analysis.current_regime == (rows.regimes[-1].regime if rows.regimes else "UNKNOWN")
    transitions = {(step.from_regime, step.to_regime): step.count for step in details.transitions}
    assert transitions == expected_transitions(rows)


def test_of_two_regimes_with_the_same_mean_the_one_with_more_samples_is_preferred() -> None:
    rows = Rows(portfolio=[PortfolioRow(0, "A", 0.5), PortfolioRow(0, "B", 0.25), PortfolioRow(0, "B", 0.75)])
    assert [figures.regime for figures in analyze(rows).regimes] == ["B", "A"]


def test_of_two_regimes_with_the_same_mean_and_samples_the_first_by_name_is_preferred() -> None:
    rows = Rows(portfolio=[PortfolioRow(0, "B", 0.5), PortfolioRow(0, "A", 0.5), PortfolioRow(0, "C", 0.5)])
    assert [figures.regime for figures in analyze(rows).regimes] == ["A", "B", "C"]


def test_a_higher_mean_goes_before_more_samples() -> None:
    rows = Rows(portfolio=[PortfolioRow(0, "B", 0.5), *[PortfolioRow(0, "A", 0.49)] * 20])
    assert [figures.regime for figures in analyze(rows).regimes] == ["B", "A"]


def test_unknown_is_shown_and_never_preferred() -> None:
    rows = Rows(portfolio=[PortfolioRow(0, "UNKNOWN", 9.0), PortfolioRow(0, "BEAR", -9.0)])
    analysis = analyze(rows)
    assert [figures.regime for figures in analysis.regimes] == ["UNKNOWN", "BEAR"]
    assert [figures.regime for figures in analysis.known_regimes] == ["BEAR"]


def test_portfolio_entries_count_as_samples_but_neither_win_nor_lose() -> None:
    rows = Rows(
        regimes=[RegimeRow(0, "BULL", 1.0), RegimeRow(0, "BULL", 0.0)],
        portfolio=[PortfolioRow(0, "BULL", 5.0), PortfolioRow(0, "BULL", -5.0)],
        trades=[TradeRow(0, "BULL", -1.0), TradeRow(0, "BULL", -0.0)],
    )
    figures = figures_of(rows, "BULL")
    assert (figures.sample_count, figures.wins, figures.losses) == (6, 1, 1)
    assert figures.win_rate == 0.5


def test_a_win_rate_without_wins_and_losses_is_not_defined() -> None:
    figures = figures_of(
        Rows(regimes=[RegimeRow(0, "BULL", 0.0)], trades=[TradeRow(0, "BULL", 0.0, "BALANCED")]), "BULL"
    )
    assert figures.win_rate is None
    assert figures.policies[0][1].win_rate is None


def test_an_absent_confidence_counts_as_zero_and_without_observations_there_is_none() -> None:
    observed = Rows(regimes=[RegimeRow(0, "BULL", 0.1, 0.9), RegimeRow(0, "BULL", 0.1, None)])
    assert figures_of(observed, "BULL").confidence == 0.45
    assert figures_of(Rows(portfolio=[PortfolioRow(0, "BULL", 0.1)]), "BULL").confidence is None


@pytest.mark.parametrize("confidence", [80.0, 1.0000001, -0.1, -80.0])
def test_a_confidence_that_is_no_share_counts_as_zero(confidence: float) -> None:
    observed = Rows(regimes=[RegimeRow(0, "BULL", 0.1, 0.9), RegimeRow(0, "BULL", 0.1, confidence)])
    assert figures_of(observed, "BULL").confidence == 0.45


@pytest.mark.parametrize(
    ("trades", "minimum", "best"), [(2, 3, None), (3, 3, Policy.AGGRESSIVE), (1, 1, Policy.AGGRESSIVE)]
)
def test_a_policy_needs_the_minimum_of_trades_to_be_the_best(trades: int, minimum: int, best: Policy | None) -> None:
    rows = Rows(trades=[TradeRow(0, "BULL", 0.5, "AGGRESSIVE")] * trades)
    assert figures_of(rows, "BULL", minimum).best_policy == best


def test_a_better_policy_with_too_few_trades_does_not_stand_in_the_way() -> None:
    rows = Rows(trades=[TradeRow(0, "BULL", 9.0, "AGGRESSIVE")] * 2 + [TradeRow(0, "BULL", -1.0, "BALANCED")] * 3)
    assert figures_of(rows, "BULL").best_policy is Policy.BALANCED


def test_trades_without_a_policy_count_for_none() -> None:
    rows = Rows(trades=[TradeRow(0, "BULL", 9.0)] * 5)
    figures = figures_of(rows, "BULL")
    assert (figures.best_policy, figures.policies, figures.sample_count) == (None, (), 5)


def test_of_policies_that_paid_the_same_the_one_that_risks_less_is_the_best() -> None:
    both = [TradeRow(0, "BULL", 0.5, policy) for policy in ("AGGRESSIVE", "BALANCED") for _ in range(3)]
    assert figures_of(Rows(trades=both), "BULL").best_policy is Policy.BALANCED
    assert figures_of(Rows(trades=[*both, *[TradeRow(0, "BULL", 0.5, "CONSERVATIVE")] * 3]), "BULL").best_policy is (
        Policy.CONSERVATIVE
    )


@each_case("seed", range(20))
def test_sums_do_not_depend_on_the_order_of_the_entries(seed: int) -> None:
    random = Random(seed)
    values = [1e15, 1.0, -1e15, 0.1, 1e-9, -0.3, 7e14, -7e14, 0.2] * 3
    confidences = [random.random() for _ in values]
    pairs = list(zip(values, confidences, strict=True))

    def figures() -> RegimeFigures:
        random.shuffle(pairs)
        return figures_of(
            Rows(
                regimes=[RegimeRow(0, "BULL", pnl, confidence) for pnl, confidence in pairs],
                portfolio=[PortfolioRow(0, "BULL", pnl) for pnl, _ in reversed(pairs)],
                trades=[TradeRow(0, "BULL", pnl, "BALANCED", "carry") for pnl, _ in pairs],
            ),
            "BULL",
        )

    assert figures() == figures() == figures()


def test_the_same_memory_gives_the_same_bytes() -> None:
    for seed in range(10):
        first, second = analyze(random_rows(seed)), analyze(random_rows(seed))
        assert repr(first).encode() == repr(second).encode()


def test_the_memory_is_not_changed() -> None:
    memory = memory_of(random_rows(1))
    before = [column.tobytes() for column in (memory.regimes.regime, memory.regimes.pnl, memory.trades.pnl)]
    PatternAnalyzer().analyze(memory)
    assert [column.tobytes() for column in (memory.regimes.regime, memory.regimes.pnl, memory.trades.pnl)] == before
    assert not memory.regimes.pnl.flags.writeable


def test_an_empty_memory_has_no_regimes() -> None:
    analysis = analyze(Rows())
    assert analysis == Analysis((), "UNKNOWN", 0, None)


def test_without_times_the_order_still_tells_the_current_regime() -> None:
    rows = Rows(regimes=[RegimeRow(START_MS, name, 0.1) for name in ("A", "A", "B", "A")])
    analysis = PatternAnalyzer().analyze(memory_of(rows, timed=False))
    assert (analysis.data_as_of_ms, analysis.current_regime) == (None, "A")


def test_a_cap_in_the_memory_is_carried_through() -> None:
    assert PatternAnalyzer().analyze(memory_of(Rows(), max_leverage_hint=0.25)).leverage_caps == caps(0.25)
