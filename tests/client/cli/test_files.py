"""Tables in files: what is in them is sent whole, and what cannot be read is an error that names the place."""

from __future__ import annotations

import io
import math
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from client.command_line import run
from client.feedback_samples import feedback_message
from client.scripted_peer import ScriptedPeer, send
from each_case import each_case

from strategic_memory.v1 import analysis_pb2, memory_pb2
from strategic_memory_client.cli.files.memory_files import read_memory
from strategic_memory_client.cli.files.table import FileError
from strategic_memory_client.wire.analysis_to_wire import analyze_request

TRADES = """\
Market Regime;realized_pnl;policy;strategy;timestamp;opened_at;symbol
BULL;0.3;BALANCED;carry;2026-01-05 10:00:00;2026-01-05 09:00:00;BTC

;-1e-1;balanced;NaN;2026-01-05 12:00:00+01:00;;"BTC; perpetual"
 bull ;+.2;<NA>;;2026-01-05T12:00:00.000Z;1767612600.0;ETH
"""
CLOSED_MS = [1_767_607_200_000, 1_767_610_800_000, 1_767_614_400_000]
SENT = memory_pb2.TradeColumns(
    market_regime_names=["BULL", "", "bull"],
    market_regime_code=[0, 1, 2],
    realized_pnl=[0.3, -0.1, 0.2],
    policy_names=["BALANCED", "balanced", ""],
    policy_code=[0, 1, 2],
    strategy_names=["carry", ""],
    strategy_code=[0, 1, 1],
    time_ms=CLOSED_MS,
)


def sent(*files: str) -> tuple[memory_pb2.InlineMemory, list[str]]:
    told: list[str] = []
    return analyze_request(read_memory(files, told.append), None).inline, told


def test_csv_as_people_write_it(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    for written in (TRADES.encode(), b"\xef\xbb\xbf" + TRADES.replace("\n", "\r\n").encode()):
        path.write_bytes(written)
        found, (told,) = sent(str(path))
        assert list(found.trade_results.opened_at) == [1_767_603_600_000, 0, 1_767_612_600_000]
        found.trade_results.ClearField("opened_at")
        assert found.trade_results == SENT
        assert told == (
            f"{path}: 3 trade_results from 2026-01-05 10:00:00 to 2026-01-05 12:00:00 UTC, of the columns Market "
            "Regime, realized_pnl, policy, strategy, timestamp, opened_at; not used: symbol"
        )


def test_frames_that_pandas_writes_as_csv_and_parquet_are_the_same_memory(tmp_path: Path) -> None:
    closed = pd.to_datetime(CLOSED_MS, unit="ms", utc=True)
    frame = pd.DataFrame(
        {
            "market_regime": ["BULL", None, "bull"],
            "realized_pnl": [0.3, -0.1, 0.2],
            "policy": pd.Series(["BALANCED", "balanced", None], dtype="category"),
            "strategy": pd.Series(["carry", pd.NA, pd.NA], dtype="string"),
            "time_ms": closed,
            "trade_id": [7, 8, 9],
        }
    )
    for times in (closed.tz_convert("Europe/Berlin"), closed.tz_localize(None), closed.as_unit("ns"), CLOSED_MS):
        frame["time_ms"] = times
        for index in (True, False):
            frame.to_csv(tmp_path / "frame.csv", index=index)
            frame.to_parquet(tmp_path / "frame.parquet", index=index)
            for name in ("frame.csv", "frame.parquet"):
                found, (told,) = sent(str(tmp_path / name))
                assert found.trade_results == SENT, (name, times)
                assert "not used: " in told
                assert "trade_id" in told


def test_marks_and_lines_for_other_programs_and_the_names_of_a_replay_are_known(tmp_path: Path) -> None:
    text = "time;opened;realized_pnl\n2026-01-05 10:00:00;2026-01-05 09:00:00;1.5\n"
    for begins in ("", "\ufeff", "\ufeff\ufeff", "sep=;\n", '\ufeff"sep=;"\r\n'):
        found, (told,) = sent(written(tmp_path, begins + text))
        assert list(found.trade_results.time_ms) == [1_767_607_200_000]
        assert list(found.trade_results.opened_at) == [1_767_603_600_000]
        assert told.endswith("of the columns time, opened, realized_pnl")
    with pytest.raises(FileError, match="line 3: realized_pnl is 'x'"):
        sent(written(tmp_path, "sep=;\nrealized_pnl;policy\nx;\n"))


def test_the_table_is_told_by_its_columns_or_by_who_gives_it(tmp_path: Path) -> None:
    observed, earned = tmp_path / "regimes.csv", tmp_path / "equity.csv"
    observed.write_text("time,regime,confidence\n2026-01-05,BULL,0.8\n2026-01-06,BEAR,\n")
    earned.write_text("time,regime,pnl\n2026-01-05,,1\n2026-01-06,BEAR,2\n")
    found, _ = sent(str(observed), f"portfolio_entries={earned}")
    assert math.isnan(found.regime_observations.confidence[1])
    assert list(found.portfolio_entries.pnl) == [1.0, 2.0]
    assert list(found.portfolio_entries.regime_names) == ["", "BEAR"]
    with pytest.raises(
        FileError, match="may be regime_observations or portfolio_entries: say which, as --file regime_"
    ):
        sent(str(earned))
    with pytest.raises(FileError, match="gives regime_observations, which another file gives too"):
        sent(str(observed), str(observed))


def written(tmp_path: Path, content: str | bytes) -> str:
    path = tmp_path / "table"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def parquet(columns: dict[str, Any], names: list[str] | None = None) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns).rename_columns(names or list(columns)), file)
    return file.getvalue()


