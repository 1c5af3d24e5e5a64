"""A revision under the drawdown guard is computed again, byte by byte; what is missing or was changed is named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
import redis
from click.testing import CliRunner, Result
from patient_redis import PATIENT
from processes import aeventually
from redis_inputs import add_regime, add_trade
from syncing import SETTINGS, syncing_with

from strategic_memory_server.advice.drawdown_guard import GuardState
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.cli.commands import app
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.revisions.guard_text import guard_text
from strategic_memory_server.revisions.log_keys import LogKeys

KEYS, TRADES = LogKeys.under("quantum"), "quantum:stream:trade.results"
SEEN = GuardState(100, 100.0, 2.0, 50.0, 200.0, 2.0, 0.5, 1_766_296_800_000)
"""What a guard goes on from that has seen the newest results spread twice as widely as all."""


async def advised(server: EmbeddedRedis, client: redis.Redis, rules: Rules) -> int:
    """Let a service with the guard say something after each of some trades; return its newest revision."""
    client.hset(KEYS.state, "guard", guard_text(SEEN))
    on = replace(SETTINGS, advice=replace(SETTINGS.advice, rules=rules, leverage_guard=True))
    async with syncing_with(server.url, on) as syncing:
        await aeventually(lambda: syncing.leadership.claim is not None)
        for number in range(9):
            add_regime(client, "BULL", 0.3)
            add_trade(client, "BULL", 0.2 + 0.1 * number, policy="BALANCED")
            assert (await syncing.sync.cycle()).failure is None
    return client.xlen(KEYS.log)


async def reproduced(server: EmbeddedRedis, rules: Rules, revision: int, **settings: str) -> Result:
    command = ["reproduce", "--revision", str(revision), "--key-prefix", "quantum"]
    environment = {"REDIS_URL": server.url, "STRATEGIC_MEMORY_RULES": rules.value.lower(), **settings}
    # A command has an event loop of its own.
    return await asyncio.to_thread(CliRunner(env=PATIENT).invoke, app, command, env=environment)


def rewritten(client: redis.Redis, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the document of every revision."""
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", client.xrange(KEYS.log))
    client.delete(KEYS.log)
    for entry_id, fields in entries:
        document = json.loads(fields[b"feedback"])
        change(document)
        text = json.dumps(document, separators=(",", ":")).encode()
        client.xadd(KEYS.log, cast("Any", {**fields, b"feedback": text}), id=entry_id)


@pytest.mark.parametrize("rules", [Rules.REFERENCE, Rules.EVIDENCE])
async def test_every_guarded_revision_comes_out_byte_identical_and_what_is_gone_is_named(
    rules: Rules, redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    newest = await advised(redis_server, redis_client, rules)
    assert newest >= 3
    for revision in range(1, newest + 1):
        result = await reproduced(redis_server, rules, revision, STRATEGIC_MEMORY_LEVERAGE_GUARD="on")
        assert (result.exit_code, "byte-identical" in result.output) == (0, True), result.output
    document = cast("list[tuple[bytes, dict[bytes, bytes]]]", redis_client.xrevrange(KEYS.log, count=1))[0][1]
    said = json.loads(document[b"feedback"])
    assert (said["guard"]["factor"], said["leverage_bound_by"]) == (0.5, "drawdown_guard")
    # How it stood is in the revision: nothing else has to be there, nor be as it was.
    redis_client.hdel(KEYS.state, "guard")
    assert (await reproduced(redis_server, rules, newest)).exit_code == 0
    redis_client.xtrim(TRADES, maxlen=2, approximate=False)
    trimmed = await reproduced(redis_server, rules, newest)
    assert trimmed.exit_code == 4
    assert f"gone: stream:trade.results: {TRADES} was trimmed" in trimmed.output


async def test_a_guard_that_was_changed_in_the_log_does_not_come_out(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    newest = await advised(redis_server, redis_client, Rules.REFERENCE)

    def other(document: dict[str, Any]) -> None:
        document["guard"]["factor"] = 0.75

    rewritten(redis_client, other)
    changed = await reproduced(redis_server, Rules.REFERENCE, newest, STRATEGIC_MEMORY_LEVERAGE_GUARD="on")
    assert changed.exit_code == 5, changed.output
    assert "leverage_hint" in changed.output
    rewritten(redis_client, lambda document: document.pop("guard"))
    without = await reproduced(redis_server, Rules.REFERENCE, newest, STRATEGIC_MEMORY_LEVERAGE_GUARD="on")
    assert without.exit_code == 5
    assert "leverage_hint" in without.output
