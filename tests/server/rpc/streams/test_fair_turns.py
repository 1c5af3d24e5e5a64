"""FairTurns: so many at once, in order, and who stalls or leaves keeps nobody waiting."""

from __future__ import annotations

import asyncio

from processes import aeventually

from strategic_memory_server.rpc.streams.fair_turns import FairTurns, Place


class Workers:
    """Takes turns and tells who has one."""

    def __init__(self, turns: FairTurns) -> None:
        self.turns = turns
        self.begun: list[int] = []
        self.at_once = 0
        self.most_at_once = 0

    async def work(self, number: int, passes: int = 3) -> None:
        place = Place(self.turns)
        await place.next_turn()
        self.begun.append(number)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for _ in range(passes):
            await asyncio.sleep(0)
        self.at_once -= 1
        place.end_turn()

    async def stall(self) -> None:
        place = Place(self.turns)
        await place.next_turn()
        try:
            await asyncio.Event().wait()
        finally:
            place.end_turn()


async def test_no_more_than_so_many_have_a_turn_at_once() -> None:
    workers = Workers(FairTurns(3, longest_turn_s=60))
    async with asyncio.timeout(30):
        await asyncio.gather(*[workers.work(number) for number in range(20)])
    assert workers.begun == list(range(20)), "first come, first served"
    assert workers.most_at_once == 3
    assert workers.turns._free == 3


async def test_who_takes_another_turn_stands_behind_those_who_wait() -> None:
    turns, order = FairTurns(1, longest_turn_s=60), list[str]()

    async def work(name: str) -> None:
        place = Place(turns)
        for _ in range(3):
            await place.next_turn()
            order.append(name)
            await asyncio.sleep(0)
        place.end_turn()

    async with asyncio.timeout(30):
        await asyncio.gather(work("a"), work("b"), work("c"))
    assert order == ["a", "b", "c"] * 3


async def test_who_stalls_keeps_nobody_waiting_for_long() -> None:
    workers = Workers(FairTurns(2, longest_turn_s=0.01))
    stalled = [asyncio.create_task(workers.stall()) for _ in range(7)]
    async with asyncio.timeout(30):
        await asyncio.gather(*[workers.work(number) for number in range(5)])
    for task in stalled:
        task.cancel()
    await asyncio.wait(stalled)
    # None of these stalls, and what lasts because this process stands still is no longer counted either.
    await aeventually(lambda: workers.turns._timer is None)
    workers.turns._longest_turn_s = 60.0
    workers.most_at_once = 0
    async with asyncio.timeout(30):
        await asyncio.gather(*[workers.work(number) for number in range(10)])
    assert workers.most_at_once <= 2, "a turn that is given back late is not counted twice"


async def test_who_leaves_while_waiting_or_with_a_turn_loses_none() -> None:
    turns = FairTurns(1, longest_turn_s=60)
    workers = Workers(turns)
    holding = Place(turns)
    await holding.next_turn()
    leaving = [asyncio.create_task(workers.work(number)) for number in range(3)]
    staying = asyncio.create_task(workers.work(9))
    await asyncio.sleep(0)
    leaving[0].cancel()
    holding.end_turn()
    # The turn has been handed to the second one, which leaves before it knows.
    leaving[1].cancel()
    leaving[2].cancel()
    async with asyncio.timeout(30):
        await asyncio.wait([*leaving, staying])
    assert workers.begun == [9]
    assert turns._free == 1


async def test_no_timer_runs_when_nobody_waits() -> None:
    turns = FairTurns(1, longest_turn_s=0.01)
    workers = Workers(turns)
    async with asyncio.timeout(30):
        await asyncio.gather(*[workers.work(number) for number in range(3)])
    await aeventually(lambda: turns._timer is None)
    assert turns._free == 1
