"""The calls of an operator, for programs with an event loop; imported with the first of them."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

import grpc

from strategic_memory.v1 import admin_pb2, admin_pb2_grpc
from strategic_memory_client.transports.asynchronous.transport import AsyncConnection, AsyncTransport
from strategic_memory_client.transports.rooted import Rooted
from strategic_memory_client.values.admin import AdminState, InterventionPart
from strategic_memory_client.values.policy import Policy
from strategic_memory_client.wire import admin_calls
from strategic_memory_client.wire.admin_calls import End
from strategic_memory_client.wire.lost_answers import LostAnswers

_Request = TypeVar("_Request", admin_pb2.SetOverrideRequest, admin_pb2.ClearOverrideRequest, admin_pb2.FreezeRequest)


class AsyncAdmin(Rooted):
    """Sets and lifts overrides, holds the advice, and tells what holds. Each call takes the scope `admin`.

    Each returns once the advice is under what was asked for, or after some 5 s: `is_in_force` says which. Whoever
    replaces what holds names its number. An error that leaves open whether something was written says so: look at
    `get_state`, or say the same again within a minute, which is written once. Raises StrategicMemoryError:
    InterventionRefusedError where it is not done as things stand, AccessDeniedError, InvalidRequestError.
    """

    def __init__(self, transport: AsyncTransport, timeout_s: Callable[[float | None], float]) -> None:
        """Call over a transport."""
        self._transport = transport
        self._timeout_s = timeout_s

    async def set_override(
        self,
        *,
        reason: str,
        end: End,
        policy: Policy | None = None,
        leverage: float | None = None,
        force: bool = False,
        replaces: int | None = None,
        timeout_s: float | None = None,
    ) -> AdminState:
        """Allow no bolder policy, no higher leverage than these until an end; with `force` set them.

        `end`: a moment (aware), or a length of time, within 24 hours. `replaces`: the number of what holds already.
        """
        request = admin_calls.override_request(policy, leverage, force, reason, end, replaces)
        return await self._say(request, lambda stub: stub.SetOverride, timeout_s)

    async def clear_override(
        self,
        *,
        reason: str,
        part: InterventionPart | None = None,
        replaces: int | None = None,
        timeout_s: float | None = None,
    ) -> AdminState:
        """Lift what was set before its end; `part` None: all of it."""
        request = admin_calls.clear_request(part, reason, replaces)
        return await self._say(request, lambda stub: stub.ClearOverride, timeout_s)

    async def freeze(
        self, *, reason: str, end: End, replaces: int | None = None, timeout_s: float | None = None
    ) -> AdminState:
        """Hold the advice in force until an end, whatever the inputs say; caps and overrides bind all the same."""
        request = admin_calls.freeze_request(reason, end, replaces)
        return await self._say(request, lambda stub: stub.Freeze, timeout_s)

    async def get_state(self, *, timeout_s: float | None = None) -> AdminState:
        """Return what operators have said, and whether it is carried out."""
        return await self._transport.call(_state, self._timeout_s(timeout_s))

    async def _say(
        self,
        request: _Request,
        call: Callable[
            [admin_pb2_grpc.StrategicMemoryAdminServiceAsyncStub], grpc.aio.UnaryUnaryMultiCallable[_Request, Any]
        ],
        timeout_s: float | None,
    ) -> AdminState:
        answers = LostAnswers()

        async def ask(connection: AsyncConnection, within_s: float) -> tuple[admin_pb2.AdminState, AsyncConnection]:
            until_s = monotonic() + within_s
            if connection.portfolio:
                # A server that knows no portfolios would take what is said for its only one.
                await _state(connection, within_s)
            request.portfolio = connection.portfolio
            stub = admin_pb2_grpc.StrategicMemoryAdminServiceStub(connection.channel)
            left_s = max(until_s - monotonic(), 0.001)
            with answers.sending():
                wire = await call(stub)(request, timeout=left_s, metadata=connection.metadata)
            return wire.state, connection

        with answers.told():
            state, by = await self._transport.call(ask, self._timeout_s(timeout_s))
            with answers.sending():
                # Read here: no other server is asked for what this one may have done to another portfolio.
                return admin_calls.state_from_wire(state, by.portfolio, by.address)


async def _state(connection: AsyncConnection, within_s: float) -> AdminState:
    stub = admin_pb2_grpc.StrategicMemoryAdminServiceStub(connection.channel)
    request = admin_calls.state_request(connection.portfolio)
    wire = await stub.GetState(request, timeout=within_s, metadata=connection.metadata)
    return admin_calls.state_from_wire(wire.state, connection.portfolio, connection.address)
