"""Hysteresis over a record: the policies that a client would have held, and nothing of what came later."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from replay_files import in_order, random_rows, write_csv
from replay_records import read, silent

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.cli.replay import replay
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.replay.courses.held_course import held_course
from strategic_memory_server.replay.courses.reference_course import reference_course
from strategic_memory_server.replay.courses.served_advice import served_advice

ADVICE = AdviceSettings(windows=WindowSettings(9, 5, 7))


@pytest.mark.parametrize("settings", [HysteresisSettings(results=3), HysteresisSettings(seconds=90.0)])
@pytest.mark.parametrize("seed", range(2))
def test_before_each_entry_it_is_the_policy_that_was_served(
    seed: int, settings: HysteresisSettings, tmp_path: Path
) -> None:
    record = read([write_csv(tmp_path / "record.csv", random_rows(seed, 250))])
    asked = reference_course(record, ADVICE, 1, silent)
    held = held_course(asked, record, settings)
    served = list(served_advice(record, replace(ADVICE, hysteresis=settings), 1, silent))
    known = [each.known_at_ms for each in served]
    for place, time_ms in enumerate(record.entries.time_ms.tolist()):
        decision = held.decisions[int(held.in_force(np.array([place]))[0])]
        before = bisect_left(known, time_ms) - 1
        if before >= 0:
            assert decision["policy"] == served[before].feedback.advice.updated_policy
    assert (held.decisions["policy"] <= asked.decisions["policy"]).all()
    assert (held.decisions["policy"] < asked.decisions["policy"]).any()


def test_what_comes_later_changes_nothing(tmp_path: Path) -> None:
    rows, settings = in_order(random_rows(5, 200)), HysteresisSettings(results=2, seconds=60.0)
    cut = next(place for place in range(120, 200) if rows[place].time_ms != rows[place - 1].time_ms)
    files = [write_csv(tmp_path / "past.csv", rows[:cut]), write_csv(tmp_path / "whole.csv", rows)]
    records = [read([file]) for file in files]
    past, whole = (held_course(reference_course(each, ADVICE, 1, silent), each, settings) for each in records)
    shared = len(past) - 1
    assert past.decisions["policy"][:shared].tolist() == whole.decisions["policy"][:shared].tolist()
    assert len(set(past.decisions["policy"].tolist())) > 1


def test_the_report_compares_it_where_a_hysteresis_is_given(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "record.csv", random_rows(1, 200))

    def compared(*flags: str) -> str:
        done = CliRunner().invoke(replay, [str(path), "--out", str(tmp_path / "out"), *flags])
        assert done.exit_code == 0, done.output
        return (tmp_path / "out" / "report.json").read_text()

    assert '"held"' in compared("--hysteresis-results", "2")
    assert '"held"' not in compared()
    refused = CliRunner().invoke(replay, [str(path), "--against", "held"])
    assert (refused.exit_code, "--hysteresis-results" in refused.output) == (2, True)
