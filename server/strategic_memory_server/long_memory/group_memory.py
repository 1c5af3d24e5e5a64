"""GroupMemory: what the other portfolios of a group have in their long memories, read now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from strategic_memory_server.evidence.group import Group
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.long_memory.far_trades import far_trades
from strategic_memory_server.long_memory.lender import Lender
from strategic_memory_server.memory.portfolio_name import DEFAULT_WRITTEN

MOST_OTHERS = 8
"""So many others lend at most, those with the most trades: what is worked out grows by the square of them."""

PROBLEM = "group_unreadable"
UNITS_MIXED = "group_units_mixed"


class GroupMemory:
    """Reads for one portfolio.

    Args:
        name: of the group.
        others: gives the others by their names; they come and go.
        problems: is told of one that cannot be read; it lends nothing meanwhile, and harms nothing else. And of one
            that lends trades in another unit: they move the advice here, and are nowhere else to be seen here.
    """

    def __init__(
        self,
        name: str,
        others: Callable[[], Mapping[str, Lender]],
        problems: Problems,
    ) -> None:
        self._others = others
        self._problems = problems
        self._newest = Group(name, ())

    async def read(self) -> Group:
        """Return the others as they were a moment ago; the same object for as long as nothing has changed."""
        others = dict(sorted(self._others().items()))
        found = await asyncio.gather(*(lender.read() for lender in others.values()))
        self._report({name: each for name, each in zip(others, found, strict=True) if isinstance(each, str)})
        sums = {
            name: each
            for name, each in zip(others, found, strict=True)
            if isinstance(each, EvidenceSums) and each.observations
        }
        most = sorted(sums, key=lambda name: (-sums[name].observations, name))[:MOST_OTHERS]
        # In the order of the names, so that the same trades give the same advice to the last bit.
        lent = {name: sums[name] for name in sorted(most)}
        if (kept := tuple(lent.values())) != self._newest.others:
            self._newest = Group(self._newest.name, kept)
            self._report_units(lent)
        return self._newest

    def stand_by(self) -> None:
        """Leave it to whoever leads to tell of them."""
        self._newest = Group(self._newest.name, ())
        for problem in (PROBLEM, UNITS_MIXED):
            self._problems.withdraw(problem)

    def _report_units(self, lent: Mapping[str, EvidenceSums]) -> None:
        told = {name: said for name, each in lent.items() if (said := far_trades(each))}
        if not told:
            self._problems.withdraw(UNITS_MIXED)
            return
        name, said = next(iter(told.items()))
        more = f"; {len(told) - 1} more portfolios lend such trades" if len(told) > 1 else ""
        self._problems.state(
            UNITS_MIXED,
            f"portfolio {name or DEFAULT_WRITTEN} of group {self._newest.name}, from which this one borrows: {said} "
            f"for that portfolio, or take it out of the group meanwhile{more}",
        )

    def _report(self, unread: Mapping[str, str]) -> None:
        if not unread:
            self._problems.withdraw(PROBLEM)
            return
        name, why = next(iter(unread.items()))
        more = f", and {len(unread) - 1} more" if len(unread) > 1 else ""
        self._problems.state(
            PROBLEM,
            f"the long memory of portfolio {name or DEFAULT_WRITTEN}{more} of group {self._newest.name} cannot be "
            f"read ({why}): it lends nothing meanwhile; look at what its key holds",
        )
