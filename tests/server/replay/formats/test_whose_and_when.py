"""Whose trades are read of a table, when they were opened and closed, and what each earned."""

from __future__ import annotations

from pathlib import Path

import pytest
import replay_records
from click.testing import CliRunner
from each_case import each_case

from strategic_memory_server.cli.replay import replay
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.formats.cells import is_not_zero
from strategic_memory_server.replay.formats.column_map import ColumnMap, parse_map
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Record
from strategic_memory_server.replay.record.record_reading import read_record


def record_of(folder: Path, text: str, strategy: str | None = None) -> Record:
    (folder / "record.csv").write_text(text)
    return read_record([folder / "record.csv"], ColumnMap(), None, replay_records.silent, strategy=strategy)


def test_a_strategy_is_read_wherever_there_is_a_column_of_strategies(tmp_path: Path) -> None:
    text = "time,regime,pnl,strategy\n1,BULL,,\n2,,1,A\n3,,2,B\n4,,4,A\n5,,8,\n"
    record = record_of(tmp_path, text, "A")
    assert record.entries.pnl[1:].tolist() == [1.0, 4.0]
    assert record.by_kind == {Kind.REGIME: 1, Kind.PORTFOLIO: 0, Kind.TRADE: 2}
    assert record.tables[0].left_out == {"trades of other strategies": 2}
    assert len(record_of(tmp_path, text)) == 5
    with pytest.raises(ReplayError, match="no file has trades of a strategy of that name"):
        record_of(tmp_path, text, "nonsense")
    with pytest.raises(ReplayError, match="no file has trades of a strategy of that name"):
        record_of(tmp_path, "time,pnl\n1,1\n", "A")


