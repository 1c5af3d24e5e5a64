"""Results that are the running total of another column are refused: they count again what came before."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import replay_records
from each_case import each_case
from replay_records import csv_of

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.column_map import parse_map
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record_reading import read_record

EARNED = [200.0, -500.0, 100.0, 1_250.5, -75.0]
TOTALS = [sum(EARNED[: trade + 1]) for trade in range(len(EARNED))]


def table(head: str, earned: list[str], totals: list[str]) -> str:
    rows = (
        f'2024-01-{day:02},"{one}","{all_}"\n' for day, (one, all_) in enumerate(zip(earned, totals, strict=True), 1)
    )
    return f"{head}\n{''.join(rows)}"


WRITTEN = [
    ("Date,Trade P/L,P/L", "{:.2f}"),
    ("time,result,profit", "{:,.1f}"),
    ("date,gain,Net P&L", "${:,.2f}"),
]


@each_case("written", WRITTEN)
@each_case("turned", [False, True])
def test_a_running_total_is_refused_unless_it_is_meant(written: tuple[str, str], turned: bool, tmp_path: Path) -> None:
    head, form = written
    earned, totals = (list(map(form.format, reversed(each) if turned else each)) for each in (EARNED, TOTALS))
    text = table(head, earned, totals)
    step, total = head.split(",")[1:]
    with pytest.raises(ReplayError, match=f"column '{total}' is the running total of '{step}'"):
        csv_of(tmp_path, text)
    (tmp_path / "record.csv").write_text(text)
    for column, pnl in ((step, EARNED), (total, TOTALS)):
        names = parse_map([f"realized_pnl={column}"])
        record = read_record([tmp_path / "record.csv"], names, None, replay_records.silent)
        assert sorted(record.entries.pnl.tolist()) == pytest.approx(sorted(pnl))


@each_case("head", ["time,pnl,equity", "timestamp,Profit,Balance (USD)", "time,realized_pnl,account_value"])
@each_case("turned", [False, True])
def test_results_that_move_as_an_account_does_are_refused(head: str, turned: bool, tmp_path: Path) -> None:
    held = [10_000 + total for total in TOTALS]
    of, level = head.split(",")[1:]
    totals, levels = (list(map("{:.2f}".format, reversed(each) if turned else each)) for each in (TOTALS, held))
    with pytest.raises(
        ReplayError, match=rf"column '{of}' is a running total or a level, for it moves as '{re.escape(level)}'"
    ):
        csv_of(tmp_path, table(head, totals, levels))
    earned = list(map(str, reversed(EARNED) if turned else EARNED))
    assert len(csv_of(tmp_path, table(head, earned, levels))) == len(EARNED)


def test_a_balance_beside_results_and_copies_of_them_are_no_steps(tmp_path: Path) -> None:
    plain = list(map(str, EARNED))
    for column in (TOTALS, EARNED, [1.0] * len(EARNED)):
        assert len(csv_of(tmp_path, table("time,other,pnl", list(map(str, column)), plain))) == len(EARNED)


def test_candles_of_which_most_earn_and_cost_nothing_are_no_steps(tmp_path: Path) -> None:
    earned = [EARNED[place // 20] if place % 20 == 0 else 0.0 for place in range(100)]
    rows = (f"{1_704_412_800 + 3_600 * place},BULL,{pnl},{0.1 if pnl else 0.0}\n" for place, pnl in enumerate(earned))
    assert csv_of(tmp_path, f"time,regime,pnl,fees\n{''.join(rows)}").entries.pnl.tolist() == earned


@each_case("head", ["time,regime,pnl,equity", "time,volatility,pnl,equity"])
def test_the_way_out_keeps_what_rows_are(head: str, tmp_path: Path) -> None:
    rows = (f"2024-01-{day:02},1,{pnl},{1_000 + pnl}\n" for day, pnl in enumerate(TOTALS, 1))
    kind = Kind.REGIME if "regime" in head else Kind.PORTFOLIO
    with pytest.raises(ReplayError, match=rf"--map 'realized_pnl=pnl', and --kind {kind.name.lower()}, for its rows"):
        csv_of(tmp_path, f"{head}\n{''.join(rows)}")
    record = replay_records.read([tmp_path / "record.csv"], {"realized_pnl": "pnl"}, kind)
    assert record.by_kind[kind] == len(TOTALS)
