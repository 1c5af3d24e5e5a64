"""Files whose rows are not the closes of one market in candles of one length: told, or refused."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from each_case import each_case
from server.regimes.test_regimes_command import run

HOUR_S, DAY_S, BEGIN_S = 3_600, 86_400, 1_700_000_000


def prices(path: Path, times_s: list[int], closes: list[str]) -> Path:
    rows = (f"{time_s},{close}\n" for time_s, close in zip(times_s, closes, strict=True))
    path.write_text("time,close\n" + "".join(rows))
    return path


def hourly(count: int = 300) -> list[int]:
    return [BEGIN_S + HOUR_S * hour for hour in range(count)]


def anyhow() -> list[int]:
    return [BEGIN_S + 1_800 * (row // 3) + (0, 420, 1_020)[row % 3] for row in range(300)]


def closes(count: int = 300, **others: str) -> list[str]:
    return [others.get(f"at_{hour}", str(100 + hour % 7)) for hour in range(count)]


def test_a_few_rows_that_are_no_closes_are_told(tmp_path: Path) -> None:
    some = closes(at_5="0", at_9="null", at_10="", at_11="NaN", at_12="-")
    done = run(prices(tmp_path / "p.csv", hourly(), some), "--out", tmp_path / "labels.csv")
    assert done.exit_code == 0
    assert "from 295 closes" in done.output
    assert "; 4 rows left out: close_missing; 1 rows left out: close_not_above_0" in done.output


def test_how_the_columns_are_written_and_closes_far_from_the_last_are_told(tmp_path: Path) -> None:
    file = prices(tmp_path / "p.csv", hourly(), closes(at_5="1.05"))
    as_dates = partial(re.sub, r"(?m)^[0-9]+", lambda at: f"{datetime.fromtimestamp(int(at[0]), UTC):%F %T}")
    file.write_text(as_dates(file.read_text()))
    done = run(file, "--out", tmp_path / "labels.csv")
    assert f"{file}: time: ISO 8601, those without a zone read as UTC\n" in done.output
    assert "; 2 closes are 3 times the one before or a third of it: right?" in done.output
    assert "right?" not in run(prices(file, hourly(), closes()), "--out", tmp_path / "labels.csv").output


@each_case(
    ("times_s", "found", "told"),
    [
        (
            hourly(),
            closes(at_5="0", at_6="-1", at_7="x", at_8="-5", at_9=""),
            "4 of 299 rows are no closes: 1 close_not_a_number, 3 close_not_above_0. Another column? --map close=",
        ),
        (hourly(200) * 2, closes(200) + closes(201)[1:], "200 of 400 closes have the time of another one that differs"),
        (
            [*hourly(160), *(hourly(160)[-1] + DAY_S * day for day in range(1, 141))],
            closes(),
            "candles of 1:00:00 and, up to 2024-04-08T13:13:20.000, of 1 day, 0:00:00: give those of one length, or",
        ),
        (anyhow(), closes(), "most times are not those of candles of one length"),
    ],
)
def test_what_is_no_market_of_one_candle_is_refused(
    times_s: list[int], found: list[str], told: str, tmp_path: Path
) -> None:
    refused = run(prices(tmp_path / "p.csv", times_s, found), "--out", tmp_path / "labels.csv")
    assert refused.exit_code == 1
    assert told in refused.output
    assert not (tmp_path / "labels.csv").exists()


def test_nights_weekends_gaps_and_months_are_candles_of_one_length(tmp_path: Path) -> None:
    sessions = [time_s for time_s in hourly(2_000) if (time_s // HOUR_S) % 24 in range(14, 21)]
    months = [BEGIN_S + DAY_S * day for day in range(300 * 30)]
    months = [time_s for number, time_s in enumerate(months) if number % 61 in (0, 31)]
    for times_s in (sessions, months, [*hourly(100), *(time_s + 30 * DAY_S for time_s in hourly()[100:])]):
        count = len(times_s)
        done = run(prices(tmp_path / "p.csv", times_s, closes(count)), "--out", tmp_path / "labels.csv")
        assert done.exit_code == 0, done.output


def test_labels_take_the_place_of_no_prices_and_of_no_device(tmp_path: Path) -> None:
    file = prices(tmp_path / "p.csv", hourly(), closes())
    before = file.read_text()
    (tmp_path / "again.csv").symlink_to(file)
    os.mkfifo(tmp_path / "pipe")
    for out, told in (("p.csv", "is one of the files"), ("again.csv", "is one of the files"), ("pipe", "is no file")):
        refused = run(file, "--out", tmp_path / out)
        assert (refused.exit_code, told in refused.output) == (1, True)
    assert file.read_text() == before
    assert (tmp_path / "pipe").is_fifo()


def test_times_of_closes_may_lie_anyhow(tmp_path: Path) -> None:
    file = prices(tmp_path / "p.csv", anyhow(), closes())
    assert run(file, "--out", tmp_path / "labels.csv", "--stamps", "closing").exit_code == 0


@each_case("offset_s", [0, 5 * HOUR_S])
def test_files_of_candles_of_two_lengths_are_no_one_market(offset_s: int, tmp_path: Path) -> None:
    """Those of the longer ones would be known a day too soon; at another time of day no close differs either."""
    days = [BEGIN_S // DAY_S * DAY_S + offset_s + DAY_S * day for day in range(9)]
    minutes = [days[0] - offset_s + 300 * row for row in range(288 * 9)]
    minutes = [time_s for time_s in minutes if offset_s == 0 or time_s not in days]
    short = prices(tmp_path / "BTC_USDT-5m.csv", minutes, closes(len(minutes)))
    long = prices(tmp_path / "BTC_USDT-1d.csv", days, closes(9, at_1="90"))
    refused = run(short, long, "--out", tmp_path / "labels.csv")
    assert refused.exit_code == 1
    assert f"several lengths, {short} of 0:05:00 and {long} of 1 day, 0:00:00: give those of one" in refused.output
    assert run(short, long, "--out", tmp_path / "labels.csv", "--stamps", "closing").exit_code == 0


def test_symbols_that_would_have_one_file_are_told_before_anything_is_written(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    rows = [f"{time_s},{close},{{}}" for time_s, close in zip(hourly(), closes(), strict=True)]
    both = [row.format(pair) for pair in ("BTC/USDT", "BTC_USDT") for row in rows]
    file.write_text("\n".join(["time,close,pair", *both]))
    refused = run(file, "--out", tmp_path / "labels-{symbol}.csv")
    assert refused.exit_code == 1
    assert "labels-BTC_USDT.csv would be that of BTC/USDT and of BTC_USDT: choose one with --symbol" in refused.output
    assert list(tmp_path.iterdir()) == [file]
    assert run(file, "--out", tmp_path / "labels-{symbol}.csv", "--symbol", "BTC/USDT").exit_code == 0
