"""In which order sentinels and nodes are asked, and what the message tells when none of them answers."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Self, cast

import pytest
import redis
import redis.asyncio
from faults.free_ports import HOST, free_port
from patient_redis import patient

from strategic_memory_server.redis_access.primary_finder import ClusterFinder, PrimaryFinder, SentinelFinder
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_location import Address

ASKED: list[int] = []
"""Ports, in the order in which they were asked."""


def ask(address: Address) -> redis.asyncio.Redis:
    ASKED.append(address[1])
    return connect(patient(f"redis://{address[0]}:{address[1]}"))


@pytest.fixture
def nobody() -> list[Address]:
    """Addresses where nothing listens."""
    return [(HOST, port) for port in sorted({free_port() for _ in range(8)})[:3]]


async def order(finder: PrimaryFinder) -> list[int]:
    ASKED.clear()
    message = await refusal(finder)
    assert sorted(int(port) for port in re.findall(rf"{HOST}:(\d+): ConnectionError", message)) == sorted(ASKED)
    return list(ASKED)


async def refusal(finder: PrimaryFinder) -> str:
    with pytest.raises(redis.ConnectionError) as refused:
        await finder.find()
    return str(refused.value)


async def test_each_is_asked_once_in_the_given_order(nobody: list[Address]) -> None:
    ports = [port for _, port in nobody]
    for finder in (SentinelFinder(ask, nobody, "name"), ClusterFinder(ask, nobody, "{a}")):
        assert await order(finder) == ports
        # Whoever failed went to the end, one after the other.
        assert await order(finder) == ports


async def test_whoever_was_wrong_is_asked_last(nobody: list[Address]) -> None:
    first, second, third = (port for _, port in nobody)
    for finder in (SentinelFinder(ask, nobody, "name"), ClusterFinder(ask, nobody, "{a}")):
        finder.mistaken()
        assert await order(finder) == [second, third, first]


async def test_the_same_failure_is_told_in_the_same_words_in_whichever_order_they_were_asked(
    nobody: list[Address],
) -> None:
    """Several connections are opened at once, and each puts others last: each retry was another failure in the log."""
    for finder in (SentinelFinder(ask, nobody, "name"), ClusterFinder(ask, nobody, "{a}")):
        told = {await refusal(finder)}
        for _ in nobody:
            finder.mistaken()
            told |= {await refusal(finder)}
            told |= set(await asyncio.gather(*(refusal(finder) for _ in range(3))))
        assert len(told) == 1


async def test_a_node_that_another_one_points_to_is_asked_first(nobody: list[Address]) -> None:
    *nodes, hinted = nobody
    finder = ClusterFinder(ask, nodes, "{a}")
    finder.mistaken(hinted)
    assert await order(finder) == [hinted[1], *(port for _, port in nodes)]
    finder.mistaken(nodes[1])
    assert await order(finder) == [nodes[1][1], hinted[1], nodes[0][1]]


async def test_a_node_that_is_gone_when_it_fails_to_answer_is_asked_no_more(nobody: list[Address]) -> None:
    """Several connections are opened at once, and one learns which nodes there are while another waits for one."""
    gone, there = nobody[:2]
    is_refused = asyncio.Event()

    class Node:
        def __init__(self, address: Address) -> None:
            self._address = address

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None:
            pass

        async def execute_command(self, *_: str) -> Any:  # noqa: ANN401  it is what Redis says
            if self._address == gone:
                await is_refused.wait()
                raise redis.ConnectionError("no route")
            return [[0, 16_383, [there[0].encode(), there[1]]]]

    finder = ClusterFinder(lambda address: cast("redis.asyncio.Redis", Node(address)), [there], "{a}")
    finder.mistaken(gone)
    waiting = asyncio.create_task(finder.find())
    await asyncio.sleep(0)
    finder.mistaken()
    assert await finder.find() == there
    is_refused.set()
    assert await waiting == there
