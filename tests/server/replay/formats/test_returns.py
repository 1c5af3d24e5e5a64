"""Series of returns, and what is none: the value of a portfolio at each time."""

from __future__ import annotations

from pathlib import Path

import pytest
import replay_records

from strategic_memory_server.replay.files.errors import ReplayError


def series_of(folder: Path, cells: list[str]) -> Path:
    path = folder / "series.csv"
    path.write_text(",0\n" + "".join(f"2025-01-{day:02},{cell}\n" for day, cell in enumerate(cells, start=1)))
    return path


def test_the_value_of_a_portfolio_is_no_series_of_returns(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"none of 30 periods earned 0 or less.*pct_change"):
        replay_records.read([series_of(tmp_path, [str(10_000 + day) for day in range(30)])])


@pytest.mark.parametrize("one", ["-0.01", "\N{MINUS SIGN}0.01", "(0.01)", "0.0", "0"])
def test_returns_of_which_one_is_not_above_0_are_read(one: str, tmp_path: Path) -> None:
    assert len(replay_records.read([series_of(tmp_path, ["0.01"] * 30 + [one])])) == 31


def test_a_few_periods_may_all_have_earned(tmp_path: Path) -> None:
    assert len(replay_records.read([series_of(tmp_path, ["0.01"] * 29)])) == 29


def test_numbers_of_rows_may_stand_beside_the_dates_and_another_series_may_not(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text(",Date,Strategy\n0,2025-01-06,\n1,2025-01-07,0.5\n2,2025-01-08,-0.25\n")
    assert replay_records.read([path]).entries.pnl.tolist() == [0.5, -0.25]
    path.write_text(",Strategy,Benchmark\n2025-01-07,0.5,0.1\n2025-01-08,-0.25,0.1\n")
    with pytest.raises(ReplayError, match="no usable row"):
        replay_records.read([path])