@pytest.mark.parametrize("flag", ["--strategy", "--zone", "--map"])
def test_an_empty_flag_as_of_a_variable_that_is_not_set_is_refused(flag: str, tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("time,pnl,strategy\n2025-01-01,1,A\n2025-01-02,2,B\n")
    asked = CliRunner().invoke(replay, [str(tmp_path / "record.csv"), flag, "", "--out", str(tmp_path / "report")])
    assert asked.exit_code == 2
    assert f"'{flag}': is empty, as a variable that is not set is: leave the flag out" in asked.output


@pytest.mark.parametrize("head", ["entry_time,time,pnl", "time,exit_time,pnl", "time,close_time,profit"])
def test_the_opening_and_the_close_are_told_apart(head: str, tmp_path: Path) -> None:
    entries = record_of(tmp_path, f"{head}\n2025-01-01,2025-01-02,5\n").entries
    assert (entries.time_ms - entries.opened_ms).tolist() == [86_400_000]


@each_case("head", ["Date,Ex. date", "time,end_time", "Date,Sell Date", "timestamp,soldTimestamp", "Date/Time,Exit"])
def test_a_time_beside_one_of_an_end_is_no_close_unless_the_user_says_so(head: str, tmp_path: Path) -> None:
    text = f"{head},profit\n2025-01-01,2025-01-02,5\n2025-01-03,2025-01-04,-7\n"
    time, end = head.split(",")
    with pytest.raises(ReplayError, match=f"has {time} and {end}; which one is the close.*'time={end},opened={time}'"):
        record_of(tmp_path, text)
    (tmp_path / "record.csv").write_text(text)
    for said, day in ((f"time={end},opened={time}", 2), (f"time={time}", 1)):
        record = read_record([tmp_path / "record.csv"], parse_map([said]), None, replay_records.silent)
        assert record.entries.time_ms.tolist()[0] == 1_735_603_200_000 + day * 86_400_000


@each_case("head", ["time,close", "time,exit_price", "time,vendor", "time,settled", "Date,Exit Time"])
def test_prices_and_times_of_something_else_are_no_end(head: str, tmp_path: Path) -> None:
    cell = {"vendor": "x", "settled": "2025-01-03", "Exit Time": "09:30"}.get(head.split(",")[1], "20250.5")
    assert len(record_of(tmp_path, f"{head},profit\n2025-01-01,{cell},5\n2025-01-02,{cell},-7\n")) == 2


def test_a_candle_with_an_observation_is_known_at_its_close_and_no_trade(tmp_path: Path) -> None:
    record = record_of(tmp_path, "time,close_time,regime\n2025-01-01,2025-01-02,BULL\n")
    assert record.by_kind[Kind.REGIME] == 1
    assert record.entries.time_ms.tolist() == [1_735_776_000_000]


def test_two_results_of_one_trade_are_refused_by_both_names(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"has pnl and net pnl; which one is the result\? --map realized_pnl"):
        record_of(tmp_path, "time,pnl,net pnl\n1,5,4\n")
    for head, told in (("Profit (USD),Profit (EUR)", r"Profit \(USD\) and Profit \(EUR\)"), ("pnl,PnL", "pnl and PnL")):
        with pytest.raises(ReplayError, match=f"has {told}; which one is the result"):
            record_of(tmp_path, f"time,{head}\n1,5,4\n")
    record = record_of(tmp_path, "time,pnl,realized_pnl\n1,5,4\n2,3,3\n3,,7\n4,8,\n")
    assert record.entries.pnl.tolist() == [3.0, 7.0, 8.0]
    assert list(record.rejected.by_reason) == ["pnl_differs_from_realized_pnl"]


@each_case("head", ["timestamp,duration,pnl", "Date,Bars held,Profit", "time,Holding_minutes,pnl"])
def test_a_time_alone_beside_how_long_a_trade_lasted_is_told(head: str, tmp_path: Path) -> None:
    time, lasted, _ = head.split(",")
    (table,) = record_of(tmp_path, f"{head}\n2024-01-05 09:30,5,1\n").tables
    assert f"{time} is taken for the close: is it not the opening, beside {lasted}?" in table.notes
    (other,) = record_of(tmp_path, f"opened,{head}\n2024-01-05 09:25,2024-01-05 09:30,5,1\n").tables
    assert not other.notes


def test_trades_that_are_still_open_are_left_out_and_told(tmp_path: Path) -> None:
    for head in ("time,pnl,status", "exit time,profit,Status"):
        record = record_of(tmp_path, f"{head}\n1,5,closed\n2,3,Open\n3,7,\n4,1,open\n")
        assert record.entries.pnl.tolist() == [5.0, 7.0]
        assert record.tables[0].left_out == {"trades still open": 2}


@each_case(
    "said",
    [
        ("status", "closed", "Active"), ("State", "CLOSED", "OPENED"), ("trade_status", "done", "running"),
        ("Exit Reason", "stop loss", "still open"), ("is_open", "0", "1"), ("Is Open", "no", "yes"),
        ("is_closed", "true", "false"), ("closed", "1", "0"), ("status", "CLOSED", "OPEN_POSITION"),
        ("State", "realised", "Unrealised"),
    ],
)  # fmt: skip
def test_every_word_for_a_trade_that_is_open_counts(said: tuple[str, str, str], tmp_path: Path) -> None:
    name, ended, still_open = said
    record = record_of(tmp_path, f"exit time,profit,{name}\n1,5,{ended}\n2,3,{still_open}\n3,-7,{ended}\n")
    assert record.entries.pnl.tolist() == [5.0, -7.0]
    assert record.tables[0].left_out == {"trades still open": 1}


def test_trades_that_were_cancelled_are_no_results(tmp_path: Path) -> None:
    record = record_of(tmp_path, "exit time,profit,status\n1,5,Filled\n2,0,CANCELLED\n3,-7,filled\n4,0,not_filled\n")
    assert record.entries.pnl.tolist() == [5.0, -7.0]
    assert record.tables[0].left_out == {"trades that were cancelled": 2}
    assert not record.tables[0].notes


def test_trades_that_were_cancelled_when_filled_in_part_count_and_are_told(tmp_path: Path) -> None:
    rows = "1,5,Filled\n2,-3,CANCELED\n3,,Canceled\n4,0.00,canceled\n5,2,cancelled\n6,n/a,void\n"
    record = record_of(tmp_path, f"exit time,profit,status\n{rows}")
    assert record.entries.pnl.tolist() == [5.0, -3.0, 2.0]
    assert record.tables[0].left_out == {"trades that were cancelled": 3}
    assert [note for note in record.tables[0].notes if note.startswith("2 rows were cancelled, or the like")]


@each_case(
    "said",
    [
        ("Type", "Exit Long", "Entry Long"), ("action", "close_long", "open_long"), ("Action", "Sell", "Enter-Short"),
        ("Transaction Type", "Trade", "Deposit"), ("type", "realized", "FUNDING_FEE"), ("event", "exit", "transfer in"),
        ("Description", "Trade", "Deposit"), ("category", "futures", "Fees"),
        ("dir", "Close Long", "Open Long"), ("Direction", "close_short", "open_short"), ("Trade", "Long", "Open Long"),
        ("Type", "Long Exit", "Long Entry"), ("Type", "ExitShort", "EntryShort"),
        ("type", "Realized", "Unrealised P&L"), ("Transaction type", "Trade", "OVERNIGHT_FEE"), ("Type", "Deal", "Tax"),
        ("type", "Rollover", "Rollover fee"), ("Type", "Sell", "ROLLOVER_INTEREST"),
    ],
)  # fmt: skip
def test_rows_that_open_and_changes_of_the_balance_are_no_results(said: tuple[str, str, str], tmp_path: Path) -> None:
    name, result, other = said
    record = record_of(tmp_path, f"time,profit,{name}\n1,5,{other}\n2,5,{result}\n3,90,{other}\n4,-7,{result}\n")
    assert record.entries.pnl.tolist() == [5.0, -7.0]
    assert record.tables[0].left_out == {"rows that open, deposits, fees and the like": 2}


def test_a_type_of_another_kind_leaves_nothing_out(tmp_path: Path) -> None:
    record = record_of(tmp_path, "time,profit,type\n1,5,opening range\n2,3,limit\n3,-7,long\n")
    assert record.entries.pnl.tolist() == [5.0, 3.0, -7.0]


def test_many_results_of_nothing_are_told(tmp_path: Path) -> None:
    fills = "".join(f"{at},buy,0\n{at + 1},sell,{at}\n" for at in range(1, 20, 2))
    notes = record_of(tmp_path, f"time,side,profit\n{fills}").tables[0].notes
    assert notes == ("10 of 20 results are 0: fills that open a position are no results, leave them out",)
    assert record_of(tmp_path, f"time,side,profit\n{fills.replace(',0', ',1')}").tables[0].notes == ()


def test_zero_is_zero_in_any_unit() -> None:
    zeros: list[Cell] = ["0.00 USDT", "0E-8", "0", 0, 0.0, "-0,00", "", "-", None, "0 %", "\u22120.00"]
    others: list[Cell] = ["0.01 USDT", "1E-8", 5, -0.5, "n/a", "10"]
    assert [cell for cell in zeros if is_not_zero(cell)] == []
    assert [cell for cell in others if not is_not_zero(cell)] == []
