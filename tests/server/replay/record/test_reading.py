"""Reading records: each format and each column."""

from __future__ import annotations

import json
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import replay_records
from replay_files import in_order, random_rows, write_csv, write_json_lines
from replay_records import csv_of, refused
from replay_records import record_of as read

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS
from strategic_memory_server.replay.formats.column_map import parse_map
from strategic_memory_server.replay.record.entry_columns import EntryColumns, Kind
from strategic_memory_server.replay.record.record import Record


def same(one: Record, other: Record) -> bool:
    return all(
        np.array_equal(column, shown(other)[name], equal_nan=column.dtype.kind == "f")
        for name, column in shown(one).items()
    )


def shown(record: Record) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    """Columns with names in place of indices: those follow the order in which names were met."""
    columns = {name: getattr(record.entries, name) for name in EntryColumns.__slots__}
    for name, names in (("regime", record.regime_names), ("strategy", record.strategy_names)):
        columns[name] = np.array([*names, ""])[columns[name]]
    return columns


def test_every_value_of_a_row_arrives(tmp_path: Path) -> None:
    rows = in_order(random_rows(1, 300))
    record = read(write_csv(tmp_path / "record.csv", rows))
    entries = record.entries
    assert entries.time_ms.tolist() == [row.time_ms for row in rows]
    assert [Kind(kind).name.lower() for kind in entries.kind.tolist()] == [row.kind for row in rows]
    assert entries.pnl.tolist() == [row.pnl for row in rows]
    for place, row in enumerate(rows):
        assert row.regime in ("", record.regime_names[entries.regime[place]])
        is_read = row.confidence is not None and row.kind != "trade"
        assert np.isnan(entries.confidence[place]) == (not is_read)
        if row.policy_pnl is not None:
            assert entries.policy_pnl[place].tolist() == list(row.policy_pnl)
        if row.strategy:
            assert record.strategy_names[entries.strategy[place]] == row.strategy


def test_the_order_of_the_rows_in_the_files_does_not_matter(tmp_path: Path) -> None:
    rows = [row for row in random_rows(2, 400) if row.kind != "portfolio"]
    apart = {kind: [row for row in rows if row.kind == kind] for kind in ("regime", "trade")}
    files = [write_csv(tmp_path / f"{kind}.csv", some) for kind, some in apart.items()]
    assert same(read(*files), read(write_csv(tmp_path / "whole.csv", rows)))


def test_json_lines_hold_the_same_as_csv(tmp_path: Path) -> None:
    rows = random_rows(3, 300)
    lines = []
    for row in rows:
        cells = {name: cell for name, cell in row.cells().items() if cell != ""}
        numbers = {name: float(str(cell)) for name, cell in cells.items() if name.startswith(("pnl", "conf"))}
        lines.append({**cells, **numbers, "time": row.time_ms, "unread": [1]})
    assert same(
        read(write_json_lines(tmp_path / "record.jsonl", lines)), read(write_csv(tmp_path / "record.csv", rows))
    )


