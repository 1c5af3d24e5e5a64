"""Labels that are stamped at the opening of their candle are found out by the trades within it."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from processes import REPOSITORY
from replay_records import read

from strategic_memory_server.cli.replay import replay
from strategic_memory_server.replay.judging.candle_stamps import CandleStamps, candle_stamps

START_MS = 1_704_067_200_000
HOUR_MS = 3_600_000
DAYS = 120


def write(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def hourly(seed: int, lasting: float = 0.0) -> NDArray[np.float64]:
    """Returns of a random walk; with `lasting`, of one whose drift changes its sign every twenty days."""
    drift = np.repeat(np.where(np.arange(DAYS) // 20 % 2, lasting, -lasting), 24)
    changes: NDArray[np.float64] = np.random.default_rng(seed).normal(0.0, 0.004, DAYS * 24) + drift
    return changes


def found(
    folder: Path, changes: NDArray[np.float64], labels: list[str], stamp_ms: int, *, opened: bool = True
) -> object:
    """What is found of daily labels, and of trades that hold for five hours, six hours apart."""
    days = [[START_MS + day * 24 * HOUR_MS + stamp_ms, label] for day, label in enumerate(labels)]
    trades: list[list[object]] = []
    for hour in range(0, changes.size - 6, 6):
        begun_ms = START_MS + hour * HOUR_MS
        pnl = float(changes[hour : hour + 5].sum())
        trades.append([begun_ms + 5 * HOUR_MS, begun_ms if opened else "", pnl])
    files = [
        write(folder / "regimes.csv", ["time", "regime"], [list(row) for row in days]),
        write(folder / "trades.csv", ["time", "opened", "realized_pnl"], trades),
    ]
    return candle_stamps(read(files))


def by_day(changes: NDArray[np.float64]) -> list[str]:
    """The label of each day by what it came to, which is known at its end."""
    return ["UP" if day > 0 else "DOWN" for day in changes.reshape(DAYS, 24).sum(axis=1).tolist()]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("opened", [True, False])
def test_the_stamp_of_the_opening_looks_ahead_and_that_of_the_close_does_not(
    seed: int, tmp_path: Path, *, opened: bool
) -> None:
    changes = hourly(seed)
    early = found(tmp_path, changes, by_day(changes), 0, opened=opened)
    assert isinstance(early, CandleStamps)
    assert early.looks_ahead
    assert "The labels look ahead: they stand at round times every 1 d" in early.sentence
    # Days that begin at midnight elsewhere.
    late = found(tmp_path, changes, by_day(changes), 24 * HOUR_MS + 5 * HOUR_MS, opened=opened)
    assert isinstance(late, CandleStamps)
    assert not late.looks_ahead
    assert "If that is the opening of a candle" in late.sentence


def test_a_regime_that_lasts_is_no_look_ahead(tmp_path: Path) -> None:
    """Its label says much of the trades that follow, and so does the one before."""
    changes = hourly(1, lasting=0.002)
    labels = ["BULL" if day // 20 % 2 else "BEAR" for day in range(DAYS)]
    seen = found(tmp_path, changes, labels, 0)
    assert isinstance(seen, CandleStamps)
    assert seen.own_share > 0.2
    assert not seen.looks_ahead


def test_nothing_is_said_where_there_are_no_candles_or_no_trades_within(tmp_path: Path) -> None:
    changes = hourly(2)
    assert found(tmp_path, changes, by_day(changes), 1_234) is None, "no round times"
    assert found(tmp_path, changes[:120], by_day(changes), 0) is None, "hardly any trade"
    assert found(tmp_path, changes, by_day(changes)[:15], 0) is None, "hardly any observation"
    flat = found(tmp_path, np.zeros_like(changes), by_day(changes), 0)
    assert isinstance(flat, CandleStamps)
    assert (flat.own_share, flat.looks_ahead) == (0.0, False)
    one = found(tmp_path, changes, ["UP"] * DAYS, 0)
    assert isinstance(one, CandleStamps)
    assert not one.looks_ahead


def test_the_example_shows_what_looking_ahead_seems_to_earn(tmp_path: Path) -> None:
    """On a random walk, for which it needs no prices; and its filtered states know nothing of what comes."""
    spec = importlib.util.spec_from_file_location("look_ahead", REPOSITORY / "examples" / "look_ahead.py")
    assert spec is not None
    assert spec.loader is not None
    example: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    lines = {
        at_opening: example.replayed(tmp_path, f"walk {at_opening}", example.by_day(hourly(4), at_opening=at_opening))
        for at_opening in (True, False)
    }
    assert lines[True][-1] == "warns"
    assert lines[True][1].endswith("*")
    assert lines[False][-1] == ""
    assert not lines[False][1].endswith("*")
    changes = np.random.default_rng(5).normal(0.0, np.repeat((0.005, 0.02, 0.005), 200))
    found = example.probabilities(changes)
    assert 0.2 < np.mean(found["filtered"] > 0.5) < 0.5
    apart = np.abs(np.diff(found["filtered"])) > 0.2
    assert np.count_nonzero(apart) > np.count_nonzero(np.abs(np.diff(found["smoothed"])) > 0.2), "it knows less"


def test_a_replay_warns(tmp_path: Path) -> None:
    changes = hourly(3)
    found(tmp_path, changes, by_day(changes), 0)
    files = [str(tmp_path / "regimes.csv"), str(tmp_path / "trades.csv")]
    done = CliRunner().invoke(replay, [*files, "--out", str(tmp_path / "report")])
    assert done.exit_code == 0, done.output
    assert "WARNING. The labels look ahead" in done.output
    told = json.loads((tmp_path / "report" / "report.json").read_text())["regimes"]["candle_stamps"]
    assert told["looks_ahead"]
    assert "stamp them one candle later" in (tmp_path / "report" / "report.html").read_text()
