"""Two rows a trade that both say what it earned: refused, unless something tells which is which."""

from __future__ import annotations

from pathlib import Path

import pytest
from each_case import each_case
from replay_records import csv_of, read

from strategic_memory_server.replay.files.errors import ReplayError

PNL = [3.5, -2.25, 4.0, 5.75, -1.5, 2.0, 7.25, -3.0, 1.25, 6.5, -4.75]


def rows(pnl: list[float], *, one_below_the_other: bool) -> list[str]:
    """The entry and the exit of each trade; with those of others between them, if not one below the other."""
    entered = [f"2024-01-{2 * day:02},{number},{earned}" for day, (number, earned) in enumerate(enumerate(pnl), 1)]
    ended = [f"2024-01-{2 * day + 1:02},{number},{earned}" for day, (number, earned) in enumerate(enumerate(pnl), 1)]
    return [each for both in zip(entered, ended, strict=True) for each in both] if one_below_the_other else [
        *entered, *ended
    ]  # fmt: skip


@each_case("one_below_the_other", [True, False])
def test_results_that_stand_twice_at_two_times_are_an_error(one_below_the_other: bool, tmp_path: Path) -> None:
    text = "\n".join(["time,#,profit", *rows(PNL, one_below_the_other=one_below_the_other), "2024-02-01,12,1.75"])
    with pytest.raises(ReplayError, match=r"11 of its results stand in it twice, at two times each.* --map trade_id="):
        csv_of(tmp_path, text)
    record = read([tmp_path / "record.csv"], {"trade_id": "#"})
    assert (len(record), record.notes["trade_id_repeated"]) == (12, 11)
    assert str(record.entries.time_ms.astype("datetime64[ms]")[0]).startswith("2024-01-03")


def test_results_that_are_mapped_are_meant(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("\n".join(["time,#,profit", *rows(PNL, one_below_the_other=True)]))
    with pytest.raises(ReplayError, match=r"or say that each row is a trade, --map 'realized_pnl=profit'"):
        read([tmp_path / "record.csv"])
    assert len(read([tmp_path / "record.csv"], {"realized_pnl": "profit"})) == 22


def test_results_that_no_column_holds_have_no_map(tmp_path: Path) -> None:
    head = "time,#,pnl_balanced,policy"
    text = "\n".join([head, *(f"{row},BALANCED" for row in rows(PNL, one_below_the_other=True))])
    with pytest.raises(ReplayError, match=r"--map trade_id=<column>: each id counts once, at its later row$"):
        csv_of(tmp_path, text)


@each_case("head", ["policy", "market_regime"])
@each_case("one_below_the_other", [True, False])
def test_another_policy_or_regime_is_another_trade(head: str, one_below_the_other: bool, tmp_path: Path) -> None:
    both = rows(PNL, one_below_the_other=one_below_the_other)
    is_first = [place % 2 == 0 if one_below_the_other else place < len(PNL) for place in range(len(both))]
    named = (f"{row},{'BALANCED' if first else 'AGGRESSIVE'}" for row, first in zip(both, is_first, strict=True))
    assert len(csv_of(tmp_path, "\n".join([f"time,#,realized_pnl,{head}", *named]))) == 22


def test_results_of_few_sizes_stand_twice_by_chance(tmp_path: Path) -> None:
    bets = [1.0, 1.0, -1.0, -1.0] * 6
    text = "\n".join(["time,profit", *(f"2024-01-{day:02},{pnl}" for day, pnl in enumerate(bets, 1))])
    assert len(csv_of(tmp_path, text)) == 24


def test_a_portfolio_may_be_looked_at_twice_before_it_changes(tmp_path: Path) -> None:
    text = "\n".join(["time,#,pnl", *rows(PNL, one_below_the_other=True)])
    assert len(csv_of(tmp_path, text)) == 22


def test_three_twos_are_too_few_to_tell(tmp_path: Path) -> None:
    text = "\n".join(["time,#,profit", *rows(PNL[:3], one_below_the_other=True)])
    assert len(csv_of(tmp_path, text)) == 6
