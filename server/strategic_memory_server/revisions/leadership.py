"""Leadership: keeps asking for the lease, and says whether this server may write now."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from strategic_memory_server.faults.problems import TOLD_FOR_S, Problems
from strategic_memory_server.faults.told_failures import ToldFailures
from strategic_memory_server.redis_access.redis_connection import describe_failure
from strategic_memory_server.revisions.lease import Claim, Lease, Taken
from strategic_memory_server.revisions.permissions import Permissions, lacks_permission, missing_permissions
from strategic_memory_server.revisions.settings_agreement import SettingsAgreement

ASKED_PER_LEASE = 5
"""How often the lease is renewed or asked for within its length."""

LONG_LEASE_S = 30.0
ASKED_PER_LONG_LEASE = 3
"""The same of a lease of that length, seconds, and more: what is tried again after a failure has time enough in it."""

LEASE_LOST = (
    "Redis has lost the lease before its end: a key was deleted or evicted, the data set was replaced, or the clock of "
    "Redis was set forward; the advice goes on under a new lease. See docs/redis.md, Loss"
)
COUNTER_LOST = (
    "Redis has lost the counter of fencing tokens; tokens go on above the highest one that is known. "
    "See docs/redis.md, Loss"
)

RENEWED_LATE = (
    "it was renewed too late: this process, or Redis, was given too little of its machine; give it more, or make "
    "STRATEGIC_MEMORY_LEASE longer"
)

HELD_BY_ANOTHER = "another server holds the lease"
HELD_UNKNOWN = "the answer that gave this server the lease came too late or not at all; it takes another one"

REMEMBERED_CLAIMS = 8
"""Claims that were lost and are remembered."""

_RANDOM = secrets.SystemRandom()

logger = structlog.get_logger(__name__)


class Leadership:
    """Runs for the lease as long as the service runs.

    Args:
        lease: asks Redis.
        clock_s: a clock that only goes forward and also while the process is paused, seconds.
        problems: is told of keys that Redis has lost, and of missing permissions.
        permissions: finds out what the user may not do; None: nothing is found out.
        agreement: says whether this server may lead with the settings that it has; None: it may.
    """

    def __init__(
        self,
        lease: Lease,
        clock_s: Callable[[], float] = time.monotonic,
        problems: Problems | None = None,
        permissions: Permissions | None = None,
        agreement: SettingsAgreement | None = None,
    ) -> None:
        self.leader = ""
        """Name of the server that leads, as far as this one knows; empty: not known."""
        self.terms = 0
        """How often this server has become the leader."""
        self.standby_reason = "this server has not asked for the lease"
        """Why this server did not lead when that was last found, in words."""
        self.failure: str | None = None
        """Why the lease cannot be asked for just now; None while it can."""
        self._lease = lease
        self._agreement = agreement
        self._problems = problems or Problems()
        self._permissions = permissions
        self._may_write = permissions is None
        self._clock_s = clock_s
        self._lost_claims: deque[str] = deque(maxlen=REMEMBERED_CLAIMS)
        self._claim: Claim | None = None
        self._ends_s = 0.0
        self._known_token = 0
        self._ended_early: Claim | None = None
        self._gained = asyncio.Event()
        self._was_asked = False
        self._first_answer: asyncio.Future[None] | None = None
        self._ask_now = asyncio.Event()
        self._told = ToldFailures()

    @property
    def claim(self) -> Claim | None:
        """What to write under; None while this server does not lead."""
        return self._claim if self._clock_s() < self._ends_s else None

    @property
    def another_leads(self) -> bool:
        """Whether another server leads, as far as this one knows."""
        return self.leader not in ("", self.name)

    @property
    def _is_late(self) -> bool:
        """Whether the claim has ended while it was still to be renewed."""
        return self._claim is not None and self.claim is None

    @property
    def name(self) -> str:
        """Name of this server."""
        return self._lease.holder

    async def run(self) -> None:
        """Ask for the lease and renew it, until cancelled."""
        while True:
            # Who is refused while an answer is on its way asks again at once.
            self._ask_now.clear()
            pause_s = await self.ask()
            self._was_asked = True
            if self._first_answer is not None and not self._first_answer.done():
                self._first_answer.set_result(None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._ask_now.wait()

    async def ask(self) -> float:
        """Take or renew the lease once; give the seconds until the next time. Nothing is raised."""
        asked_s = self._clock_s()
        length_s = self._lease.length_ms / 1000
        period_s = length_s / (ASKED_PER_LEASE if length_s < LONG_LEASE_S else ASKED_PER_LONG_LEASE)
        try:
            if not await self._is_permitted():
                return period_s
            agreement, asked = self._agreement, self.claim
            if agreement is not None and asked is None and not await agreement.may_lead():
                return self._stood_back(agreement.leader, period_s)
            settings = agreement.text if agreement else ""
            answer = await self._lease.take(self._known_token, asked, self._lost_claims, settings)
        except (RedisError, OSError) as error:
            # What the lease itself is refused for is there again at the next time at the earliest.
            self._let_go_unpermitted(error)
            self._not_answered(describe_failure(error))
            return period_s * _RANDOM.uniform(0.3, 0.6)
        self._answered()
        claim = answer.claim if isinstance(answer, Taken) else answer
        if asked is not None and self._claim is None and claim.value == asked.value:
            # It was refused since, and this says what held before.
            return period_s
        if agreement is not None and asked is not None and asked.value == claim.value:
            agreement.leads(claim.stands_back)
        self._known_token = max(self._known_token, claim.fencing_token)
        held, is_late = self.claim, self._is_late
        if held is not None and claim.value != held.value:
            self._ended_early = held
            self._lost_claims.append(held.value)
        self._report_loss(claim)
        if isinstance(answer, Taken):
            self.leader = answer.claim.holder
            is_own = self.leader == self.name
            self._lost(RENEWED_LATE if is_late else HELD_UNKNOWN if is_own else HELD_BY_ANOTHER)
            if is_own and claim.value not in self._lost_claims:
                # Nobody writes under it. Now that an answer comes, nobody has to wait for its end either.
                self._lost_claims.append(claim.value)
                return 0.0
            # Asked again as soon as it can be free, not all servers in the same moment.
            return min(period_s, answer.left_ms / 1000 + 0.001) + period_s * _RANDOM.uniform(0.0, 0.1)
        if is_late and self._claim is not None and answer.value != self._claim.value:
            self._lost(RENEWED_LATE)
        self._held(answer, asked_s + length_s)
        return period_s

    def deposed(self, refused: Claim | None) -> None:
        """Take note that Redis has refused a claim: somebody has taken over, or Redis has lost the lease.

        A sync may take longer than its claim lasts. What is refused then says nothing of the one that is held since.
        """
        if self._claim is None or refused is None or refused.value != self._claim.value:
            return
        self._ended_early = self.claim
        if self._ended_early is not None:
            self._lost_claims.append(self._ended_early.value)
        self._lost(RENEWED_LATE if self._is_late else "Redis does not hold this server's claim any more")
        self._ask_now.set()

    def refused(self, error: Exception) -> None:
        """Take note of an error: where a permission is missing, this server does not lead until it is there.

        A script stops half way where a command in it is refused, so nothing more is tried.
        """
        if self._let_go_unpermitted(error):
            self._ask_now.set()

    async def wait(self, seconds: float) -> None:
        """Wait until this server leads, at most so many seconds."""
        if self.claim is None:
            # It may have ended unnoticed since the lease was last asked for.
            self._gained.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._gained.wait()

    async def wait_for_answer(self, seconds: float) -> None:
        """Wait until it is known whether this server leads, at most so many seconds."""
        if not self._was_asked:
            self._first_answer = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._first_answer], timeout=seconds)

    async def release(self) -> None:
        """Give leadership up for good; `run` must have ended. Where Redis cannot be told, the lease ends by itself."""
        claim, self._claim = self._claim, None
        self._gained.clear()
        if claim is not None:
            try:
                await self._lease.release(claim)
            except (RedisError, OSError) as error:
                logger.warning("Leadership not released; it ends by itself", error=describe_failure(error))
            else:
                logger.info("Leadership released", fencing_token=claim.fencing_token)

    def _stood_back(self, leader: str, period_s: float) -> float:
        self._answered()
        self.leader = leader
        self._lost("the feedback log was written under other settings")
        return period_s * _RANDOM.uniform(0.9, 1.1)

    def _held(self, claim: Claim, ends_s: float) -> None:
        new_term = self._claim is None or self._claim.value != claim.value
        self._claim, self._ends_s, self.leader = claim, ends_s, claim.holder
        if new_term:
            self.terms += 1
            logger.info("Leadership gained", fencing_token=claim.fencing_token, server=claim.holder)
        self._gained.set()

    def _let_go_unpermitted(self, error: Exception) -> bool:
        """Lead no more where an error says that a permission is missing; tell whether it does."""
        if self._permissions is None or not lacks_permission(error):
            return False
        self._may_write = False
        if self._claim is not None:
            self._lost_claims.append(self._claim.value)
        self._lost("a permission is missing")
        return True

    async def _is_permitted(self) -> bool:
        """Find out whether everything that has to be written may be written, before the first write."""
        if self._permissions is None or self._may_write:
            return True
        missing = await self._permissions.missing()
        self._may_write = not missing
        if missing:
            self._problems.state("permissions_missing", missing_permissions(missing))
        else:
            self._problems.withdraw("permissions_missing")
        return self._may_write

    def _report_loss(self, answered: Claim) -> None:
        """Tell of a lease or a counter that is gone, though this Redis was neither restarted nor has failed over."""
        ended, self._ended_early = self._ended_early, None
        if ended is not None and ended.run_id == answered.run_id:
            self._problems.state("lease_lost", LEASE_LOST, for_s=TOLD_FOR_S)
        if answered.counter_was_lost:
            self._problems.state("fencing_token_lost", COUNTER_LOST, for_s=TOLD_FOR_S)

    def _lost(self, why: str) -> None:
        self.standby_reason = why
        claim, self._claim = self._claim, None
        self._gained.clear()
        if claim is not None:
            logger.warning("Leadership lost", why=why, fencing_token=claim.fencing_token, leader=self.leader or None)

    def _answered(self) -> None:
        self.failure = None
        self._told.are_over()

    def _not_answered(self, failure: str) -> None:
        if self._told.is_news(failure):
            logger.warning("Lease cannot be asked for; trying again", error=failure)
        self.failure = failure
        if self._is_late:
            self.leader = ""
            self._lost("it could not be renewed in time")
