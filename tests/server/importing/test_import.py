"""`strategic-memory-server import` against a real Redis: the past is written once, and never behind what is newer."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis
from click.testing import CliRunner, Result
from patient_redis import PATIENT

from strategic_memory_server.cli.import_command import import_past
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.importing import writing
from strategic_memory_server.redis_access.round_trip import round_trip

TRADES, REGIMES, PORTFOLIO = (f"quantum:stream:{name}" for name in ("trade.results", "meta.regime", "portfolio.memory"))

Entry = tuple[str, dict[str, str]]


def run(server: EmbeddedRedis, *arguments: str | Path) -> Result:
    return CliRunner(env=PATIENT).invoke(import_past, [*map(str, arguments), "--redis-url", server.url])


def entries(client: redis.Redis, key: str) -> list[Entry]:
    found: Any = client.xrange(key)
    return [(i.decode(), {name.decode(): value.decode() for name, value in fields.items()}) for i, fields in found]


def many_trades(path: Path, count: int = 2_500) -> list[str]:
    source = Random(3)
    rows = [f"{1_700_000_000 + row // 3},BULL,{source.gauss(0, 1):.4f},BALANCED,t{row}" for row in range(count)]
    path.write_text("\n".join(["time,market_regime,realized_pnl,policy,trade_id", *rows]) + "\n")
    return rows


def test_each_row_goes_into_its_stream_as_a_producer_writes_it(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    (tmp_path / "mixed.csv").write_text(
        "time,kind,regime,pnl,policy,strategy,trade_id,confidence,opened\n"
        "2024-01-03,trade,bear,-1.5,AGGRESSIVE,carry,17,,2024-01-01T12:00:00.250\n"
        "2024-01-01,regime,bull,,,,,0.8,\n"
        "2024-01-02,portfolio,,0.25,,,,,2024-01-01\n"
        "2024-01-03,trade,,2,,,,,2024-01-03\n"
        "2024-01-02,trade,bull,9,,,17,,\n"
    )
    done = run(redis_server, tmp_path / "mixed.csv")
    assert done.exit_code == 0, done.output
    assert "1 rows have the id of another trade: each id counts once, at its last row" in done.output
    assert "mixed.csv: our own columns, 1 regime rows and 1 portfolio rows and 3 trade rows" in done.output
    assert entries(redis_client, REGIMES) == [("1704067200000-0", {"regime": "BULL", "confidence": "0.8"})]
    assert entries(redis_client, PORTFOLIO) == [("1704153600000-0", {"opened_at": "1704067200000", "pnl": "0.25"})]
    (first, named), (second, unnamed) = entries(redis_client, TRADES)
    assert (first, second) == ("1704240000000-0", "1704240000000-1")
    assert named == {
        "market_regime": "BEAR", "realized_pnl": "-1.5", "policy": "AGGRESSIVE", "strategy": "carry", "trade_id": "17",
        "opened_at": "1704110400250",
    }  # fmt: skip
    assert unnamed.pop("trade_id")
    assert unnamed == {"realized_pnl": "2.0"}


def test_what_a_replay_tells_of_rows_that_it_uses_is_told(redis_server: EmbeddedRedis, tmp_path: Path) -> None:
    (tmp_path / "trades.csv").write_text(
        "time,realized_pnl,regime,policy\n2024-01-01,1,BULL,low\n2024-01-02,2,BULL,BALANCED\n2024-01-03,3,'BULL',low\n"
    )
    told = run(redis_server, tmp_path / "trades.csv", "--dry-run").output
    assert "2 rows name a policy that is none of the three, and count without one" in told
    assert "1 rows name a regime that looks like another one" in told


def test_files_are_read_as_people_write_them_or_refused_as_by_replay(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    trades = tmp_path / "trades.csv"
    trades.write_text("time;realized_pnl;trade_id\n01/05/2024 01:30;-1.230 €;a\n02/05/2024 01:30;470 €;b\n")
    for flags, why in (
        ((), "say --decimal comma for -1230"),
        (("--decimal", "comma"), "--dates day-first or --dates month-first"),
        (("--decimal", "comma", "--dates", "day-first", "--zone", "Nowhere/Land"), "'Nowhere/Land' is no zone"),
    ):
        done = run(redis_server, trades, *flags)
        assert done.exit_code != 0
        assert why in done.output
    assert not redis_client.exists(TRADES)

    (tmp_path / "fractions.csv").write_text('time,realized_pnl\n2024-01-05,"0,01"\n')
    both = (trades, tmp_path / "fractions.csv", "--decimal", "comma", "--dates", "day-first", "--dry-run")
    assert "has pnl in EUR (-1230) and" in run(redis_server, *both).output
    assert run(redis_server, *both, "--one-unit").exit_code == 0

    done = run(redis_server, trades, "--decimal", "comma", "--dates", "day-first", "--zone", "Europe/Berlin")
    assert done.exit_code == 0, done.output
    assert "realized_pnl: decimal comma, thousands by dot, in EUR ('-1.230 €' is -1230)" in done.output
    first_ms = 1_714_519_800_000
    assert entries(redis_client, TRADES) == [
        (f"{first_ms}-0", {"realized_pnl": "-1230.0", "trade_id": "a"}),
        (f"{first_ms + 86_400_000}-0", {"realized_pnl": "470.0", "trade_id": "b"}),
    ]


def test_it_is_written_once_and_goes_on_where_it_was_cut_off(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PAGE", 300)
    rows = many_trades(tmp_path / "trades.csv")
    assert "2500 entries would be written" in run(redis_server, tmp_path / "trades.csv", "--dry-run").output
    assert not redis_client.exists(TRADES)
    run(redis_server, tmp_path / "trades.csv")
    whole = entries(redis_client, TRADES)
    assert [fields["trade_id"] for _, fields in whole] == [f"t{row}" for row in range(len(rows))]

    for left in (0, 1, 1_100, 2_500):
        redis_client.delete(TRADES)
        for entry_id, fields in whole[:left]:
            redis_client.xadd(TRADES, dict(fields.items()), id=entry_id)
        done = run(redis_server, tmp_path / "trades.csv")
        assert done.exit_code == 0, done.output
        assert entries(redis_client, TRADES) == whole
        assert f"{2_500 - left} entries to write" in done.output
    redis_client.xadd(TRADES, {"realized_pnl": 1})
    assert run(redis_server, tmp_path / "trades.csv").exit_code == 0, "live entries come after it"
    assert redis_client.xlen(TRADES) == 2_501


def test_pages_of_an_import_before_that_arrive_late_are_told_from_what_somebody_else_adds(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis stood still, the import ended without an answer and was run again: its own entries were in its way."""
    monkeypatch.setattr(writing, "PAGE", 300)
    many_trades(tmp_path / "trades.csv", 1_000)
    run(redis_server, tmp_path / "trades.csv")
    whole = entries(redis_client, TRADES)
    arriving: list[Entry] = []

    async def late(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  as Redis has it
        while options and arriving:  # a page is about to be written
            entry_id, fields = arriving.pop(0)
            redis_client.xadd(TRADES, dict(fields.items()), id=entry_id)
        return await round_trip(*arguments, **options)

    monkeypatch.setattr(writing, "round_trip", late)
    for count in (100, 450, 1_000):
        redis_client.delete(TRADES)
        arriving += whole[:count]
        done = run(redis_server, tmp_path / "trades.csv")
        assert (done.exit_code, arriving) == (0, []), done.output
        assert entries(redis_client, TRADES) == whole
    redis_client.delete(TRADES)
    arriving.append(("1700000000100-0", {"realized_pnl": "1"}))
    done = run(redis_server, tmp_path / "trades.csv")
    assert (done.exit_code, "another --key-prefix" in done.output) == (1, True), done.output


def test_a_page_that_a_full_redis_refuses_is_not_there_in_part(
    fresh_redis: EmbeddedRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have room again for what comes after the first that was refused."""
    monkeypatch.setattr(writing, "PAGE", 100)
    many_trades(tmp_path / "trades.csv")
    found: set[int] = set()
    with redis.Redis.from_url(fresh_redis.url) as client:
        for room in range(40_000, 400_000, 40_000):
            client.flushall()
            client.config_set("maxmemory", client.info("memory")["used_memory"] + room)
            run(fresh_redis, tmp_path / "trades.csv")
            client.config_set("maxmemory", 0)
            found.add(client.xlen(TRADES))
        done = run(fresh_redis, tmp_path / "trades.csv")
        assert (done.exit_code, client.xlen(TRADES)) == (0, 2_500), done.output
    assert found - {0, 2_500}, "none was cut off"
    assert {length % 100 for length in found} == {0}


def test_nothing_goes_behind_what_is_newer(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    many_trades(tmp_path / "trades.csv", 30)
    (tmp_path / "regimes.csv").write_text("time,regime\n1700000000,BULL\n")
    redis_client.xadd(TRADES, {"realized_pnl": 1}, id="1700000004000-0")
    refused = run(redis_server, tmp_path / "regimes.csv", tmp_path / "trades.csv")
    assert refused.exit_code == 1
    assert f"{TRADES} holds entries up to 2023-11-14T22:13:24Z" in refused.output
    assert "another --key-prefix" in refused.output
    assert redis_client.xlen(TRADES) == 1
    assert not redis_client.exists(REGIMES), "not even the stream that has room"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,regime\n4102444800,BULL\n", "after tomorrow"),
        ("time,pnl\nnever,1\n", "no usable row"),
        ("a,b\n1,2\n", "Columns|needed are"),
    ],
)
def test_files_that_cannot_be_taken_are_told(redis_server: EmbeddedRedis, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "file.csv").write_text(text)
    refused = run(redis_server, tmp_path / "file.csv")
    assert refused.exit_code == 1
    assert any(each in refused.output for each in said.split("|"))


def test_a_redis_that_cannot_be_used_is_told(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    many_trades(tmp_path / "trades.csv", 3)
    redis_client.set(TRADES, "text")
    refused = run(redis_server, tmp_path / "trades.csv")
    assert (refused.exit_code, "WRONGTYPE" in refused.output) == (1, True)
    twice = CliRunner().invoke(import_past, [str(tmp_path / "trades.csv"), str(tmp_path / "." / "trades.csv")])
    assert (twice.exit_code, "is the same file as" in twice.output) == (2, True)
    away = CliRunner().invoke(import_past, [str(tmp_path / "trades.csv"), "--redis-url", "redis://127.0.0.1:1/0"])
    assert (away.exit_code, "Redis at redis://127.0.0.1:1/0" in away.output) == (1, True)
    assert "; start Redis, or give REDIS_URL where it is" in away.output
    wrong = CliRunner().invoke(import_past, [str(tmp_path / "trades.csv"), "--redis-url", "nonsense"])
    assert wrong.exit_code == 2


@pytest.mark.parametrize(("column", "most"), [("market_regime", 1_000), ("strategy", 10_000)])
def test_more_names_than_are_told_apart_are_refused(
    column: str, most: int, redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    rows = [f"{1_700_000_000 + row},1,name-{row}" for row in range(most + 1)]
    (tmp_path / "orders.csv").write_text("\n".join([f"time,realized_pnl,{column}", *rows]) + "\n")
    refused = run(redis_server, tmp_path / "orders.csv")
    assert refused.exit_code == 1
    assert f"more than {most} different names" in refused.output
    assert redis_client.dbsize() == 0
