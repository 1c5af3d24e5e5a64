"""Faults of the way between the leader and Redis; every server has its own."""

from __future__ import annotations

from chaos.server_fleet import Server
from chaos.stage import Stage
from faults.link_conditions import Direction
from faults.tcp_proxy import TcpProxy

_SHORTER_THAN_A_FEEDBACK = 2_000
"""Bytes: a request that writes a feedback is longer, all others are shorter."""


async def leader_stalled(stage: Stage) -> None:
    """Let nothing pass until another leads; what was held back arrives then."""
    leader, link = await _leader_with_link(stage)
    since_ms = stage.recorder.clock.now_ms()
    link.stall()
    await _replaced(stage, leader, link, since_ms)


async def answers_to_leader_lost(stage: Stage) -> None:
    """Let what the leader writes arrive, but no answer, until another leads."""
    leader, link = await _leader_with_link(stage)
    since_ms = stage.recorder.clock.now_ms()
    link.cut(Direction.TO_CLIENT)
    await _replaced(stage, leader, link, since_ms)


async def requests_of_leader_held_back(stage: Stage) -> None:
    """Let answers pass, but nothing that the leader sends, until another leads.

    A new entry starts a sync, whose requests arrive when another has long gone on. Where commands may take that long,
    it then tries to write under the lease that it had at its start.
    """
    leader, link = await _leader_with_link(stage)
    since_ms = stage.recorder.clock.now_ms()
    link.cut(Direction.TO_SERVER)
    await _replaced(stage, leader, link, since_ms)


async def requests_of_leader_late(stage: Stage) -> None:
    """Hold back a feedback that the leader confirms, and let it arrive when it has long done so on another connection.

    It leads all the while, so that what arrives late is sent under a claim that still holds. No entries are written
    meanwhile: what it has to say does not change.
    """
    for _ in range(stage.draw.randint(3, 6)):
        # One that loses its lease before it sends a feedback confirms nothing any more: the next leader will do.
        while not await _is_overtaken(stage):
            pass
        await stage.progress()


async def leader_refused(stage: Stage) -> None:
    """Break the leader's connections and accept no new ones until another leads."""
    leader, link = await _leader_with_link(stage)
    since_ms = stage.recorder.clock.now_ms()
    link.refuse()
    link.reset()
    await _replaced(stage, leader, link, since_ms)


async def connections_reset(stage: Stage) -> None:
    """Break every connection of every server, several times in a row."""
    for _ in range(stage.draw.randint(2, 4)):
        for server in stage.fleet.servers:
            _link(server).reset()
        await stage.progress()


async def leader_slowed(stage: Stage) -> None:
    """Let everything between the leader and Redis take longer, by up to half a lease."""
    _, link = await _leader_with_link(stage)
    half_lease_ms = stage.settings.lease_s * 500.0
    link.delay(stage.draw.uniform(0.1, 0.5) * half_lease_ms, jitter_ms=0.4 * half_lease_ms)
    try:
        for _ in range(2):
            await stage.progress()
    finally:
        link.heal()


async def standby_stalled(stage: Stage) -> None:
    """Cut a standby off from Redis until the others have gone on."""
    link = _link(await stage.standby())
    link.stall()
    try:
        for _ in range(3):
            await stage.progress()
    finally:
        link.heal()


async def _is_overtaken(stage: Stage) -> bool:
    """Hold back a feedback that the leader confirms until it has done so again; False: another one led before."""
    leader, link = await _leader_with_link(stage)
    try:
        stage.producer.is_silent = True
        await stage.synced()
        link.delay(stage.settings.command_timeout_s * stage.draw.uniform(400.0, 700.0), direction=Direction.TO_SERVER)
        await stage.until(
            lambda: link.waiting_bytes > _SHORTER_THAN_A_FEEDBACK or _is_replaced(stage, leader),
            f"{leader.name} sends a feedback to Redis",
        )
        if _is_replaced(stage, leader):
            return False
        accepted = link.accepted
        link.hold_open()
        await stage.until(lambda: link.accepted > accepted, f"{leader.name} connects again")
        await stage.synced()
    finally:
        stage.producer.is_silent = False
        link.heal()
    return True


def _is_replaced(stage: Stage, leader: Server) -> bool:
    """Whether another server is seen to lead."""
    look = stage.fencing.newest
    return look is not None and look.leader_pid > 0 and not leader.runs_as(look.leader_pid)


async def _replaced(stage: Stage, leader: Server, link: TcpProxy, since_ms: float) -> None:
    try:
        await stage.another_leader(leader, since_ms)
        await stage.progress()
    finally:
        link.heal()
    await stage.progress()


async def _leader_with_link(stage: Stage) -> tuple[Server, TcpProxy]:
    leader = await stage.leader()
    return leader, _link(leader)


def _link(server: Server) -> TcpProxy:
    assert server.link is not None, "the stage has no proxies"
    return server.link
