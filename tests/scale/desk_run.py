"""What is played on a desk: a server is killed, a node of Redis fails over, and portfolios come and go meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from chaos.deadline import NotInTimeError
from chaos.remembered_trades import miscounted_trades
from faults.redis_process import RedisProcessError
from history.checker import check
from history.model import History
from redis.exceptions import RedisError
from scale.desk import Desk, DeskSettings
from scale.figures import Part
from scale.observed_portfolio import ObservedPortfolio
from scale.taken import Taken, descriptors, resident_mib
from scale.until import end_if_interrupted, until

_NOT_AS_IT_SHOULD_BE = (NotInTimeError, RedisProcessError, RedisError, OSError)
_COUNTED_WITHIN_S = 30.0
_SETTLED_WITHIN_S = 60.0


async def play(
    settings: DeskSettings, seed: int, folder: Path, *, node_fails: bool = True
) -> tuple[Part, list[History]]:
    """Play everything once; what came of it, and the history of each portfolio.

    Args:
        settings: of the desk.
        seed: of everything that is drawn.
        folder: for the logs of the servers.
        node_fails: whether a node of Redis is killed too.
    """
    nodes = "a Redis Cluster of three masters"
    shards = f" of {settings.shards} shards" if settings.shards > 1 else ""
    part = Part(f"{settings.portfolios} portfolios, {settings.servers} servers{shards}, {nodes}")
    histories: list[History] = []
    desk = Desk(settings, seed, folder)
    try:
        begun_s = time.monotonic()
        async with desk:
            part.tell("all have advice, from the start of the servers", f"{time.monotonic() - begun_s:.1f} s")
            try:
                if settings.measured_s:
                    await _loaded(desk, part)
                removed = await _server_killed(desk, part)
                if node_fails:
                    await _node_killed(desk, part, back=removed)
                await _settled(desk, part)
                histories = await _settled_histories(desk)
            finally:
                histories = histories or [each.recorder.history() for each in desk.portfolios.values()]
    except _NOT_AS_IT_SHOULD_BE as error:
        end_if_interrupted(error)
        part.problems.append(f"{type(error).__name__}: {error}")
    await asyncio.to_thread(_checked, part, histories)
    return part, histories


async def _loaded(desk: Desk, part: Part) -> None:
    """Measure what all take while nothing is wrong."""
    pids = [server.process.pid for server in desk.fleet.servers]
    nodes = desk.cluster.nodes
    clients = [node.client() for node in nodes]
    taken = await asyncio.to_thread(Taken, pids, [node.pid for node in nodes], clients)
    await asyncio.sleep(desk.settings.measured_s)
    load = await asyncio.to_thread(taken.load)
    for client in clients:
        client.close()
    part.tell("entries a second, all portfolios", f"{desk.settings.entries_a_second:g}")
    part.tell("the servers together", f"{load.servers:.2f} of a core")
    part.tell("the nodes of Redis together", f"{load.redis:.2f} of a core")
    part.tell("commands a second, those in scripts too", f"{load.commands:,.0f}")
    part.tell("memory of a server, the largest", f"{max(resident_mib([pid]) for pid in pids):.0f} MiB")
    part.tell("descriptors of a server, the most", f"{max(descriptors([pid]) for pid in pids)}")


async def _server_killed(desk: Desk, part: Part) -> list[str]:
    """Kill the server that leads most, and start it again; portfolios come and go meanwhile. Gives those that went."""
    going = desk.some_to_go()
    coming = desk.new_names(desk.settings.changed)
    await desk.observe(coming, are_named=False)
    await _refused([desk.portfolios[name] for name in coming])
    before = await desk.standings([each.name for each in desk.named])
    led = Counter(each.leader_pid for each in before.values())
    killed = max(desk.fleet.servers, key=lambda server: led[server.process.pid])
    pid = killed.process.pid
    part.tell("leases of the server that is killed", f"{led[pid]} of {len(before)}")
    with desk.fault("server killed"):
        begun_s = time.monotonic()
        await killed.kill()
        desk.name(more=coming, fewer=going)
        if desk.settings.shards == 1:
            await desk.stands(lambda _, each: each.leader_pid not in (0, pid), "another server leads each")
            _after(part, "another server leads each", begun_s)
        await killed.start()
        await desk.noticed()
        _after(part, "every server has noticed which portfolios there are", begun_s)
        for name in coming:
            desk.portfolios[name].known()
        await _gone(desk, part, going, {name: before[name].retained for name in going}, begun_s)
        await desk.advised(coming)
        _after(part, "portfolios that came have advice", begun_s)
        await desk.synced()
        _after(part, "every portfolio was synced again", begun_s)
    return going


async def _gone(desk: Desk, part: Part, going: Collection[str], retained: dict[str, int], begun_s: float) -> None:
    """Wait until nobody follows portfolios that went, and see that their keys stay and nobody leads them."""
    every = [desk.portfolios[name] for name in going]
    await _refused(every)
    for each in every:
        each.gone()
    _after(part, "all streams of portfolios that went have ended", begun_s)
    await until(lambda: _led_by_nobody(desk, going), "nobody leads those that went")
    found = await desk.standings(going)
    part.problems += [
        f"the keys of {name} did not stay: {each.retained} entries of the log, {retained[name]} before"
        for name, each in found.items()
        if each.retained < retained[name] or not each.epoch
    ]


async def _refused(portfolios: Collection[ObservedPortfolio]) -> None:
    """Wait until everybody who follows these has been refused from now on, so that no stream of before is under way."""
    before = [(each, each.refusals) for each in portfolios]

    def have_been() -> bool:
        pairs = (zip(each.refusals, refusals, strict=True) for each, refusals in before)
        return all(now > then for pair in pairs for now, then in pair)

    await until(have_been, "everybody who follows a portfolio that is not named is refused")


async def _led_by_nobody(desk: Desk, names: Collection[str]) -> bool:
    return not any(each.leader_pid for each in (await desk.standings(names)).values())


async def _node_killed(desk: Desk, part: Part, back: list[str]) -> None:
    """Kill a node of Redis whose replica takes over; portfolios that had gone come back meanwhile, others go."""
    going = desk.some_to_go(but=back)
    before = await desk.standings(going)
    with desk.fault("node of Redis killed"):
        begun_s = time.monotonic()
        killed = await asyncio.to_thread(desk.cluster.kill_master)
        _after(part, "a replica has taken over", begun_s)
        desk.name(more=back, fewer=going)
        await desk.synced()
        _after(part, "every portfolio was synced again", begun_s)
        await asyncio.to_thread(killed.start)
        await asyncio.to_thread(desk.cluster.wait_for_replication)
        await desk.noticed()
        for name in back:
            desk.portfolios[name].known()
        await _gone(desk, part, going, {name: min(each.retained, 1) for name, each in before.items()}, begun_s)
        await desk.advised(back)


def _after(part: Part, what: str, begun_s: float) -> None:
    part.tell(f"{what}, after", f"{time.monotonic() - begun_s:.1f} s")


async def _settled(desk: Desk, part: Part) -> None:
    """Stop the producers, wait until their last entries have been taken into account, and count the trades."""
    for each in desk.portfolios.values():
        await each.stop_producing()
    newest = {each.name: each.producer.newest_ms for each in desk.named}
    await desk.stands(lambda name, each: each.data_as_of_ms >= newest[name], "the last entries are taken into account")
    miscounted = await asyncio.to_thread(_miscounted, desk)
    part.count("long memories that have counted every trade once", len(newest) - len(miscounted), len(newest))
    part.problems += [f"{name}: {wrong}" for name, wrong in miscounted.items()]


def _miscounted(desk: Desk) -> dict[str, str]:
    """Wait until no long memory has miscounted its trades, and give what is wrong at the end, by portfolio."""
    wrong = {each.name: "" for each in desk.named}
    until_s = time.monotonic() + _COUNTED_WITHIN_S
    while wrong and time.monotonic() < until_s:
        for name in list(wrong):
            prefix = desk.portfolios[name].prefix
            with desk.owners.client(prefix) as client:
                wrong[name] = miscounted_trades(client, prefix)
            if not wrong[name]:
                del wrong[name]
    return wrong


async def _settled_histories(desk: Desk) -> list[History]:
    named = desk.named
    settled = await asyncio.gather(*(each.recorder.settled_history(_SETTLED_WITHIN_S) for each in named))
    others = [each.recorder.history() for each in desk.portfolios.values() if each not in named]
    return [*settled, *others]


def _checked(part: Part, histories: list[History]) -> None:
    """Check every history, and that no two of them are of one log."""
    broken = {history.portfolio: check(history) for history in histories}
    part.problems += [f"{name}: {violation}" for name, violations in broken.items() for violation in violations]
    owners = Counter(epoch for history in histories for epoch in history.epochs)
    part.problems += [f"epoch {epoch} is that of {count} portfolios" for epoch, count in owners.items() if count > 1]
    messages = sum(
        len(stream.messages) for history in histories for each in history.subscribers for stream in each.streams
    )
    part.tell("revisions", f"{sum(len(history.publishes) for history in histories):,}")
    part.tell("deliveries checked", f"{messages + sum(len(history.answers) for history in histories):,}")
    part.count("portfolios with no promise broken", sum(not each for each in broken.values()), len(histories))
