"""`strategic-memory-server regimes --publish` as a process: candles of a file or a stream become the present regime."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import commands
import pytest
import redis
from conftest import StartService
from faults.tcp_proxy import TcpProxy
from processes import eventually
from server.regimes.made_up_prices import RISING, STILL, closes_of
from service_calls import get_feedback

from strategic_memory_server.cli.publish_regimes import publish
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.regimes.label import Label
from strategic_memory_server.regimes.live_closes import KnownCloses

pytestmark = [pytest.mark.system, pytest.mark.processes]

CLOSES = closes_of((STILL, 200), (RISING, 150)).tolist()
REGIMES = "quantum:stream:meta.regime"


class Always:
    """A detector that sees the same whatever comes."""

    def update(self, time_s: float, close: float) -> Label | None:
        return Label("BULL", 0.5, time_s, close)


@contextmanager
def publishing(*arguments: str, redis_url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "strategic_memory_server", "regimes", "--publish", "--redis-url", redis_url]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def observed(client: redis.Redis) -> list[dict[str, str]]:
    found: Any = client.xrange(REGIMES)
    return [{name.decode(): value.decode() for name, value in fields.items()} for _, fields in found]


def write(path: Path, closes: list[float], last: datetime) -> None:
    rows = [f"{(last - timedelta(days=len(closes) - 1 - row)).isoformat()},{close}" for row, close in enumerate(closes)]
    path.write_text("\n".join(["time,close", *rows]) + "\n")


def test_a_file_that_grows(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, start_service: StartService, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.csv"
    yesterday = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1, minutes=1)
    write(prices, CLOSES[:-1], yesterday - timedelta(days=1))
    with publishing(str(prices), redis_url=redis_server.url) as process:
        (first,) = eventually(lambda: observed(redis_client) or None)
        assert first["regime"] == "BULL"
        assert set(first) == {"regime", "confidence", "volatility", "trend", "timestamp"}
        assert datetime.fromisoformat(first["timestamp"]) == yesterday

        write(prices, [*CLOSES, CLOSES[-1] * 9], yesterday + timedelta(days=1))
        second = eventually(lambda: found[1:] if len(found := observed(redis_client)) > 1 else None)
        assert [datetime.fromisoformat(each["timestamp"]) for each in second] == [yesterday + timedelta(days=1)]
        for number in range(3):
            redis_client.xadd("quantum:stream:trade.results", {"realized_pnl": "0.3", "trade_id": number})
        service = start_service()
        said = eventually(lambda: found if (found := get_feedback(service)).revision else None)
        assert (said.current_regime, said.preferred_regime, said.regime_performance.sample_count) == ("BULL", "BULL", 3)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
    assert [line.split()[2] for line in stdout.splitlines()] == ["BULL", "BULL"]


def test_a_stream_of_closes(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    day_ms, begin_ms = 86_400_000, 1_700_000_000_000
    for bar, close in enumerate(CLOSES):
        redis_client.xadd("closes", {"close": close, "symbol": "BTC"}, id=f"{begin_ms + bar * day_ms}-0")
        redis_client.xadd("closes", {"close": "nonsense", "symbol": "BTC"}, id=f"{begin_ms + bar * day_ms}-1")
        redis_client.xadd("closes", {"close": 1.0 + bar % 7, "symbol": "ETH"}, id=f"{begin_ms + bar * day_ms}-2")
    goes_on_ms = begin_ms + (len(CLOSES) - 1) * day_ms + 1
    redis_client.xadd("closes", {"close": 1.0, "symbol": "BTC", "closed": "False"}, id=f"{goes_on_ms}-0")
    with publishing("--from-stream", "closes", "--symbol", "btc", redis_url=redis_server.url):
        (first,) = eventually(lambda: observed(redis_client) or None)
        assert first["regime"] == "BULL"
        newest = datetime.fromtimestamp((begin_ms + (len(CLOSES) - 1) * day_ms) / 1000, UTC)
        assert datetime.fromisoformat(first["timestamp"]) == newest, "what came before is history"
        last_ms = begin_ms + len(CLOSES) * day_ms
        redis_client.xadd("closes", {"close": CLOSES[-1], "symbol": "BTC", "closed": "True"}, id=f"{last_ms}-0")
        last = datetime.fromtimestamp(last_ms / 1000, UTC)
        second = eventually(lambda: found[1:] if len(found := observed(redis_client)) > 1 else None)
        assert [datetime.fromisoformat(each["timestamp"]) for each in second] == [last]


def test_a_redis_that_is_away_is_said_and_waited_for(fresh_redis: EmbeddedRedis, tmp_path: Path) -> None:
    write(tmp_path / "prices.csv", CLOSES, datetime.now(UTC) - timedelta(days=2))
    fresh_redis.stop()
    with publishing(str(tmp_path / "prices.csv"), redis_url=fresh_redis.url) as process:
        assert process.stderr is not None
        assert "Redis is out of reach" in process.stderr.readline()
        fresh_redis.start()
        with redis.Redis.from_url(fresh_redis.url) as client:
            (label,) = eventually(lambda: observed(client) or None)
        assert label["regime"] == "BULL"


def test_a_label_that_redis_gave_no_answer_for_is_published_again(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """It was given up as in doubt: where it had not arrived, the regime before was in force for another candle."""
    write(tmp_path / "prices.csv", CLOSES, datetime.now(UTC) - timedelta(days=2))
    redis_client.client_pause(60_000, all=False)
    with (
        TcpProxy(f"127.0.0.1:{redis_server.port}") as link,
        publishing(str(tmp_path / "prices.csv"), redis_url=f"redis://{link.address}/0") as process,
    ):
        assert process.stderr is not None
        assert eventually(lambda: redis_client.info("clients")["blocked_clients"] >= 1)
        link.reset()
        assert "1 of 1 entries are in doubt" in process.stderr.readline()
        redis_client.client_unpause()
        assert eventually(lambda: observed(redis_client))[-1]["regime"] == "BULL"


def test_why_nothing_is_published_is_said(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    with publishing("--from-stream", "closes", "--symbol", "BTC", redis_url=redis_server.url) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "closes: there is no entry yet\n"
        redis_client.xadd("closes", {"c": "7", "symbol": "BTC"})
        assert "no entry so far is a candle of the symbol BTC that has ended" in process.stderr.readline()
        redis_client.xadd("closes", {"close": "7", "symbol": "BTC"})
        assert "too few for a label" in process.stderr.readline()


def test_what_is_over_and_comes_again_is_said_again(
    redis_server: EmbeddedRedis, redis_client: redis.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command runs for months, and a feed breaks more than once."""
    broken = KnownCloses((), why_none="PRICES cannot be read")
    first, second = (KnownCloses([(1_700_000_000_000 + 60_000 * minute, 7.0)]) for minute in (0, 1))
    publish(iter([first, broken, KnownCloses(()), broken, second, broken]), Always(), redis_server.url, "quantum")
    assert capsys.readouterr().err.splitlines() == ["PRICES cannot be read"] * 2
    assert len(observed(redis_client)) == 2


@pytest.mark.parametrize(
    "arguments",
    [("--publish",), ("--publish", "--from-stream", "a", "FILE"), ("--publish", "--out", "x.csv", "FILE"), ("FILE",)],
)
def test_a_wrong_choice_is_told(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "prices.csv").write_text("time,close\n")
    given = [str(tmp_path / "prices.csv") if argument == "FILE" else argument for argument in arguments]
    done = commands.run("strategic-memory-server", "regimes", *given)
    assert done.code == 2
    assert "give PRICES with --out FILE or --publish, or --from-stream KEY with --publish" in done.err
