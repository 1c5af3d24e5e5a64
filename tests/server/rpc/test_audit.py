"""Each call of an operator is written down, also one that has no form in JSON; of strangers' not any number is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from structlog.testing import capture_logs

from strategic_memory.v1 import admin_pb2
from strategic_memory_server.faults.errors import InvalidRequestError, NobodyMayError, Violation
from strategic_memory_server.rpc.audit import LEFT, REFUSED_A_SECOND, audited


class _Context:
    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"


@pytest.mark.parametrize(
    "end",
    [
        {"duration": Duration(seconds=60)},
        {"duration": Duration(seconds=10**15)},
        {"duration": Duration(seconds=5, nanos=-7)},
        {"until": Timestamp(seconds=10**15)},
        {"until": Timestamp(seconds=1, nanos=-5)},
    ],
)
async def test_a_refusal_reaches_the_caller_and_the_log_whatever_times_are_asked_for(end: dict[str, Any]) -> None:
    async def refuse(_request: object, _context: object) -> object:
        raise InvalidRequestError(Violation("end", "is wrong"))

    context: Any = _Context()
    call = audited(refuse, "/strategic_memory.v1.StrategicMemoryAdminService/SetOverride")
    with capture_logs() as lines, pytest.raises(InvalidRequestError):
        await call(admin_pb2.SetOverrideRequest(reason="why", **end), context)
    assert [(line["method"], "why" in line["asked"]) for line in lines] == [("SetOverride", True)]


async def test_whoever_may_not_cannot_fill_the_log() -> None:
    async def refuse(_request: object, _context: object) -> object:
        raise NobodyMayError("admin")

    context: Any = _Context()
    now_s = 0.0
    call = audited(refuse, "/strategic_memory.v1.StrategicMemoryAdminService/SetOverride", lambda: now_s)
    with capture_logs() as lines:
        for _ in range(1_000):
            with pytest.raises(NobodyMayError):
                await call(admin_pb2.SetOverrideRequest(reason="why"), context)
        assert len(lines) == REFUSED_A_SECOND
        now_s = 1.0
        with pytest.raises(NobodyMayError):
            await call(admin_pb2.SetOverrideRequest(reason="why"), context)
    assert lines[-1]["outcome"].endswith("; 995 more, of all callers, were refused before")


async def test_of_a_call_that_was_left_it_is_written_down_that_it_may_have_been_carried_out() -> None:
    begun = asyncio.Event()

    async def write_and_wait(_request: object, _context: object) -> object:
        begun.set()
        return await asyncio.Event().wait()

    context: Any = _Context()
    call = audited(write_and_wait, "/strategic_memory.v1.StrategicMemoryAdminService/SetOverride")
    with capture_logs() as lines:
        calling = asyncio.ensure_future(call(admin_pb2.SetOverrideRequest(reason="why"), context))
        await begun.wait()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
    assert [line["outcome"] for line in lines] == [LEFT]
