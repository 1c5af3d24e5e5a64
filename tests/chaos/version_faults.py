"""Servers of two versions on one Redis: upgraded, downgraded, and killed while there are both."""

from __future__ import annotations

import asyncio

from chaos.deadline import RECOVERS_WITHIN_S, NotInTimeError
from chaos.remembered_trades import still_miscounted_trades
from chaos.server_faults import leader_killed
from chaos.server_fleet import Server
from chaos.stage import Stage

_KEPT = 60
"""Trades that the stream keeps, as the producer asks for."""


async def other_version_rolled_out(stage: Stage) -> None:
    """Make every server one of the other version, this or the previous one, one after the other.

    While there are servers of both, the leader is killed twice, so that each version takes over from the other. More
    trades are remembered by then than the stream holds: a memory that is begun anew is found to have too few.
    """
    for _ in range(3):
        await _more_trades(stage)
    first, *others = stage.fleet.servers
    await _change_version(stage, first)
    for _ in range(2):
        await leader_killed(stage)
        await stage.more_revisions(3)
        await _all_remembered(stage)
    for server in others:
        await _change_version(stage, server)
    await _all_remembered(stage)


async def _change_version(stage: Stage, server: Server) -> None:
    await server.terminate()
    if not server.environment.pop("PYTHONPATH", ""):
        server.environment["PYTHONPATH"] = stage.previous_pythonpath
    await server.start()
    await stage.progress()


async def _more_trades(stage: Stage) -> None:
    """Write trades that the stream keeps until all of them are remembered."""
    with stage.redis_client() as client, client.pipeline() as pipeline:
        for _ in range(_KEPT // 2):
            trade = {"market_regime": "BULL", "realized_pnl": 0.1, "policy": "BALANCED"}
            pipeline.xadd(f"{stage.redis.prefix}:stream:trade.results", {**trade}, maxlen=_KEPT, approximate=False)
        await asyncio.to_thread(pipeline.execute)
    await _all_remembered(stage)


async def _all_remembered(stage: Stage) -> None:
    """Wait until the long memory has counted every trade, while nobody writes any.

    Raises:
        NotInTimeError: it did not.
    """
    stage.producer.is_silent = True
    with stage.redis_client() as client:
        wrong = await asyncio.to_thread(still_miscounted_trades, client, stage.redis.prefix, RECOVERS_WITHIN_S)
    stage.producer.is_silent = False
    if wrong:
        raise NotInTimeError(wrong)