TWICE = parquet({"realized_pnl": [0.3], "another": [9.0]}, ["realized_pnl", "realized_pnl"])
WHOLE = parquet({"realized_pnl": [0.3, 0.2], "time": pa.array([0, 1], pa.timestamp("s"))})


@each_case(
    ("content", "told"),
    [
        ("", "is empty"),
        ("realized_pnl,policy\n", "has no rows: its first line names the columns"),
        ("0.3,BALANCED\n0.2,BALANCED\n", "names no column of a memory in its first line"),
        ("policy,pnl\nBALANCED,1\n", "has no column realized_pnl, which trade_results need: it has policy, pnl"),
        ("realized_pnl\n0,5\n", "line 2: has another number of cells than the first line"),
        ("realized_pnl\n1\n\n\n0.5%\n", "line 5: realized_pnl is '0.5%', which is no number: write it as 1234.5"),
        ("realized_pnl;policy\n0,5;BALANCED\n", "line 2: realized_pnl is '0,5', which is no number"),
        (
            "realized_pnl;policy\n1.234;\n-2.500;\n3;\n",
            "line 2: realized_pnl is 1.234, which may be 1234 as well: write",
        ),
        ("realized_pnl\n1\ninf\n", "line 3: realized_pnl is 'inf'"),
        ("realized_pnl\n1\n1_000\n", "line 3: realized_pnl is '1_000'"),
        ("realized_pnl,policy\n1,BALANCED\nNA,BALANCED\n", "line 3: realized_pnl is not known: leave the row out"),
        ("regime,trend\nBULL,1\n,1\n", "line 3: regime is not known: leave the row out"),
        ("realized_pnl,time\n1,2026-01-05\n2,\n", "line 3: time_ms is not known: leave the entry out"),
        ("realized_pnl,time\n1,05.01.2026\n", "line 2: time_ms is '05.01.2026', which is no time: give ISO 8601"),
        ("realized_pnl,time\n1,20260105\n", "line 2: time_ms reads as 20260105 ms since 1970, which is not from 1990"),
        ("realized_pnl,time\n1,1.767607e+12\n", "line 2: time_ms is '1.767607e+12', which is no time"),
        (
            "realized_pnl,time\n1,1767607200\n2,1767607260000\n",
            "line 3: time_ms is 1767607260000, which reads as milli",
        ),
        (
            "realized_pnl,time,Timestamp\n1,2026-01-05,2026-01-05\n",
            "has 'time' and 'Timestamp', which are both time_ms",
        ),
        (
            "time,realized_pnl\n2026-01-06,1\n\n2026-01-05,2\n",
            "line 4: time_ms is earlier than in the row above: sort the rows by time, oldest first",
        ),
        (
            "realized_pnl,Trade ID\n1,7\n2,NaN\n3,\n4,7.0\n5,8\n",
            "line 5: trade_id is '7', as in line 2: a trade counts once, so leave one of the two out",
        ),
        (parquet({"realized_pnl": [1.0, 2.0], "trade_id": [7, 7]}), "row 2: trade_id is '7', as in row 1"),
        ("realized_pnl,realized_pnl\n1,2\n", "names the column 'realized_pnl' twice"),
        ("realized_pnl,volatility\n1,2\n", "may be trade_results or regime_observations: say which, as --file"),
        ('realized_pnl\n"1\n', "unexpected end of data"),
        (b"realized_pnl,strategy\n1,caf\xe9\n", "is not UTF-8"),
        (b"realized_pnl\n1\n\x00\n", "line"),
        (WHOLE[:-20], "is no Parquet file that can be read"),
        (WHOLE[:60] + b"\xff\xff" + WHOLE[62:], "table"),
        (WHOLE, "row 1: time_ms reads as 0 ms since 1970, which is not from 1990"),
        (parquet({"realized_pnl": []}), "has no rows: each of them is an entry"),
        (TWICE, "names the column 'realized_pnl' twice"),
        (parquet({"realized_pnl": ["0.3", "x"]}), "row 2: realized_pnl is 'x', which is no number"),
        (parquet({"realized_pnl": [1.0], "policy": [1]}), "row 1: policy must be a text, is 1"),
        (parquet({"realized_pnl": [1.0], "policy": [["A"]]}), "row 1: policy must be a text, is ['A']"),
        (parquet({"regime": ["A"], "pnl": pa.array([2**62], pa.timestamp("us"))}), "may be regime_observations or"),
    ],
)
def test_a_table_that_cannot_be_read(content: str | bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(FileError) as refused:
        sent(written(tmp_path, content))
    assert told in str(refused.value)


def test_names_of_a_file_are_shown_without_what_a_terminal_obeys(tmp_path: Path) -> None:
    _, (told,) = sent(written(tmp_path, "realized_pnl,\x1b[31mred\x07,\n1,2,3\n"))
    assert told.endswith("; not used: \ufffd[31mred\ufffd, one without a name")


def test_numbers_with_three_decimals_are_read_where_nothing_else_can_be_meant(tmp_path: Path) -> None:
    for content in ("realized_pnl;policy\n1.234;\n0.500;\n", "realized_pnl,policy\n1.234,\n"):
        assert sent(written(tmp_path, content))[0].trade_results.realized_pnl[0] == 1.234


def test_times_beyond_all_bounds_are_an_error(tmp_path: Path) -> None:
    beyond = parquet({"regime": ["A"], "pnl": pa.array([2**62], pa.timestamp("us")), "trend": [1.0]})
    with pytest.raises(FileError, match="row 1: pnl "):
        sent(written(tmp_path, beyond))


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(FileError, match=r"pip install 'strategic-memory\[parquet\]'"):
        sent(written(tmp_path, WHOLE))


@pytest.mark.processes
def test_the_windows_are_as_long_as_the_tables_unless_given(tmp_path: Path) -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    rows = "\n".join(f"{number},{start + timedelta(hours=number)}" for number in range(40))
    path = written(tmp_path, "realized_pnl,time\n" + rows + "\n")
    with ScriptedPeer(send()) as peer:
        peer.feedback = feedback_message(0)
        for flags in ([], ["--trade-window", "30"]):
            ended = run("analyze", "-a", peer.address, "--file", path, *flags)
            assert ended.code == 0
            assert "40 trade_results from 2026-01-05 00:00:00 to 2026-01-06 15:00:00 UTC" in ended.err
        assert run("analyze", "-a", peer.address).code == 0
        windows = [request.settings for request in peer.analyses]
    assert windows == [analysis_pb2.AnalysisSettings(trade_window=window) for window in (40, 30)] + [
        analysis_pb2.AnalysisSettings()
    ]
