"""Bytes of requests that are held at once: counted before they are, and bounded whatever is sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from typing import Any

import grpc
import pytest
import redis.asyncio
from in_process_server import in_process_server
from malformed_requests import good_memory
from processes import aeventually

from strategic_memory.v1 import service_pb2
from strategic_memory_server.faults.limits import (
    RequestTooLargeError,
    RequestTooSlowError,
    TooMuchInHandError,
)
from strategic_memory_server.rpc.analyses import requests_in_hand
from strategic_memory_server.rpc.analyses.requests_in_hand import RequestsInHand
from strategic_memory_server.rpc.grpc_settings import MIB, GrpcSettings
from strategic_memory_server.rpc.wire.unparsed import Unparsed

LARGEST, TOGETHER = 100, 250
PATH = "/strategic_memory.v1.StrategicMemoryService/Analyze"


class Sender:
    """A request that arrives when it is told to."""

    def __init__(self, in_hand: RequestsInHand, size: int, caller: str = "one") -> None:
        self.asked, self.arrived, self.is_held, self.done = (asyncio.Event() for _ in range(4))
        self.task = asyncio.create_task(self._send(in_hand, size, caller))

    async def _send(self, in_hand: RequestsInHand, size: int, caller: str) -> None:
        async def receive() -> Unparsed[bytes]:
            self.asked.set()
            await self.arrived.wait()
            return Unparsed(bytes, b"x" * size)

        async with in_hand.received(receive, caller) as request:
            assert len(request) == size
            self.is_held.set()
            await self.done.wait()


async def test_a_request_counts_as_the_largest_until_it_is_there() -> None:
    in_hand = RequestsInHand(LARGEST, TOGETHER)
    senders = [Sender(in_hand, size) for size in (100, 40, 100, 7)]
    await senders[1].asked.wait()
    assert in_hand.bytes == 200
    # There is no room to receive a third, however small it may be.
    senders[1].arrived.set()
    await senders[2].asked.wait()
    assert in_hand.bytes == 240
    senders[2].task.cancel()
    await senders[3].asked.wait()
    senders[3].arrived.set()
    await senders[3].is_held.wait()
    assert in_hand.bytes == 147
    for sender in (senders[0], senders[1], senders[3]):
        sender.arrived.set()
        sender.done.set()
        await sender.task
    assert in_hand.bytes == 0


async def test_one_for_which_there_is_no_room_for_long_is_refused_with_the_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests_in_hand, "LONGEST_WAIT_S", 0.01)
    in_hand = RequestsInHand(LARGEST, 150)
    first = Sender(in_hand, 100)
    await first.asked.wait()
    with pytest.raises(TooMuchInHandError, match="STRATEGIC_MEMORY_MAX_IN_HAND_MIB"):
        await Sender(in_hand, 1).task
    first.arrived.set()
    first.done.set()
    await first.task
    assert in_hand.bytes == 0


async def test_callers_take_turns_and_each_has_its_own_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    in_hand = RequestsInHand(LARGEST, 300, 150)
    greedy = [Sender(in_hand, 100) for _ in range(4)]
    await greedy[0].asked.wait()
    modest = Sender(in_hand, 100, "two")
    # There is room for one more, and the second of the first caller is not it.
    await modest.asked.wait()
    assert in_hand.bytes == 200
    assert not greedy[1].asked.is_set()
    monkeypatch.setattr(requests_in_hand, "LONGEST_WAIT_S", 0.01)
    with pytest.raises(TooMuchInHandError, match="STRATEGIC_MEMORY_CALLER_IN_HAND_MIB"):
        await Sender(in_hand, 1).task
    for sender in (*greedy, modest):
        sender.arrived.set()
        sender.done.set()
        await sender.task
    assert in_hand.bytes == 0
    assert not in_hand._by_caller


async def test_of_one_caller_one_request_waits_among_those_of_others() -> None:
    in_hand = RequestsInHand(LARGEST, LARGEST)
    greedy = [Sender(in_hand, 100) for _ in range(3)]
    await greedy[0].asked.wait()
    modest = Sender(in_hand, 100, "two")
    order: list[str] = []
    for name, sender in (("first", greedy[0]), ("second", greedy[1]), ("third", greedy[2]), ("modest", modest)):
        sender.task.add_done_callback(lambda _, name=name: order.append(name))  # type: ignore[misc]
        sender.arrived.set()
        sender.done.set()
    await asyncio.gather(*(sender.task for sender in (*greedy, modest)))
    assert order == ["first", "modest", "second", "third"]


async def test_one_that_is_too_large_or_too_slow_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    in_hand = RequestsInHand(LARGEST, TOGETHER)
    large = Sender(in_hand, LARGEST + 1)
    large.arrived.set()
    with pytest.raises(RequestTooLargeError, match="STRATEGIC_MEMORY_MAX_REQUEST_MIB"):
        await large.task
    monkeypatch.setattr(requests_in_hand, "LONGEST_RECEIPT_S", 0.01)
    with pytest.raises(RequestTooSlowError, match=r"within 0\.01 s"):
        await Sender(in_hand, 1).task
    assert in_hand.bytes == 0


async def test_many_large_requests_at_once_are_held_one_after_the_other(
    async_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    most: list[int] = []
    reserve = RequestsInHand._reserve

    async def watched(self: RequestsInHand, own: requests_in_hand._Room) -> None:
        await reserve(self, own)
        most.append(self.bytes)

    monkeypatch.setattr(RequestsInHand, "_reserve", watched)
    request = service_pb2.AnalyzeRequest(inline=good_memory(Random(1), 200))
    padding = MIB - request.ByteSize() - 16
    # A name of a portfolio, in whose place another one comes: of a field given twice the last one counts.
    padded = request.SerializeToString() + b"\x22" + _length(padding) + b"x" * padding + b"\x22\x00"
    settings = replace(GrpcSettings(), max_request_bytes=MIB, max_in_hand_bytes=2 * MIB + 1)
    async with in_process_server(async_client, settings) as service:
        channels = [
            grpc.aio.insecure_channel(service.server.address, options=[("grpc.use_local_subchannel_pool", 1)])
            for _ in range(8)
        ]
        analyze: list[Any] = [channel.unary_unary(PATH) for channel in channels]
        calls = [method(padded, timeout=60) for method in analyze]
        answers = [service_pb2.AnalyzeResponse.FromString(await call) for call in calls]
        assert {answer.analysis.sample_count for answer in answers} == {130}
        assert len(most) == 8
        assert max(most) <= 2 * MIB + 1
        for size, told in ((MIB + 1, "STRATEGIC_MEMORY_MAX_REQUEST_MIB"), (3 * MIB, "larger than max")):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await analyze[0](b"x" * size, timeout=60)
            assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert told in (refused.value.details() or "")
        # The server goes on, and counts nothing as in hand.
        await aeventually(lambda: service.handled("Analyze", "OK", "unary") == 8)
        answer = await analyze[0](request.SerializeToString(), timeout=60)
        assert service_pb2.AnalyzeResponse.FromString(answer) == answers[0]
        assert most[-1] == MIB
        for channel in channels:
            await channel.close()


def _length(size: int) -> bytes:
    """A length as the wire has it: seven bits a byte, the lowest first."""
    low, rest = size & 0x7F, size >> 7
    return bytes([low | 0x80]) + _length(rest) if rest else bytes([low])
