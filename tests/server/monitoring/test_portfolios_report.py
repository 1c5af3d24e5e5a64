"""Metrics of many portfolios: each under its name, the first of them alone, and nobody waits for all of them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from advice import NOW_MS, feedback

from strategic_memory_server.advice.feedback import FeedbackStatus
from strategic_memory_server.entries.rejections import RejectionLedger
from strategic_memory_server.monitoring.joined_metrics import written
from strategic_memory_server.monitoring.metrics import GaugeSources
from strategic_memory_server.monitoring.portfolios_report import GATHERED_AT_ONCE, PortfoliosMetrics
from strategic_memory_server.revisions.replication import ReplicaRole, Replication
from strategic_memory_server.sync.sync_status import SyncStatus


def state(revision: int) -> Any:  # noqa: ANN401  stands for a part of a service
    said = feedback(revision)
    gauges = GaugeSources(
        lambda: said,
        SyncStatus,
        RejectionLedger(),
        int,
        lambda: NOW_MS,
        lambda: Replication(ReplicaRole.STANDBY, "a"),
        lambda: None,
    )
    return SimpleNamespace(gauges=lambda: gauges, status=FeedbackStatus.ACTIVE, problems_told=list)


async def test_every_server_tells_of_the_same_portfolios_whichever_it_follows() -> None:
    """The leader of `zeta`, which follows all, told nothing of it, and who follows `zeta` alone that nobody led it."""

    async def told_by(*followed: str) -> set[str]:
        metrics = PortfoliosMetrics(
            state(7), lambda: dict.fromkeys(followed, state(1)), lambda: ["alpha", "beta", "zeta"], 2
        )
        return {
            sample.labels["portfolio"]
            for family in await metrics.gathered()
            for sample in family.samples
            if family.name == "strategic_memory_role" and "portfolio" in sample.labels
        }

    assert await told_by("zeta", "alpha", "beta") == {"alpha", "beta"}
    assert await told_by("zeta", "beta") == {"beta"}


async def test_many_portfolios_hold_nobody_up() -> None:
    others = {f"p{number:03}": state(number) for number in range(1, 10 * GATHERED_AT_ONCE + 2)}
    metrics = PortfoliosMetrics(state(7), lambda: others, lambda: sorted(others), 10 * GATHERED_AT_ONCE)
    gathering = asyncio.create_task(metrics.gathered())
    turns = 0
    while not gathering.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 10
    lines = written(gathering.result()).decode().splitlines()
    assert [line for line in lines if line.startswith("strategic_memory_revision")][:3] == [
        "strategic_memory_revision 7.0",
        'strategic_memory_revision{portfolio="p001"} 1.0',
        'strategic_memory_revision{portfolio="p002"} 2.0',
    ]
    assert sum(line.startswith("strategic_memory_revision{") for line in lines) == 10 * GATHERED_AT_ONCE
    assert f'strategic_memory_portfolios{{status="active"}} {len(others)}.0' in lines
