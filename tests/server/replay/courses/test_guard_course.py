"""The drawdown guard over a record: nothing of what came later, the service's own factor, and what the report says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner
from replay_records import csv_of, silent

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.cli.replay import replay as replay_command
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.replay.courses.reference_course import reference_course
from strategic_memory_server.replay.courses.rules import Rule
from strategic_memory_server.replay.courses.served_advice import served_advice
from strategic_memory_server.replay.judging.compared import Compared

ADVICE = AdviceSettings(windows=WindowSettings(9, 5, 7), leverage_guard=True)
START_MS = 1_766_296_800_000
HEAD = "kind,time,regime,policy,pnl,pnl_conservative,pnl_balanced,pnl_aggressive,opened"


def rows(seed: int, count: int, *, same: bool = False) -> list[str]:
    """Trades that spread widely in their last third; `same`: CONSERVATIVE is all that is ever advised, and made."""
    random, time_ms, found = np.random.default_rng(seed), START_MS, []
    for number in range(count):
        time_ms += int(random.integers(1, 60_000))
        wild = 5.0 if number > 0.6 * count else 1.0
        earned = random.standard_normal(3) * 0.3 * wild + (-0.3 if same else 0.1)
        opened = time_ms - int(random.integers(0, 200_000))
        if number % 7 == 0:
            found.append(f"regime,{time_ms},BULL,,{-0.5 if same else 0.1},,,,")
        else:
            told = ",".join(f"{each:.4f}" for each in earned)
            found.append(f"trade,{time_ms},BULL,CONSERVATIVE,{earned[0]:.4f},{told},{opened}")
    return found


def compared(folder: Path, lines: list[str]) -> Compared:
    record = csv_of(folder, "\n".join([HEAD, *lines]) + "\n")
    courses = {Rule.REFERENCE: reference_course(record, ADVICE, 1, silent)}
    return Compared(record, (Rule.REFERENCE, Rule.GUARDED), courses)


def test_it_sizes_the_trades_of_the_reference_rules_and_none_of_the_first_60(tmp_path: Path) -> None:
    found = compared(tmp_path, rows(1, 300))
    size = found.size(Rule.GUARDED)
    np.testing.assert_array_equal(found.earned(Rule.GUARDED), found.earned(Rule.REFERENCE) * size)
    assert found.size(Rule.REFERENCE).tolist() == [1.0] * len(found)
    assert set(size[:60].tolist()) == {1.0}
    assert 0.5 <= size.min() < 0.9
    assert size.max() == 1.0


def test_what_comes_later_changes_nothing(tmp_path: Path) -> None:
    lines = rows(2, 300)
    whole = compared(tmp_path, lines).size(Rule.GUARDED)
    for cut in (150, 230, 280):
        past = compared(tmp_path, lines[:cut]).size(Rule.GUARDED)
        assert past.tolist() == whole[: past.size].tolist()
    other = [*lines[:230], *(line.replace("0.", "9.") for line in lines[230:])]
    kept = sum(line.startswith("trade") for line in lines[:230])
    assert compared(tmp_path, other).size(Rule.GUARDED)[:kept].tolist() == whole[:kept].tolist()


def test_where_the_record_was_made_as_was_advised_it_is_the_factor_that_was_served(tmp_path: Path) -> None:
    lines = rows(3, 260, same=True)
    record = csv_of(tmp_path, "\n".join([HEAD, *lines]) + "\n")
    course = reference_course(record, ADVICE, 1, silent)
    assert set(course.decisions["policy"].tolist()) == {0}
    size = Compared(record, (Rule.GUARDED,), {Rule.REFERENCE: course}).size(Rule.GUARDED)
    served = list(served_advice(record, ADVICE, 1, silent))
    known = np.array([each.known_at_ms for each in served])
    trades = [place for place, line in enumerate(lines) if line.startswith("trade")]
    opened = np.array([int(lines[place].rsplit(",", 1)[1]) for place in trades])
    held = np.searchsorted(known, opened, side="left") - 1
    expected = []
    for place in held.tolist():
        guard = served[place].feedback.advice.guard if place >= 0 else None
        expected.append(1.0 if guard is None else guard.factor)
    assert size.tolist() == expected
    assert min(expected) < 0.9


def test_the_report_sets_it_beside_the_same_rules_without_and_beside_as_little_all_the_time(tmp_path: Path) -> None:
    path = tmp_path / "record.csv"
    path.write_text("\n".join([HEAD, *rows(1, 300)]) + "\n")

    def report(*flags: str) -> tuple[str, dict[str, Any]]:
        done = CliRunner().invoke(replay_command, [str(path), "--out", str(tmp_path / "out"), *flags])
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads((tmp_path / "out" / "report.json").read_text())
        return done.output + (tmp_path / "out" / "report.html").read_text(), found

    said, found = report("--against", "reference,guarded")
    without, guarded, little = found["guard"]
    assert {each["rules"] for each in found["guard"]} == {"reference"}
    assert [each["name"] for each in (without, guarded, little)] == ["without", "guarded", "as little all the time"]
    assert without["mean_exposure"] == 1.0
    np.testing.assert_allclose(guarded["mean_exposure"], little["mean_exposure"])
    assert guarded["mean_exposure"] < 1.0
    np.testing.assert_allclose(little["mean_pnl"], without["mean_pnl"] * little["mean_exposure"])
    assert guarded["deepest_drawdown"] < without["deepest_drawdown"]
    assert "drawdown guard, reference as little all the time: deepest drawdown" in said
    assert "<h2>The drawdown guard</h2>" in said
    said, found = report("--against", "guarded-evidence,guarded-change")
    assert [each["rules"] for each in found["guard"]] == ["evidence"] * 3 + ["change"] * 3
    assert "drawdown guard, change guarded: deepest drawdown" in said
    said, found = report()
    assert "guard" not in found
    assert "drawdown guard" not in said
