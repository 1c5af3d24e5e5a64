"""MemoryLoss: notices that Redis has lost trades that the long memory had, and tells how many and what to do."""

from __future__ import annotations

import structlog

from strategic_memory_server.faults.problems import TOLD_FOR_S, Problems

logger = structlog.get_logger(__name__)

_WHY = "was deleted or evicted, or the data set was set back"
_REBUILD = (
    "If you have them, write the trades to the trade stream again and run `strategic-memory-server rebuild-memory`. "
    "See docs/redis.md, Loss"
)


class MemoryLoss:
    """Synchronous: is told what the memory holds, and compares it with what it held.

    Args:
        problems: is told of a loss.
    """

    def __init__(self, problems: Problems) -> None:
        self.trades_lost = 0
        """Trades that were lost since this server started."""
        self._problems = problems
        self._held = 0
        self._before: int | None = None
        # Trades with an id that it had had by then; of those whose policy is not known none is among the others.
        self._ids_before = 0
        # Trades that were counted as lost and nothing has been written since: the same loss is found again until then.
        self._counted = 0

    def read(self, trades: int, at_least: int = 0) -> None:
        """Take note of what was read from Redis.

        Args:
            trades: trades that the memory has.
            at_least: as many with an id it must have had, as something else in Redis says.
        """
        held = max(self._held, at_least)
        if trades < held and self._before is None:
            self._before, self._ids_before = self._held, at_least
            logger.warning("Long memory is gone from Redis", trades=held, left=trades)
        if self._before is not None and trades < (before := max(self._before, self._ids_before)):
            # Also once more, where another server has led meanwhile and has not built it to the end.
            had = f"it had {before} trades, and is built from the trade stream now"
            self._problems.state("long_memory_lost", f"the long memory in Redis {_WHY}: {had}")
        self._held = trades
        if trades:
            self._counted = 0

    def written(self, trades: int) -> None:
        """Take note of what Redis holds from now on: what could not be written down was never there to be lost."""
        self._held, self._counted = trades, 0

    def gathered(self, trades: int, with_an_id: int, *, is_complete: bool) -> None:
        """Take note of what the memory has with what is new; once it is complete, what is missing is lost."""
        if self._before is None or not is_complete:
            return
        lost = max(self._before - trades, self._ids_before - with_an_id, 0)
        before, self._before = trades + lost, None
        self.trades_lost += max(lost - self._counted, 0)
        self._counted = max(lost, self._counted)
        logger.warning("Long memory was built anew", trades=trades, lost=lost)
        if not lost:
            self._problems.withdraw("long_memory_lost")
            return
        sentence = (
            f"the long memory in Redis {_WHY}: it had {before} trades, {lost} of them are lost, {trades} could be read "
            f"from the trade stream. {_REBUILD}"
        )
        self._problems.withdraw("long_memory_lost")
        self._problems.state("long_memory_lost", sentence, for_s=TOLD_FOR_S)

    def stand_by(self) -> None:
        """Leave it to whoever leads to build it anew, and tell of the loss for a while."""
        self._problems.let_end("long_memory_lost", within_s=TOLD_FOR_S)

    def ids_lost(self, found: int) -> None:
        """Tell that the ids of trades are gone; so many were taken from the trade stream."""
        sentence = (
            f"ids of trades in Redis were deleted, evicted or set back; {found} were taken from the trade stream. A "
            "trade that is sent again counts twice if its first entry has left the stream. See docs/redis.md, Loss"
        )
        self._problems.state("trade_ids_lost", sentence, for_s=TOLD_FOR_S)
