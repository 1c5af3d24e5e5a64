"""GroupMemory: what the other portfolios of a group have in their long memories, read now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from redis.exceptions import RedisError

from strategic_memory_server.evidence.group import Group
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.redis_access.redis_connection import describe_failure

MOST_OTHERS = 16
"""So many others lend at most, those with the most trades: what is worked out grows by the square of them."""

READ_S = 2.0
"""Least time between two readings, seconds; what others learn in between comes with the next one."""

PROBLEM = "group_unreadable"


class GroupMemory:
    """Reads for one portfolio.

    Args:
        name: of the group.
        others: gives where each of the others keeps its memory, by its name; they come and go.
        problems: is told of one that cannot be read; it lends nothing meanwhile, and harms nothing else.
        elapsed_s: a clock that nobody sets, seconds.
    """

    def __init__(
        self,
        name: str,
        others: Callable[[], Mapping[str, MemoryStore]],
        problems: Problems,
        elapsed_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._others = others
        self._problems = problems
        self._elapsed_s = elapsed_s
        self._newest = Group(name, ())
        self._due_s = -float("inf")

    async def read(self) -> Group:
        """Return the others as they were at most `READ_S` ago; the same object for as long as nothing has changed."""
        if self._elapsed_s() < self._due_s:
            return self._newest
        others = dict(sorted(self._others().items()))
        found = await asyncio.gather(*(self._sums_of(store) for store in others.values()))
        self._report({name: each for name, each in zip(others, found, strict=True) if isinstance(each, str)})
        sums = [each for each in found if isinstance(each, EvidenceSums) and each.observations]
        lenders = sorted(sums, key=lambda each: each.observations, reverse=True)[:MOST_OTHERS]
        # In the order of the names, so that the same trades give the same advice to the last bit.
        kept = tuple(each for each in sums if any(each is lender for lender in lenders))
        if kept != self._newest.others:
            self._newest = Group(self._newest.name, kept)
        self._due_s = self._elapsed_s() + READ_S
        return self._newest

    async def _sums_of(self, store: MemoryStore) -> EvidenceSums | str:
        try:
            return await store.lent()
        except (RedisError, OSError) as error:
            return describe_failure(error)
        except ValueError as error:
            return str(error)

    def _report(self, unread: Mapping[str, str]) -> None:
        if not unread:
            self._problems.withdraw(PROBLEM)
            return
        name, why = next(iter(unread.items()))
        more = f", and {len(unread) - 1} more" if len(unread) > 1 else ""
        self._problems.state(
            PROBLEM,
            f"the long memory of portfolio {name}{more} of group {self._newest.name} cannot be read ({why}): it lends "
            "nothing meanwhile; look at what its key holds",
        )
