"""Runs and transitions of regimes; `test_pattern_analyzer.py` compares them, and strategies, with a brute force."""

from __future__ import annotations

import tracemalloc

from brute_force import RegimeRow, Rows
from random_memory import START_MS, memory_of

from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.what_if.deep_analysis import analyze_deeply
from strategic_memory_server.what_if.regime_details import RegimeDetails, RegimeRuns, regime_details


def observed(*names: str, timed: bool = True) -> StrategicMemory:
    """A memory with an observation each second."""
    rows = [RegimeRow(START_MS + second * 1000, name, 0.1) for second, name in enumerate(names)]
    return memory_of(Rows(regimes=rows), timed=timed)


def test_an_empty_memory_has_no_details() -> None:
    assert regime_details(memory_of(Rows())) == RegimeDetails((), {}, {})


def test_without_times_the_runs_are_counted_and_not_timed() -> None:
    found = regime_details(observed("A", "A", "B", "A", timed=False))
    assert found.runs == {"A": RegimeRuns(2, 2.0, None), "B": RegimeRuns(1, 1.0, None)}


def test_a_run_that_has_not_ended_has_no_length_yet() -> None:
    """Both places where an answer gives the length count the runs that have ended, and no other."""
    assert regime_details(observed(*"AAAAA")).runs == {"A": RegimeRuns(1, None, None)}
    memory = observed(*"AAAABBAABBBBBBBBB")
    shown = {name: runs.mean_observations for name, runs in regime_details(memory).runs.items()}
    assert shown == {"A": 3.0, "B": 2.0}
    analysis = PatternAnalyzer().analyze(memory)
    dynamics = analyze_deeply(memory, analysis, EvidenceSums(0.998), EvidenceSettings(), START_MS).dynamics
    assert dynamics is not None
    beside = zip(dynamics.regimes, dynamics.dwells, strict=True)
    assert {regime: dwell.mean_observations for regime, dwell in beside} == shown


def test_the_time_of_a_run_ends_where_the_next_one_begins() -> None:
    rows = [RegimeRow(START_MS, "A", 0.1), RegimeRow(START_MS + 90_000, "B", 0.1)]
    assert regime_details(memory_of(Rows(regimes=rows))).runs["A"].mean_seconds == 90.0


def test_as_many_regimes_as_entries_cost_no_more_than_the_entries() -> None:
    count = 10_000
    memory = observed(*(f"R{index}" for index in range(count)))
    tracemalloc.start()
    try:
        found = regime_details(memory)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.transitions) == count - 1
    assert peak_bytes < 100 * 2**20
