"""PortfolioAdmin: what an operator says about one portfolio is written, and waited for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import replace
from typing import cast

from redis.exceptions import RedisError

from strategic_memory.v1 import admin_pb2
from strategic_memory_server.advice.feedback import SAFE_LEVERAGE, Feedback, FeedbackStatus
from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.advice.override import of_others, risks_of, without_override
from strategic_memory_server.faults.errors import (
    InterventionChangedError,
    InterventionNotKnownError,
    NothingToFreezeError,
    RaisesRiskError,
)
from strategic_memory_server.memory.leverage_cap import capped
from strategic_memory_server.memory.override import Freeze, Override, Risk
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.redis_access.redis_connection import describe_failure
from strategic_memory_server.revisions.change_signal import Waiter
from strategic_memory_server.revisions.said_log import AuditEntry, ConflictError, MovedError
from strategic_memory_server.rpc.admin.requests import AskedOverride, asked_clearing, asked_freeze, asked_override
from strategic_memory_server.rpc.admin.said_again import ANONYMOUS, Asking, to_lift, to_set
from strategic_memory_server.rpc.behaviour import CallContext
from strategic_memory_server.rpc.caller import KNOWN
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio
from strategic_memory_server.rpc.wire.to_wire import admin_state_message

LONGEST_WAIT_S = 5.0
"""So long a call waits until what it says is carried out, seconds; less where its deadline comes sooner."""

LATE_S = 0.1
TAKEN_WITHIN_S = 0.25
"""Where that ends too late by so much, seconds, the process stood still: so long it has to take what came meanwhile."""

LEFT_TO_ANSWER_S = 0.5
ATTEMPTS = 5

NOT_CARRIED_OUT = (
    "it is written, and not in force yet as far as this server knows: see whether one leads that knows of overrides, "
    "and what it tells (strategic-memory health)"
)

LIFTED = (
    "it is written, and the advice is not under it: a server of an earlier version leads, or has led last, which knows "
    "of no overrides. Replace that server: the first of this version that leads puts into force what was said last"
)


class PortfolioAdmin:
    """Takes what operators say about a portfolio. Any server may; the one that leads carries it out."""

    def __init__(self, portfolio: ServedPortfolio) -> None:
        self._sources = portfolio.sources
        self._name = portfolio.name

    async def set_override(
        self, request: admin_pb2.SetOverrideRequest, context: CallContext
    ) -> admin_pb2.SetOverrideResponse:
        """Allow no more risk than this, or set it."""
        said_ms, now_ms = self._sources.said.now_ms(), self._sources.clock_ms()
        asked, by = asked_override(request, now_ms), _caller(context)
        override = Override(asked.policy, asked.leverage, asked.is_forced, asked.reason, by, now_ms, asked.until_ms)
        asking = to_set(override, request.replaces)
        held = await self._seen(asking, now_ms)
        if not asking.is_done(held):
            if not asked.is_forced:
                _require_no_raise(asked, self._in_force())
            intervention = replace(held, number=held.number + 1, override=override)
            held = await self._written(intervention, AuditEntry(by, "SetOverride", asked.reason, said_ms), asking)
        return admin_pb2.SetOverrideResponse(state=await self._carried_out(held, context))

    async def clear_override(
        self, request: admin_pb2.ClearOverrideRequest, context: CallContext
    ) -> admin_pb2.ClearOverrideResponse:
        """Lift what was set."""
        parts = asked_clearing(request)
        asking = to_lift(parts, request.replaces)
        said_ms = self._sources.said.now_ms()
        held = await self._seen(asking, self._sources.clock_ms())
        # Where nothing is to be lifted a number is taken all the same: what was said before, and has had no answer, may
        # still be on its way to Redis, and would hold once this has told that nothing does.
        if not asking.is_done(held):
            left = replace(held, number=held.number + 1)
            if "override" in parts:
                left = replace(left, override=None)
            if "freeze" in parts:
                left = replace(left, freeze=None, frozen=None)
            said = AuditEntry(_caller(context), "ClearOverride", request.reason, said_ms)
            held = await self._written(left, said, asking)
        return admin_pb2.ClearOverrideResponse(state=await self._carried_out(held, context))

    async def freeze(self, request: admin_pb2.FreezeRequest, context: CallContext) -> admin_pb2.FreezeResponse:
        """Hold the advice in force."""
        said_ms, by = self._sources.said.now_ms(), _caller(context)
        for _ in range(ATTEMPTS):
            now_ms = self._sources.clock_ms()
            asked = Freeze(0, "", request.reason, by, now_ms, asked_freeze(request, now_ms))
            asking = to_set(asked, request.replaces)
            held = await self._seen(asking, now_ms)
            if asking.is_done(held):
                return admin_pb2.FreezeResponse(state=await self._carried_out(held, context))
            in_force = self._in_force()
            if in_force.status is not FeedbackStatus.ACTIVE:
                raise NothingToFreezeError(in_force.status.value)
            waiter = Waiter(self._sources.changed)
            waiter.look()
            # What is held already is held on as it was.
            frozen, place = held.frozen or without_override(in_force.advice), held.freeze or in_force
            freeze = replace(asked, revision=place.revision, epoch=place.epoch)
            intervention = Intervention(held.number + 1, held.override, freeze, frozen)
            said, is_new = AuditEntry(by, "Freeze", request.reason, said_ms), held.freeze is None
            try:
                held = await self._written(intervention, said, asking, is_new_freeze=is_new)
            except MovedError:
                # Another revision has come into force, which this server is about to read.
                with contextlib.closing(waiter):
                    await _within(LEFT_TO_ANSWER_S, waiter.wait())
                continue
            return admin_pb2.FreezeResponse(state=await self._carried_out(held, context))
        raise NothingToFreezeError("changing each time it is looked at")

    async def state(self) -> admin_pb2.GetStateResponse:
        """Tell what operators have said."""
        held = (await self._newest()).at(self._sources.clock_ms())
        return admin_pb2.GetStateResponse(state=self._state(held))

    def _in_force(self) -> Feedback:
        """Return what is in force now: while Redis was asked, what was before may have ended."""
        return self._sources.hub.in_force(self._sources.clock_ms())

    async def _newest(self) -> Intervention:
        try:
            return await self._sources.said.newest(self._sources.hub.intervention)
        except (RedisError, OSError) as error:
            raise InterventionNotKnownError(describe_failure(error)) from error

    async def _seen(self, asking: Asking, now_ms: int) -> Intervention:
        """Return what holds, if the caller has seen or said it: nothing that they have not is replaced."""
        held = (await self._newest()).at(now_ms)
        if not (asking.has_seen(held) or asking.is_done(held)):
            raise InterventionChangedError(held.number, _told(held))
        return held

    async def _written(
        self, intervention: Intervention, said: AuditEntry, asking: Asking, *, is_new_freeze: bool = False
    ) -> Intervention:
        """Write what holds from now on, and return it; or what does, where the same call was carried out meanwhile."""
        try:
            await self._sources.said.write(intervention, said, is_new_freeze=is_new_freeze)
        except ConflictError:
            held = (await self._newest()).at(self._sources.clock_ms())
            if asking.is_done(held) or asking.lifts_nothing(held):
                return held
            raise InterventionChangedError(held.number, _told(held)) from None
        except (RedisError, OSError) as error:
            raise InterventionNotKnownError(describe_failure(error)) from error
        return intervention

    async def _carried_out(self, intervention: Intervention, context: CallContext) -> admin_pb2.AdminState:
        """Wait until the advice here is under an intervention, for a while, and tell."""
        # There is none where the caller waits for ever.
        left_s = cast("float | None", context.time_remaining())
        within_s = LONGEST_WAIT_S if left_s is None else max(min(LONGEST_WAIT_S, left_s - LEFT_TO_ANSWER_S), 0.0)
        due_s = (now_s := asyncio.get_running_loop().time)() + within_s
        await _within(within_s, self._until_in_force(intervention.number))
        if now_s() - due_s >= LATE_S:
            await _within(TAKEN_WITHIN_S, self._until_in_force(intervention.number))
        return self._state(intervention)

    async def _until_in_force(self, number: int) -> None:
        with contextlib.closing(Waiter(self._sources.changed)) as waiter:
            while True:
                waiter.look()
                if self._is_heard(number) and not self._sources.hub.lifts_intervention():
                    return
                await waiter.wait()

    def _is_heard(self, number: int) -> bool:
        return self._sources.hub.intervention.number >= number

    def _state(self, intervention: Intervention) -> admin_pb2.AdminState:
        pending = "" if self._is_heard(intervention.number) else NOT_CARRIED_OUT
        if not pending and self._sources.hub.lifts_intervention():
            pending = LIFTED
        return admin_state_message(
            intervention, self._in_force(), is_in_force=not pending, pending=pending, portfolio=self._name
        )


def _caller(context: CallContext) -> str:
    return KNOWN.get() or f"{ANONYMOUS}{context.peer()})"


def _told(held: Intervention) -> str:
    parts = [
        f"{what} of {part.set_by} holds ({part.reason})"
        for what, part in (("an override", held.override), ("a freeze", held.freeze))
        if part is not None
    ]
    return " and ".join(parts) or "nothing holds any more of what was named"


def _require_no_raise(asked: AskedOverride, feedback: Feedback) -> None:
    """Refuse what would lower nothing and is above what the rules say: it can only be meant to raise risk."""
    rules = _by_rules(feedback)
    boldest = max(risk.policy for risk in rules)
    highest = max(risk.leverage_hint for risk in rules)
    said = f"{boldest.name} and leverage {highest:g}"
    if asked.policy is not None and asked.policy > boldest:
        raise RaisesRiskError(asked.policy.name, said)
    if asked.leverage is not None and asked.leverage > highest:
        raise RaisesRiskError(f"leverage {asked.leverage:g}", said)


def _by_rules(feedback: Feedback) -> list[Risk]:
    """Return what is risked without operators: in the preferred regime and in the current one."""
    advice = without_override(feedback.advice)
    if feedback.status is not FeedbackStatus.ACTIVE:
        leverage, _ = capped(SAFE_LEVERAGE, of_others(advice.leverage_caps))
        return [Risk(Policy.CONSERVATIVE, leverage)]
    risks = risks_of(advice)
    return [risks.preferred, *([risks.current] if risks.current else [])]


async def _within(seconds: float, waiting: Awaitable[object]) -> None:
    """Wait for something, at most so many seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await waiting
