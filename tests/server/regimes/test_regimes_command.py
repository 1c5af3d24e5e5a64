"""`strategic-memory-server regimes`: from files of candles to files of labels, and what it says when it cannot."""

from __future__ import annotations

import csv
import importlib
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from server.regimes.made_up_prices import BEGIN_S, DAY_S, RISING, STILL, WILD, closes_of

from strategic_memory_server.cli.regimes import regimes
from strategic_memory_server.regimes.labelling import timed_labels
from strategic_memory_server.regimes.prices import Prices, Stamps
from strategic_memory_server.regimes.threshold_detector import ThresholdDetector

PYARROW = ("pyarrow.feather", "pyarrow.parquet")
CLOSES = closes_of((STILL, 200), (RISING, 150), (WILD, 100))
TIMES = [datetime.fromtimestamp(BEGIN_S + DAY_S * bar, UTC) for bar in range(CLOSES.size)]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(regimes, [str(argument) for argument in arguments])


def write_candles(path: Path, header: str = "date,open,close", rows: Sequence[int] = range(CLOSES.size)) -> Path:
    lines = [f"{TIMES[row].isoformat()},1,{CLOSES[row]:.10f}" for row in rows]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def labels_in(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def expected(stamps: Stamps = Stamps.OPENING) -> list[tuple[str, str]]:
    prices = Prices([round(1000 * time.timestamp()) for time in TIMES], CLOSES.tolist(), 0)
    return [
        (datetime.fromtimestamp(timed.time_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"), timed.label.regime)
        for timed in timed_labels(ThresholdDetector(), prices, stamps)
    ]


@pytest.mark.parametrize("stamps", Stamps)
def test_labels_are_stamped_at_the_close(tmp_path: Path, stamps: Stamps) -> None:
    done = run(write_candles(tmp_path / "prices.csv"), "--out", tmp_path / "labels.csv", "--stamps", stamps.value)
    assert done.exit_code == 0, done.output
    rows = labels_in(tmp_path / "labels.csv")
    assert [(row["time"], row["regime"]) for row in rows] == expected(stamps)
    last = TIMES[-1].timestamp() + (DAY_S if stamps is Stamps.OPENING else 0.0)
    assert datetime.fromisoformat(rows[-1]["time"]).timestamp() == last
    assert f"{len(rows)} labels from 450 closes" in done.output


def packed(path: Path) -> Path:
    """The same file within an archive whose name says nothing."""
    with zipfile.ZipFile(path.with_suffix(".x"), "w") as archive:
        archive.write(path, "candles")
    return path.with_suffix(".x")


def test_every_format_and_order_gives_the_same(tmp_path: Path) -> None:
    pyarrow, feather, parquet = (importlib.import_module(name) for name in ("pyarrow", *PYARROW))
    table = pyarrow.table({"Timestamp": pyarrow.array(TIMES), "Close": CLOSES})
    feather.write_feather(table, str(tmp_path / "BTC_USDT-1d.feather"))
    parquet.write_table(table, tmp_path / "prices.parquet")
    halves = np.arange(CLOSES.size)[::-1]
    first = write_candles(tmp_path / "a.csv", "DATE,open,Adj Close", halves[:200].tolist())
    second = write_candles(tmp_path / "b.csv", "when,open,what", halves[200:].tolist())
    for given in (
        [tmp_path / "BTC_USDT-1d.feather"],
        [tmp_path / "prices.parquet"],
        [write_candles(tmp_path / "c.csv")],
        [packed(write_candles(tmp_path / "d.csv"))],
    ):
        assert run(*given, "--out", tmp_path / "labels.csv").exit_code == 0
        assert [(row["time"], row["regime"]) for row in labels_in(tmp_path / "labels.csv")] == expected()
    unknown = run(first, second, "--out", tmp_path / "labels.csv")
    assert "none of its columns is known as time" in unknown.output
    second.write_text(second.read_text().replace("when,open,what", "date,close,close"))
    assert "names close more than once" in run(second, "--out", tmp_path / "labels.csv").output
    second.write_text(second.read_text().replace("date,close,close", "date,open,close"))
    assert run(first, second, "--out", tmp_path / "labels.csv").exit_code == 0
    assert [(row["time"], row["regime"]) for row in labels_in(tmp_path / "labels.csv")] == expected()


def test_prices_are_read_as_people_write_them(tmp_path: Path) -> None:
    # Dates of twelve days, so that nothing in them tells the day from the month.
    rows = [row for row in range(CLOSES.size) if TIMES[row].day <= 12]
    plain = write_candles(tmp_path / "plain.csv", rows=rows)
    assert run(plain, "--out", tmp_path / "expected.csv").exit_code == 0
    lines = [f"{TIMES[row]:%m/%d/%Y %H:%M:%S};{CLOSES[row]:,.10f}".translate(str.maketrans(",.", ".,")) for row in rows]
    (tmp_path / "written.csv").write_text("\n".join(["Date;Close", *lines]) + "\n")
    refused = run(tmp_path / "written.csv", "--out", tmp_path / "labels.csv")
    assert refused.exit_code == 1
    assert "has the day first or the month first" in refused.output
    done = run(tmp_path / "written.csv", "--out", tmp_path / "labels.csv", "--dates", "month-first")
    assert done.exit_code == 0, done.output
    assert labels_in(tmp_path / "labels.csv") == labels_in(tmp_path / "expected.csv")


def test_the_index_that_pandas_writes_is_the_time_and_a_column_without_a_name_is_told(tmp_path: Path) -> None:
    named = write_candles(tmp_path / "named.csv")
    index = named.read_text().replace("date,", ",", 1)
    (tmp_path / "index.csv").write_text(index)
    for prices in (named, tmp_path / "index.csv"):
        assert run(prices, "--out", tmp_path / f"of_{prices.name}").exit_code == 0
    assert labels_in(tmp_path / "of_index.csv") == labels_in(tmp_path / "of_named.csv")
    (tmp_path / "index.csv").write_text(index.replace("close", "latest", 1))
    refused = run(tmp_path / "index.csv", "--out", tmp_path / "labels.csv")
    assert refused.exit_code == 1
    assert "there are (one without a name), open" in refused.output


def test_several_symbols_are_never_one_market(tmp_path: Path) -> None:
    files = [write_candles(tmp_path / f"{pair}_USDT-1d.csv") for pair in ("BTC", "ETH")]
    refused = run(*files, "--out", tmp_path / "labels.csv")
    assert refused.exit_code == 1
    assert "2 symbols, BTC_USDT, ETH_USDT" in refused.output
    assert not (tmp_path / "labels.csv").exists()
    assert run(*files, "--out", tmp_path / "{symbol}.csv").exit_code == 0
    assert labels_in(tmp_path / "BTC_USDT.csv") == labels_in(tmp_path / "ETH_USDT.csv")
    assert run(*files, "--symbol", "btc_usdt", "--out", tmp_path / "labels.csv").exit_code == 0
    assert "BTC_USDT, ETH_USDT" in run(*files, "--symbol", "XRP", "--out", tmp_path / "labels.csv").output


def test_rows_that_cannot_be_read_are_told_when_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("time,close\n2024-01-01,0\n2024-01-02,-1\n2024-01-03,\nnever,5\n")
    refused = run(tmp_path / "prices.csv", "--out", tmp_path / "labels.csv")
    assert refused.exit_code == 1
    for reason in ("2 rows: close_not_above_0", "1 rows: close_missing", "1 rows: time_not_a_time"):
        assert reason in refused.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--map", "close=zz"), 1, "has no column 'zz', which --map names; there are date, open, close"),
        (("--map", "volume=zz"), 2, "give one of time=<column>, close=<column>, symbol=<column>"),
        (("--map", "close"), 2, "give one of"),
        (("--detector", "magic"), 2, "thresholds"),
        (("--out", "/proc/no/labels.csv"), 1, "/proc/no/labels.csv: cannot be written"),
    ],
)
def test_a_wrong_flag_is_named(tmp_path: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = run(write_candles(tmp_path / "prices.csv"), "--out", tmp_path / "labels.csv", *arguments)
    assert (done.exit_code, said in done.output.replace("\n", " ")) == (code, True), done.output


def test_a_short_history_is_told(tmp_path: Path) -> None:
    prices = write_candles(tmp_path / "prices.csv", rows=range(100))
    done = run(prices, "--out", tmp_path / "labels.csv")
    assert (done.exit_code, "100 closes are too few for a label" in done.output) == (1, True)
    assert not (tmp_path / "labels.csv").exists()


def test_the_hidden_markov_detector_is_there(tmp_path: Path) -> None:
    closes = closes_of((STILL, 400), (WILD, 200))
    rows = [f"{int(BEGIN_S + DAY_S * bar)},{close}" for bar, close in enumerate(closes)]
    (tmp_path / "prices.csv").write_text("\n".join(["time,close", *rows]))
    done = run(tmp_path / "prices.csv", "--out", tmp_path / "labels.csv", "--detector", "hidden-markov")
    assert done.exit_code == 0, done.output
    assert len(labels_in(tmp_path / "labels.csv")) == 600 - 500
