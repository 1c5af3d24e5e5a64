"""Blocks beside the sums in a real Redis: they last, are made again where they miss, and hold no other trades."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
import redis
import redis.asyncio
from redis_inputs import add_trade
from server.long_memory.memory_keeper import DECAY, KEYS, TRADES, Keeper

from strategic_memory_server.evidence.change.growth import adopted
from strategic_memory_server.evidence.change.residuals import NO_RESIDUALS
from strategic_memory_server.evidence.plain_blocks import blocks_to_plain, with_blocks
from strategic_memory_server.evidence.sums import EvidenceSums, nothing_summed, updated
from strategic_memory_server.long_memory import blocks_again
from strategic_memory_server.memory.policy import Policy


def write(client: redis.Redis, count: int, seed: int) -> None:
    source = Random(seed)
    for number in range(count):
        policy = source.choice(("CONSERVATIVE", "BALANCED", "AGGRESSIVE"))
        regime = source.choice(("BULL", "BEAR"))
        # Every ninth trade is sent twice.
        trade_id = f"{seed}-{number - (number % 9 == 0)}"
        add_trade(client, regime, source.gauss(0.1, 0.5), policy=policy, trade_id=trade_id)


def expected(client: redis.Redis) -> EvidenceSums:
    """What the trades of the stream come to, one by one, each once."""
    entries: Any = client.xrange(TRADES)
    sums, seen = nothing_summed(DECAY, change=True), set()
    for _, fields in entries:
        if fields[b"trade_id"] not in seen:
            seen.add(fields[b"trade_id"])
            regime, policy = fields[b"market_regime"].decode(), Policy[fields[b"policy"].decode()]
            sums = updated(sums, regime, policy, float(fields[b"realized_pnl"]))
    return sums


def held(client: redis.Redis) -> dict[str, object]:
    found: dict[str, object] = json.loads(client.hget(KEYS.evidence, "sums") or b"{}")
    return found


async def test_they_last_and_are_those_of_the_trades(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    for part in range(3):
        write(redis_client, 70, part)
        assert (await Keeper(async_client, 1_000, change=True).sums()).blocks == expected(redis_client).blocks
    assert held(redis_client)["blocks"] == json.loads(json.dumps(blocks_to_plain(expected(redis_client).blocks or {})))


async def test_without_change_none_are_kept(async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> None:
    write(redis_client, 30, 1)
    assert (await Keeper(async_client, 1_000).sums()).blocks is None
    assert "blocks" not in held(redis_client)


async def test_what_a_server_without_them_has_written_is_caught_up_with(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """As in an upgrade: one that keeps blocks and one that does not lead in turn. The trades are in the stream."""
    for part in range(4):
        write(redis_client, 60, part)
        keeper = Keeper(async_client, 1_000, change=part % 2 == 1)
        sums = await keeper.sums()
        if part % 2:
            assert sums.blocks == expected(redis_client).blocks
            assert "blocks" in held(redis_client)
        else:
            assert "blocks" not in held(redis_client)
        assert sums.regimes == expected(redis_client).regimes


async def test_it_is_written_down_at_once(async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> None:
    write(redis_client, 60, 1)
    await Keeper(async_client, 1_000).sums()
    keeper = Keeper(async_client, 1_000, change=True)
    assert (await keeper.sync()).note is not None
    assert held(redis_client)["blocks"] == json.loads(json.dumps(blocks_to_plain(expected(redis_client).blocks or {})))
    assert (await keeper.sync()).note is None


async def test_a_trimmed_stream_leaves_one_block_of_the_sums(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    write(redis_client, 200, 1)
    before = await Keeper(async_client, 1_000).sums()
    redis_client.xtrim(TRADES, maxlen=50, approximate=False)
    keeper = Keeper(async_client, 1_000, change=True)
    sums = await keeper.sums()
    assert sums.regimes == before.regimes
    assert sums.blocks == {name: adopted(cells) for name, cells in before.regimes.items()}
    write(redis_client, 40, 2)
    sums = await keeper.sums()
    for name, blocks in (sums.blocks or {}).items():
        assert blocks.held[0] == adopted(before.of(name)).held[0]
        assert sum(block.observations for block in blocks.held) == sums.count_of(name)
    assert (await Keeper(async_client, 1_000, change=True).sums()).blocks == sums.blocks


async def test_a_stream_that_is_too_long_is_not_read_again(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(redis_client, 60, 1)
    before = await Keeper(async_client, 1_000).sums()
    monkeypatch.setattr(blocks_again, "PAGES", 0)
    sums = await Keeper(async_client, 1_000, change=True).sums()
    assert sums.blocks == {name: adopted(cells) for name, cells in before.regimes.items()}


def spoiled(plain: dict[str, Any], what: object) -> dict[str, Any]:
    return {**plain, "BULL": what}


@pytest.mark.parametrize(
    "what",
    [
        *(None, 7, [], [[]], [[1.0] * 11], "text", [[-1.0] * 11], {}),
        *([[5, beyond, *[1.0] * 9]] for beyond in (float("nan"), 10**400)),
        *({"blocks": [[20, *[1.0] * 9]], "residuals": each} for each in (None, [], [0.0] * 2, [1.0, 4.0, 5.0])),
        *({"blocks": [[20, *[1.0] * 9]], "residuals": each} for each in ([4.0, 16.0, 0.0], [1.0, 0.5, 0.0])),
    ],
)
def test_blocks_that_cannot_be_those_of_the_sums_are_left(what: object) -> None:
    sums = nothing_summed(DECAY, change=True)
    for number in range(40):
        sums = updated(sums, ("BULL", "BEAR")[number % 2], number % 3, 0.1 * number)
    plain = json.loads(json.dumps(blocks_to_plain(sums.blocks or {})))
    assert with_blocks(sums, plain) == (sums, 0)
    found, missing = with_blocks(sums, spoiled(plain, what))
    assert (missing, (found.blocks or {})["BULL"]) == (1, adopted(sums.of("BULL")))
    assert (found.blocks or {})["BEAR"] == (sums.blocks or {})["BEAR"]
    assert with_blocks(sums, what if isinstance(what, str) else None)[1] == 2


EARLIER = [0.0, 0.214237, -0.059116, 0.619592, 0.115179, 1.029965, 0.937966]
"""What earlier versions kept of each block of the 60 trades below, after L: how likely changes before it were."""


@pytest.mark.parametrize("with_residuals", [True, False])
def test_blocks_of_an_earlier_version_are_gone_on_from(with_residuals: bool) -> None:
    """It kept one more number of each block; the first one kept no residuals, and wrote a list."""
    sums = nothing_summed(DECAY, change=True)
    for number in range(60):
        pnl = ((number * 37) % 19 - 9) / 10.0 + (0.0, 0.2, 0.4)[number % 3]
        sums = updated(sums, "BULL", number % 3, pnl)
    now = (sums.blocks or {})["BULL"]
    earlier: Any = [
        [block.observations, before, *block.weight, *block.pnl, *block.squared_pnl]
        for block, before in zip(now.held, EARLIER, strict=True)
    ]
    if with_residuals:
        earlier = {"blocks": earlier, "residuals": list(now.residuals)}
    found, missing = with_blocks(sums, {"BULL": json.loads(json.dumps(earlier))})
    assert missing == 0
    assert (found.blocks or {})["BULL"] == (now if with_residuals else now._replace(residuals=NO_RESIDUALS))
    after = updated(found, "BULL", 1, 0.3)
    assert after.count_of("BULL") == sum(block.observations for block in (after.blocks or {})["BULL"].held) == 61
