"""Closes of files that grow: each is known at its end, and by no price from before it."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import pytest
import redis

from strategic_memory_server.regimes.live_closes import (
    CHANGED_LOOKS,
    UNREAD_LOOKS,
    KnownCloses,
    closes_of_files,
    closes_of_stream,
)
from strategic_memory_server.regimes.price_files import read_prices
from strategic_memory_server.regimes.prices import KnownClose, Prices, PricesError, Stamps

HOUR_S, BEGIN_S = 3_600, 1_699_999_200


class Machine:
    """A clock, and a file that somebody writes while it goes on."""

    def __init__(self, file: Path) -> None:
        self.file, self.now_s = file, 0.0
        self.to_write: list[tuple[float, list[float]]] = []

    def pause(self, seconds: float) -> None:
        self.now_s += seconds
        while self.to_write and self.to_write[0][0] <= self.now_s:
            at_s, closes = self.to_write.pop(0)
            rows = (f"{BEGIN_S + HOUR_S * hour},{close}" for hour, close in enumerate(closes))
            self.file.write_text("\n".join(["time,close", *rows]) + "\n")
            os.utime(self.file, (BEGIN_S + at_s, BEGIN_S + at_s))

    def read(self) -> Prices:
        (prices,) = read_prices([self.file], {}).values()
        return prices

    def known(self, looks: int) -> list[tuple[float, list[float]]]:
        """When closes became known, in seconds, and which."""
        self.pause(0.0)
        found: list[tuple[float, list[KnownClose]]] = [
            (self.now_s, list(each.closes))
            for each in islice(
                closes_of_files(
                    [self.file], self.read, Stamps.OPENING, clock_s=lambda: BEGIN_S + self.now_s, pause=self.pause
                ),
                looks,
            )
        ]
        return [(at_s, [close for _, close in closes]) for at_s, closes in found if closes]


def test_a_candle_that_runs_has_no_close_until_the_file_is_written_after_its_end(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "prices.csv")
    machine.now_s = 3 * HOUR_S - 40.0
    machine.to_write = [
        (0.0, [100, 101, 150]),
        (3 * HOUR_S - 30.0, [100, 101, 151]),
        (3 * HOUR_S + 20.0, [100, 101, 120, 121]),
        (3 * HOUR_S + 30.0, [100, 101, 120, 122]),
    ]
    assert machine.known(100) == [(3 * HOUR_S - 39.0, [100, 101]), (3 * HOUR_S + 21.0, [120])]


def test_a_last_candle_of_whose_end_the_file_is_written_is_known_at_its_end(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "prices.csv")
    machine.now_s = 3 * HOUR_S - 5.0
    # By the clock of who writes it, half a second behind ours.
    machine.to_write = [(2 * HOUR_S, [100, 101]), (3 * HOUR_S - 0.5, [100, 101, 120])]
    assert machine.known(20)[-1] == (3 * HOUR_S + 1.0, [120])


@pytest.mark.parametrize("order", [1, -1])
def test_a_last_candle_is_not_known_by_what_is_written_to_another_file(order: int, tmp_path: Path) -> None:
    """The close of before its end was its close for ever, as another market was written after that end."""
    machine = Machine(tmp_path / "BTC_USDT-1h.csv")
    other = Machine(tmp_path / "ETH_USDT-1h.csv")
    machine.now_s = other.now_s = 3 * HOUR_S - 10.0
    machine.to_write = [(3 * HOUR_S - 10.0, [100, 101, 150]), (3 * HOUR_S + 20.0, [100, 101, 120, 121])]
    other.to_write = [(2 * HOUR_S, [7, 7]), (3 * HOUR_S + 2.0, [7, 7, 7, 7])]
    files = [machine.file, other.file][::order]

    def pause(seconds: float) -> None:
        machine.pause(seconds)
        other.pause(seconds)

    pause(0.0)
    looks = closes_of_files(
        files,
        lambda: read_prices(files, {})["BTC_USDT"],
        Stamps.OPENING,
        clock_s=lambda: BEGIN_S + machine.now_s,
        pause=pause,
    )
    closes = [close for look in islice(looks, 60) for _, close in look.closes]
    assert closes == [100, 101, 120]


@pytest.mark.parametrize("half", ["", "time,close\n", f"time,close\n{BEGIN_S},100\n", None])
def test_a_file_whose_writer_stands_still_while_it_writes_it_anew_is_read_again(
    half: str | None, tmp_path: Path
) -> None:
    """What published the regimes ended, since the file was empty, half written or away for two looks."""
    machine = Machine(tmp_path / "prices.csv")
    machine.to_write = [(2 * HOUR_S, [100, 101]), (3 * HOUR_S, [100, 101, 120])]
    machine.now_s = 3 * HOUR_S - 15.0
    whole = machine.pause

    def pause(seconds: float) -> None:
        whole(seconds)
        if machine.now_s == 3 * HOUR_S - 12.0:
            machine.file.unlink() if half is None else machine.file.write_text(half)

    machine.pause = pause  # type: ignore[method-assign]
    # One that was away is read at the look after that at which it was there again.
    assert machine.known(20) == [(3 * HOUR_S - 14.0, [100, 101]), (3 * HOUR_S + 1.0, [120])]


def test_a_file_that_cannot_be_read_for_long_or_at_first_ends_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "prices.csv")
    machine.to_write = [(0.0, [100, 101]), (10.0, [])]
    with pytest.raises(PricesError, match="no closing price"):
        machine.known(100)
    assert machine.now_s == 11.0 + UNREAD_LOOKS - 1
    with pytest.raises(PricesError, match="no closing price"):
        machine.known(1)


def test_a_file_that_cannot_be_read_is_told_from_the_second_look_on(tmp_path: Path) -> None:
    """Nothing was said until it ended."""
    machine = Machine(tmp_path / "prices.csv")
    machine.to_write = [(0.0, [100, 101]), (5.0, []), (9.0, [100, 101, 102])]
    machine.pause(0.0)
    looks = islice(
        closes_of_files([machine.file], machine.read, Stamps.OPENING, clock_s=lambda: BEGIN_S, pause=machine.pause), 11
    )
    told = [int(machine.now_s) for look in looks if "no closing price" in look.why_none]
    assert told == [7, 8]


def test_a_file_that_changes_at_every_look_is_told(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"

    def pause(_seconds: float) -> None:
        with file.open("a") as opened:
            opened.write("x")

    pause(0.0)
    looks = islice(closes_of_files([file], lambda: pytest.fail("read"), Stamps.OPENING, pause=pause), CHANGED_LOOKS)
    assert [bool(look.why_none) for look in looks] == [False] * (CHANGED_LOOKS - 1) + [True]


def test_a_stream_in_which_no_close_comes_any_more_is_told(redis_client: redis.Redis) -> None:
    """Its producer was changed after a year, say: the label of then is the present regime for ever."""

    def add(second: int, symbol: str, field: str = "close") -> None:
        redis_client.xadd("closes", {"symbol": symbol, field: "7"}, id=f"{second * 1_000}-0")

    looks = closes_of_stream(redis_client, "closes", "BTC")
    add(10, "BTC")
    add(20, "BTC")
    assert next(looks) == KnownCloses([(10_000, 7.0), (20_000, 7.0)])
    for second in (30, 40, 50):
        add(second, "ETH")
        assert next(looks).why_none == ""
    for second in (51, 60):
        add(second, "BTC", "price")
        assert "no entry since 20000 is a candle of the symbol BTC" in next(looks).why_none
    add(70, "BTC")
    assert next(looks) == KnownCloses([(70_000, 7.0)])


def test_a_stream_of_two_markets_is_not_read_as_one(redis_client: redis.Redis) -> None:
    """Its labels were those of prices that leap from the one to the other."""
    for second, symbol, close in ((10, "", "7"), (20, "BTC", "7"), (30, "btc", "8"), (40, "ETH", "no price")):
        redis_client.xadd("closes", {"symbol": symbol, "close": close}, id=f"{second * 1_000}-0")
    looks = closes_of_stream(redis_client, "closes", None)
    assert next(looks).closes == [(10_000, 7.0), (20_000, 7.0), (30_000, 8.0)]
    redis_client.xadd("closes", {"symbol": "ETH", "close": "1"}, id="50000-0")
    with pytest.raises(PricesError, match=r"^closes: its candles are of 2 symbols, BTC, ETH: choose one with"):
        next(looks)
    assert next(closes_of_stream(redis_client, "closes", "btc")).closes == [(20_000, 7.0), (30_000, 8.0)]
