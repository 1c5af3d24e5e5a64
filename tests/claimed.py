"""The log and its publisher, always under a claim that holds: for tests that are not about who may write."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import redis
import redis.asyncio
from redis.exceptions import ResponseError
from redis_contents import Contents, contents_of

from strategic_memory_server.advice.feedback import Advice, Feedback, Times
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.long_memory.long_memory import LongMemory
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.memory.window_settings import MAX_REGIMES
from strategic_memory_server.redis_access.shared_trips import SharedTrips
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher, Publication
from strategic_memory_server.revisions.known_history import KnownHistory
from strategic_memory_server.revisions.leadership import Leadership
from strategic_memory_server.revisions.lease import Claim, Lease, Taken
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_opening import mint_epoch
from strategic_memory_server.revisions.log_state import LogState

HOLDER = "tests"
LEASE_MS = 3_600_000
KEYS = LogKeys.under("quantum")


def lease_of(
    client: redis.asyncio.Redis,
    holder: str = HOLDER,
    length_ms: int = LEASE_MS,
    *,
    prefix: str = "quantum",
    trips: SharedTrips | None = None,
) -> Lease:
    """A lease under the prefix of the tests."""
    return Lease(client, prefix, holder, length_ms, trips)


async def leading(client: redis.asyncio.Redis) -> Leadership:
    """A leadership that leads for as long as any test lasts."""
    leadership = Leadership(lease_of(client))
    await leadership.ask()
    assert leadership.claim
    return leadership


async def claim_on(client: redis.asyncio.Redis) -> Claim:
    """A claim that holds: all tests' publishers are one holder."""
    lease = lease_of(client)
    answer = await lease.take()
    if isinstance(answer, Taken) and answer.claim.holder == HOLDER:
        answer = await lease.take(held=answer.claim)
    assert isinstance(answer, Claim)
    return answer


def long_memory_of(
    client: redis.asyncio.Redis,
    decay: float = 0.998,
    horizon: int = 100,
    max_regimes: int = MAX_REGIMES,
    problems: Problems | None = None,
    *,
    change: bool = False,
) -> LongMemory:
    """The long memory under the prefix of the tests."""
    store = MemoryStore(client, "quantum", decay, horizon, max_regimes, change=change)
    return LongMemory(store, TradeReader(client, "quantum"), max_regimes, problems)


def said_in(client: redis.Redis) -> Contents:
    """The whole contents but for the lease and the long memory."""
    memory = MemoryKeys.under("quantum")
    others = {key.encode() for key in (KEYS.lease, KEYS.fencing_token, memory.evidence, memory.trade_ids)}
    return {key: value for key, value in contents_of(client).items() if key not in others}


class ClaimedLog:
    """A log whose writes are made under a claim that holds."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        prefix: str = "quantum",
        retained_revisions: int = 100,
        log: FeedbackLog | None = None,
    ) -> None:
        self.client = client
        self.log = log or FeedbackLog(client, prefix, retained_revisions)

    @property
    def keys(self) -> LogKeys:
        return self.log.keys

    async def open(self, epoch_if_new: str, above: int = 0) -> LogState:
        return (await self.log.open(await claim_on(self.client), epoch_if_new, above)).state

    async def publish(self, feedback: Feedback, expected: LogState) -> bool:
        """Publish after that place, with the times that the log has now where it is known to stand there."""
        claim = await claim_on(self.client)
        if expected.revision:
            with suppress(ResponseError, MalformedFeedbackError):
                now = await self.log.read_state() or expected
                expected = replace(expected, times=now.times)
        return await self.log.publish(claim, feedback, expected)

    async def confirm(self, feedback: Feedback, expected: LogState | None = None) -> bool:
        return await self.log.confirm(await claim_on(self.client), feedback, expected or await self._where(feedback))

    async def withdraw(self, feedback: Feedback, expected: LogState | None = None) -> bool:
        return await self.log.withdraw(await claim_on(self.client), feedback, expected or await self._where(feedback))

    async def read_state(self) -> LogState | None:
        return await self.log.read_state()

    async def snapshot(self, recent: int) -> LogSnapshot:
        return await self.log.snapshot(recent)

    async def read_after(self, revision: int, count: int) -> list[Feedback]:
        return await self.log.read_after(revision, count)

    async def _where(self, feedback: Feedback) -> LogState:
        """The place of a feedback, with the times that the log has now."""
        now = await self.log.read_state() or LogState("", 0)
        return replace(now, epoch=feedback.epoch, revision=feedback.revision)


class ClaimedPublisher:
    """A publisher whose claim always holds."""

    def __init__(
        self,
        log: ClaimedLog,
        mint: Callable[[], str] = mint_epoch,
        known_history: Callable[[], KnownHistory] = KnownHistory,
    ) -> None:
        self.problems = Problems()
        self._client = log.client
        self._publisher = FeedbackPublisher(log.log, mint, known_history, self.problems)

    async def open(self) -> LogState:
        return await self._publisher.open(await claim_on(self._client))

    async def publish(self, advice: Advice, times: Times, now_ms: int) -> Publication:
        return await self._publisher.publish(await claim_on(self._client), advice, times, now_ms)

    async def withdraw(self, now_ms: int) -> None:
        await self._publisher.withdraw(await claim_on(self._client), now_ms)