def test_parquet_holds_the_same_as_csv(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = random_rows(4, 300)
    table = arrow.table(
        {
            "time": arrow.array([datetime.fromtimestamp(row.time_ms / 1000, UTC) for row in rows]),
            "kind": [row.kind for row in rows],
            "regime": [row.regime or None for row in rows],
            "pnl": [row.pnl for row in rows],
            "policy": [row.policy or None for row in rows],
            "strategy": [row.strategy or None for row in rows],
            "confidence": [row.confidence for row in rows],
            **{
                name: [None if row.policy_pnl is None else row.policy_pnl[place] for row in rows]
                for place, name in enumerate(("pnl_conservative", "pnl_balanced", "pnl_aggressive"))
            },
        }
    )
    parquet.write_table(table, tmp_path / "record.parquet")
    assert same(read(tmp_path / "record.parquet"), read(write_csv(tmp_path / "record.csv", rows)))


def freqtrade_export() -> dict[str, object]:
    trade = {"pair": "BTC/USDT", "profit_abs": 12.5, "enter_tag": "BULL", "exit_reason": "roi", "leverage": 1.0}
    closed = {"open_date": "2023-11-14 22:00:00", "close_date": "2023-11-14 23:00:00+00:00"}
    momentum = [
        {**trade, **closed, "profit_ratio": 0.02, "close_timestamp": 1_700_000_060_000},
        {**trade, **closed, "profit_ratio": -0.01},
    ]
    other = [{**trade, "profit_ratio": 0.5, "close_timestamp": 1_700_000_001_000}, "broken"]
    return {"strategy": {"Momentum": {"trades": momentum}, "Other": {"trades": other}}}


@pytest.mark.parametrize("ending", [".json", ".zip"])
def test_a_freqtrade_export_is_known_at_the_close_of_its_trades(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"backtest{ending}"
    if ending == ".json":
        path.write_text(json.dumps(freqtrade_export()))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("backtest_config.json", json.dumps({"stake_currency": "USDT"}))
            archive.writestr("backtest.json", json.dumps(freqtrade_export()))
    found = [
        replay_records.read([path], {"regime": "enter_tag"}, strategy=strategy) for strategy in ("Other", "Momentum")
    ]
    times = [record.entries.time_ms.tolist() for record in found]
    assert times == [[1_700_000_001_000], [1_700_000_060_000, 1_700_002_800_000]]
    assert [record.entries.pnl.tolist() for record in found] == [[0.5], [0.02, -0.01]]
    for record, strategy in zip(found, ("Other", "Momentum"), strict=True):
        entries = record.entries
        assert set(entries.kind.tolist()) == {Kind.TRADE}
        assert {record.regime_names[code] for code in entries.regime.tolist()} == {"BULL"}
        assert {record.strategy_names[code] for code in entries.strategy.tolist()} == {strategy}
    assert sum(record.rejected.rows for record in found) == 1
    in_money = replay_records.read([path], {"realized_pnl": "profit_abs"}, strategy="Momentum")
    assert in_money.entries.pnl.tolist() == [12.5] * 2


def test_a_column_of_parquet_that_nobody_reads_cannot_fail(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = arrow.table(
        {
            "time": arrow.array([1_700_000_000_000_000_123, None], arrow.timestamp("ns", tz="UTC")),
            "pnl": [0.5, 1.0],
            "delisted": arrow.array([2**62, 2**62], arrow.timestamp("ms")),
        }
    )
    parquet.write_table(table, tmp_path / "record.parquet")
    record = read(tmp_path / "record.parquet")
    assert record.entries.time_ms.tolist() == [1_700_000_000_000]
    assert refused(record) == {"time_missing": (1, ["record.parquet:2"])}
    far = read(tmp_path / "record.parquet", names={"strategy": "delisted"})
    assert far.strategy_names[far.entries.strategy[0]] == "beyond all times"


@pytest.mark.parametrize(
    ("cell", "time_ms"),
    [
        ("1700000000000", 1_700_000_000_000),
        ("1700000000", 1_700_000_000_000),
        ("1700000000.25", 1_700_000_000_250),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14 22:13:20.5", 1_700_000_000_500),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000_000),
        ("2023-11-14", 1_699_920_000_000),
        ("20231114", 1_699_920_000_000),
        ("1969-12-31T23:59:59Z", -1_000),
    ],
)
def test_times_of_every_form(cell: str, time_ms: int, tmp_path: Path) -> None:
    assert csv_of(tmp_path, f"time,pnl\n{cell},1\n").entries.time_ms.tolist() == [time_ms]


def test_what_a_row_is_follows_from_its_columns(tmp_path: Path) -> None:
    text = "time,regime,pnl,policy\n1,BULL,,\n2,,1,\n3,BULL,1,BALANCED\n4,BEAR,1,\n"
    trades = [Kind.TRADE] * 3
    assert csv_of(tmp_path, text).entries.kind.tolist() == [Kind.REGIME, *trades]
    assert read(tmp_path / "record.csv", kind=Kind.TRADE).by_kind[Kind.TRADE] == 3
    text = "time,regime,pnl,policy\n1,BULL,1,\n2,,1,\n"
    assert csv_of(tmp_path, text).entries.kind.tolist() == [Kind.REGIME, Kind.PORTFOLIO]
    shared = "time,regime,pnl,policy,confidence\n1,BULL,1,,0.5\n2,BULL,1,BALANCED,\n3,BULL,1,,\n"
    assert csv_of(tmp_path, shared).entries.kind.tolist() == [Kind.REGIME, Kind.TRADE, Kind.TRADE]
    said = "time,kind,regime,pnl,policy\n1,,BULL,1,\n2,trade,BULL,1,BALANCED\n"
    assert csv_of(tmp_path, said).entries.kind.tolist() == [Kind.REGIME, Kind.TRADE]


def test_the_rows_above_the_first_policy_of_a_table_are_trades_too(tmp_path: Path) -> None:
    rows = [f"{row},BULL,1," for row in range(PAGE_ROWS + 10)] + [f"{PAGE_ROWS + 10},BULL,1,BALANCED"]
    record = csv_of(tmp_path, "\n".join(["time,regime,pnl,policy", *rows]) + "\n")
    assert record.by_kind == {Kind.REGIME: 0, Kind.PORTFOLIO: 0, Kind.TRADE: PAGE_ROWS + 11}


def test_what_a_trade_says_of_its_trend_in_words_is_passed_over(tmp_path: Path) -> None:
    head = "time,realized_pnl,regime,trend,confidence,volatility\n"
    record = csv_of(tmp_path, head + "1,1,BULL,up,high,low\n2,2,BEAR,down,low,high\n")
    assert record.by_kind[Kind.TRADE] == 2
    assert not record.rejected.rows


def test_two_regimes_of_one_row_refuse_it_unless_they_are_the_same(tmp_path: Path) -> None:
    head = "time,regime,market_regime,realized_pnl\n"
    record = csv_of(tmp_path, head + "1,BULL,BEAR,1\n2,bull , BULL,2\n3,NaN,BEAR,3\n4,BULL,-,4\n5,,,5\n")
    assert refused(record) == {"regime_differs_from_market_regime": (1, ["record.csv:2"])}
    assert [record.regime_names[each] for each in record.entries.regime] == ["BULL", "BEAR", "BULL", "UNKNOWN"]


def test_the_pnl_of_the_policy_followed_stands_for_the_pnl(tmp_path: Path) -> None:
    head = "time,policy,pnl_conservative,pnl_balanced,pnl_aggressive\n"
    record = csv_of(tmp_path, head + "1,AGGRESSIVE,1,2,3\n2,CONSERVATIVE,1,2,3\n3,,1,2,3\n")
    assert record.entries.pnl.tolist() == [3.0, 1.0]
    assert refused(record) == {"pnl_missing": (1, ["record.csv:4"])}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_of_every_delimiter_and_with_a_mark_at_its_start(delimiter: str, tmp_path: Path) -> None:
    for mark in ("\ufeff", "\ufeff\ufeff", "\u200b"):
        text = delimiter.join((f"{mark}time", "pnl")) + "\r\n" + delimiter.join("12") + "\r\n"
        for encoding in ("utf-8", "utf-16", "utf-32"):
            (tmp_path / "record.csv").write_bytes(text.encode(encoding))
            assert read(tmp_path / "record.csv").entries.pnl.tolist() == [2.0], (mark, encoding)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_are_the_same_with_quotes_and_without_and_know_their_lines(end: str, tmp_path: Path) -> None:
    rows = [f"{row},{'x' if row % 7_000 == 3 else row % 5},s{row % 3}" for row in range(2 * PAGE_ROWS + 5)]
    quoted = [row if number % 5_000 else f'{row[: row.rindex(",")]},"s{number % 3}"' for number, row in enumerate(rows)]
    found = []
    for name, lines in (("plain", rows), ("quoted", quoted)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "record.csv").write_text(end.join(["time,pnl,strategy", *lines]), newline="")
        found.append(read(tmp_path / name / "record.csv"))
    assert same(*found)
    assert refused(found[0]) == refused(found[1])
    assert refused(found[0])["pnl_not_a_number"][1] == ["record.csv:5", "record.csv:7005", "record.csv:14005"]


def test_a_cell_may_go_on_beyond_the_lines_that_are_read_at_once(tmp_path: Path) -> None:
    rows = [f"{row},1,a" for row in range(PAGE_ROWS - 1)]
    text = "\n".join(["time,pnl,other", *rows, '7,2,"a\nb"', "x,3,a", "8,4,a", ""])
    record = csv_of(tmp_path, text)
    assert len(record) == PAGE_ROWS + 1
    assert refused(record) == {"time_not_a_time": (1, [f"record.csv:{PAGE_ROWS + 3}"])}


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "record.csv").write_text("closed_at,profit,pnl\n1,5,7\n")
    names = parse_map(["realized_pnl=profit, time=closed_at"])
    record = read(tmp_path / "record.csv", names=names)
    assert record.entries.pnl.tolist() == [5.0], "what is mapped goes before what is found"
    assert record.entries.kind.tolist() == [Kind.TRADE]


def test_a_file_without_the_mapped_column_keeps_its_own(tmp_path: Path) -> None:
    (tmp_path / "trades.csv").write_text("closed_at,profit\n2,5\n")
    (tmp_path / "regimes.csv").write_text("time,regime\n1,BULL\n")
    names = parse_map(["realized_pnl=profit, time=closed_at"])
    record = read(tmp_path / "trades.csv", tmp_path / "regimes.csv", names=names)
    assert record.entries.time_ms.tolist() == [1_000, 2_000]
    with pytest.raises(ReplayError, match=r"no file has a column 'profits'; is it 'profit'\?"):
        read(tmp_path / "trades.csv", names={**names.everywhere, "pnl": "profits"})


def test_a_trade_has_the_regime_that_it_was_opened_in(tmp_path: Path) -> None:
    (tmp_path / "regimes.csv").write_text("time,regime\n10,BULL\n20,BEAR\n")
    (tmp_path / "trades.csv").write_text(
        "opened,time,realized_pnl\n12,25,1\n20,25,2\n5,25,3\n,25,4\n30,25,5\nnever,25,6\n"
    )
    record = read(tmp_path / "regimes.csv", tmp_path / "trades.csv")
    trades = record.entries.kind == Kind.TRADE
    regimes = [record.regime_names[code] for code in record.entries.regime[trades].tolist()]
    assert regimes == ["BULL", "BEAR", "UNKNOWN", "BEAR"]
    assert record.entries.time_ms[trades].tolist() == [25_000] * 4
    assert record.notes == {"regime_as_of_close": 1, "regime_not_observed": 1}
    assert refused(record) == {
        "opened_after_time": (1, ["trades.csv:6"]),
        "opened_not_a_time": (1, ["trades.csv:7"]),
    }


def test_rows_of_one_time_stay_in_the_order_of_their_files(tmp_path: Path) -> None:
    source = random.Random(1)
    times = [source.randrange(40) for _ in range(3_000)]
    (tmp_path / "record.csv").write_text("time,pnl\n" + "".join(f"{time},{row}\n" for row, time in enumerate(times)))
    expected = [float(row) for _, row in sorted((time, row) for row, time in enumerate(times))]
    assert read(tmp_path / "record.csv").entries.pnl.tolist() == expected


def test_what_a_file_is_says_its_content_and_not_its_ending(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("time;pnl\n1;0,5\n")
    (tmp_path / "record.xls").write_bytes(b"\0\1\2")
    with pytest.raises(ReplayError, match=r"Columns found: time, pnl"):
        read(tmp_path / "record.json", names={"pnl": "time"}, kind=Kind.REGIME)
    with pytest.raises(ReplayError, match=r"record\.xls: is no text .* CSV, JSON lines, .* are read"):
        read(tmp_path / "record.xls")
