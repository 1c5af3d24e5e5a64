"""Revisions of a real service are computed again, byte by byte; what is missing for that, or was changed, is named."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from click.testing import CliRunner, Result
from faults.free_ports import free_port
from patient_redis import PATIENT
from processes import ServiceProcess, eventually, service_environment
from system.inputs_of_revisions import BEFORE, LIVE, OBSERVATIONS, PORTFOLIO, TRADES, write

from strategic_memory_client import Policy, StrategicMemoryClient
from strategic_memory_server.cli.commands import app
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.redis_replies import StreamEntries

pytestmark = [pytest.mark.system, pytest.mark.processes]

SETTINGS = {
    "STRATEGIC_MEMORY_RULES": "evidence",
    "STRATEGIC_MEMORY_EVIDENCE_EXPLORATION": "on",
    "STRATEGIC_MEMORY_HYSTERESIS_RESULTS": "2",
    "STRATEGIC_MEMORY_MAX_REGIMES": "4",
}
HOUR = timedelta(hours=1)
LOG = "stream:strategic_feedback"


@dataclass(frozen=True, slots=True)
class Said:
    """A Redis in which a service has said something, and is gone.

    Attributes:
        client: reads it.
        url: where it is.
        revisions: how many follow from the inputs; the next one was held by an operator.
        overridden: those under an override.
    """

    client: redis.Redis
    url: str
    revisions: int
    overridden: range


def is_counted(client: redis.Redis) -> bool:
    """Whether the service has written down what it made of the newest trade."""
    read_up_to = client.hget("quantum:feedback:strategic_memory:evidence", "read_up_to")
    return bool(read_up_to == entries(client, "quantum", TRADES)[-1][0])


def rests_on_windows(client: redis.Redis) -> bool:
    """Whether the newest revision shows figures of many entries of its regime.

    Which regimes are kept apart in the windows depends on when the service read them: without a figure of its regime an
    advice by the evidence comes out the same whatever the windows hold.
    """
    performance = json.loads(entries(client, "quantum")[-1][1][b"feedback"])["regime_performance"]
    return performance is not None and performance["sample_count"] >= 10


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Said]:
    source = random.Random(5)
    with EmbeddedRedis() as server, redis.Redis.from_url(server.url) as client:
        for number in range(BEFORE):
            write(client, number, source)
        client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 1.1}')
        own = {"REDIS_URL": server.url, "MEMORY_SYNC_INTERVAL": "300", "STRATEGIC_MEMORY_PUBLIC": "admin"}
        environment = service_environment(own | SETTINGS | PATIENT)
        service = ServiceProcess(tmp_path_factory.mktemp("service"), environment)
        try:
            eventually(partial(is_counted, client))
            # Ids may be ahead of the clock by a little; those after it in this stream are, too.
            ahead = f"{int(client.time()[0]) * 1_000 + 5_000}-0"
            client.xadd(f"quantum:{OBSERVATIONS}", {"regime": "BULL", "pnl": "0.1", "confidence": "0.7"}, id=ahead)
            for number in range(BEFORE, BEFORE + LIVE):
                write(client, number, source)
                eventually(partial(is_counted, client))
            before = client.xlen(f"quantum:{LOG}")
            client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.6}')
            eventually(lambda: client.xlen(f"quantum:{LOG}") > before)
            with StrategicMemoryClient(service.grpc_address) as operator:
                before = client.xlen(f"quantum:{LOG}")
                operator.admin.set_override(policy=Policy.CONSERVATIVE, leverage=0.55, reason="night", end=HOUR)
                write(client, BEFORE + LIVE, source)
                eventually(partial(is_counted, client))
                overridden = range(before + 1, client.xlen(f"quantum:{LOG}") + 1)
                operator.admin.clear_override(reason="day", replaces=1)
                for number in range(BEFORE + LIVE + 1, BEFORE + LIVE + 60):
                    write(client, number, source)
                    eventually(partial(is_counted, client))
                    if rests_on_windows(client):
                        break
                revisions = client.xlen(f"quantum:{LOG}")
                operator.admin.freeze(reason="repair", end=HOUR, replaces=2)
                # The call waits a few seconds for that alone, and a service that is told to end begins no other cycle.
                eventually(lambda: client.xlen(f"quantum:{LOG}") > revisions)
            service.terminate()
            assert service.wait() == 0
        finally:
            service.kill()
        yield Said(client, server.url, revisions, overridden)


Reproduce = Callable[..., Result]


@pytest.fixture
def prefix(said: Said) -> Iterator[str]:
    """A copy of everything, under a prefix of its own."""
    name = f"copy{random.SystemRandom().getrandbits(40):x}"
    for key in said.client.scan_iter("quantum:*"):
        said.client.copy(key, key.replace(b"quantum", name.encode(), 1))
    yield name
    said.client.delete(*said.client.scan_iter(f"{name}:*"))


@pytest.fixture
def reproduce(said: Said, prefix: str) -> Reproduce:
    def run(revision: int, *flags: str, **settings: str) -> Result:
        environment: dict[str, str | None] = {"REDIS_URL": said.url, **SETTINGS, **PATIENT, **settings}
        command = ["reproduce", "--revision", str(revision), "--key-prefix", prefix, *flags]
        return CliRunner().invoke(app, command, env=environment)

    return run


def entries(client: redis.Redis, prefix: str, stream: str = LOG) -> StreamEntries:
    return cast("StreamEntries", client.xrange(f"{prefix}:{stream}"))


def rewritten(said: Said, prefix: str, stream: str, change: Callable[[bytes, dict[bytes, bytes]], Any]) -> None:
    """Write a stream anew with the same ids; `change` may change the fields of each entry."""
    found = entries(said.client, prefix, stream)
    said.client.delete(f"{prefix}:{stream}")
    for entry_id, fields in found:
        change(entry_id, fields)
        if fields:
            said.client.xadd(f"{prefix}:{stream}", cast("Any", fields), id=entry_id)


def test_every_revision_comes_out_byte_identical(said: Said, reproduce: Reproduce) -> None:
    assert said.revisions >= LIVE
    for revision in range(1, said.revisions + 1):
        result = reproduce(revision)
        assert (result.exit_code, result.stderr) == (0, ""), result.output
        assert f"Revision {revision} of epoch" in result.output
        assert "byte-identical" in result.output
        assert "gone" not in result.output
    assert len(said.overridden) >= 1
    held = reproduce(said.revisions + 1)
    assert held.exit_code == 4
    assert f"gone: freeze: an operator held what revision {said.revisions} of epoch" in held.output


def test_it_is_the_inputs_up_to_then_that_count(said: Said, prefix: str, reproduce: Reproduce) -> None:
    for _ in range(3):
        said.client.xadd(f"{prefix}:{TRADES}", {"market_regime": "BULL", "realized_pnl": "9", "policy": "AGGRESSIVE"})
        said.client.xadd(f"{prefix}:{OBSERVATIONS}", {"regime": "BEAR", "pnl": "-9"})
    said.client.delete(f"{prefix}:risk:leverage_limits")
    assert reproduce(said.revisions).exit_code == 0


def test_what_was_trimmed_is_named_and_so_is_a_long_memory_that_has_moved_on(
    said: Said, prefix: str, reproduce: Reproduce
) -> None:
    said.client.xtrim(f"{prefix}:{TRADES}", maxlen=3, approximate=False)
    newest, old = reproduce(said.revisions), reproduce(2)
    assert (newest.exit_code, old.exit_code) == (4, 4)
    assert (
        f"gone: stream:trade.results: {prefix}:{TRADES} was trimmed, or has lost entries: of 30 entries from"
        in newest.output
    )
    # The long memory in Redis still is what it was at the newest revision.
    assert "gone: long memory" not in newest.output
    assert "gone: long memory: it has moved on since it had" in old.output


def test_an_entry_that_was_deleted_within_a_window_is_named(said: Said, prefix: str, reproduce: Reproduce) -> None:
    for place in range(-12, 0, 2):
        newest_id, _ = entries(said.client, prefix, OBSERVATIONS)[place]
        said.client.xdel(f"{prefix}:{OBSERVATIONS}", newest_id)
    result = reproduce(said.revisions)
    assert result.exit_code == 4
    assert f"{prefix}:{OBSERVATIONS} has lost entries within its window: 50 entries from" in result.output


def test_a_stream_that_was_written_anew_with_the_same_ids_is_noticed(
    said: Said, prefix: str, reproduce: Reproduce
) -> None:
    def higher(_entry_id: bytes, fields: dict[bytes, bytes]) -> None:
        fields[b"pnl"] = b"0.75"

    rewritten(said, prefix, OBSERVATIONS, higher)
    result = reproduce(said.revisions)
    assert result.exit_code == 4
    assert "gone: windows: they hold entries of the same ids, and other figures follow from them" in result.output


def test_a_key_that_is_gone_is_named(said: Said, prefix: str, reproduce: Reproduce) -> None:
    said.client.delete(f"{prefix}:{PORTFOLIO}")
    result = reproduce(said.revisions)
    assert result.exit_code == 4
    assert f"gone: stream:portfolio.memory: {prefix}:{PORTFOLIO} was trimmed" in result.output


def test_other_settings_are_named_where_they_matter(said: Said, reproduce: Reproduce) -> None:
    matters = reproduce(said.revisions, STRATEGIC_MEMORY_EVIDENCE_RISK_AVERSION="0.9")
    assert matters.exit_code == 4
    assert "gone: settings: the settings of this command" in matters.output
    assert "differs: " in matters.output
    does_not = reproduce(said.revisions, STRATEGIC_MEMORY_MINIMUM_SAMPLES="4")
    assert does_not.exit_code == 0
    assert "byte-identical" in does_not.output
    assert "not as it was, which changes nothing here: settings: " in does_not.output


def test_an_entry_of_the_log_that_was_changed_is_told(said: Said, prefix: str, reproduce: Reproduce) -> None:
    def bolder(entry_id: bytes, fields: dict[bytes, bytes]) -> None:
        if entry_id == b"5-0":
            document = json.loads(fields[b"feedback"])
            document["leverage_hint"] = 0.51
            fields[b"feedback"] = json.dumps(document).encode()

    rewritten(said, prefix, LOG, bolder)
    result = reproduce(5)
    assert result.exit_code == 5
    assert "Revision 5 of epoch" in result.output
    assert "is not what its inputs give: its entry was changed" in result.output
    assert "differs: leverage_hint: in the log: 0.51; computed: " in result.output
    assert result.output.count("differs: ") == 1
    assert reproduce(4).exit_code == 0
    told = json.loads(reproduce(5, "--json").output)
    assert told["outcome"] == "differs"
    assert [each["field"] for each in told["differences"]] == ["leverage_hint"]
    assert told["gone"] == []


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({b"feedback": b"{}"}, 5, "differs: entry: in the log: not a feedback"),
        ({b"rests_on": b"[[null]]"}, 5, "its field rests_on is none that this service has written"),
        ({b"rests_on": b"[" * 5_000}, 5, "its field rests_on is none that this service has written"),
        ({b"rests_on": b""}, 4, "gone: log: its entry does not say what it rests on"),
        ({}, 4, "holds no revision 3: it was trimmed, or never said"),
    ],
)  # fmt: skip
def test_an_entry_that_is_none_to_compute_again_is_told(
    said: Said, prefix: str, reproduce: Reproduce, change: dict[bytes, bytes], code: int, told: str
) -> None:
    def changed(entry_id: bytes, fields: dict[bytes, bytes]) -> None:
        if entry_id == b"3-0":
            if not change:
                fields.clear()
            fields.update(change)

    rewritten(said, prefix, LOG, changed)
    result = reproduce(3)
    assert result.exit_code == code, result.output
    assert told in result.output


def test_the_oldest_revision_that_is_left_was_not_changed(said: Said, prefix: str, reproduce: Reproduce) -> None:
    """What was said before it is what hysteresis went on from, and gone."""
    revision, result = 1, reproduce(1)
    while result.exit_code == 0 and revision < said.revisions:
        revision += 1
        said.client.xtrim(f"{prefix}:{LOG}", minid=f"{revision}-0", approximate=False)
        result = reproduce(revision)
    assert result.exit_code == 4, result.output
    assert f"gone: log: it holds no revision {revision - 1} any more, which hysteresis went on from" in result.output


def test_an_epoch_that_is_asked_for_has_to_be_the_one(said: Said, prefix: str, reproduce: Reproduce) -> None:
    epoch = entries(said.client, prefix)[0][1][b"epoch"].decode()
    assert reproduce(1, "--epoch", epoch).exit_code == 0
    other = reproduce(1, "--epoch", "another", "--json")
    assert other.exit_code == 4
    assert json.loads(other.output)["gone"][0]["input"] == "log"


def test_no_redis_and_wrong_flags_have_their_codes(reproduce: Reproduce, tmp_path: Path) -> None:
    away = reproduce(
        1, REDIS_URL=f"redis://:secret@127.0.0.1:{free_port()}/0", STRATEGIC_MEMORY_REDIS_CONNECT_TIMEOUT="1"
    )
    assert away.exit_code == 1
    assert "ConnectionError" in away.stderr
    assert "secret" not in away.stderr
    assert [reproduce(number).exit_code for number in (0, -1)] == [2, 2]
    assert reproduce(1, STRATEGIC_MEMORY_RULES="guess").exit_code == 2
