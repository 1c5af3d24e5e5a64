"""Problems: what an operator must be told, by name, for as long as it stands; `/health`, metrics and the log show it.

Synchronous, without I/O but the log. Whoever finds a problem states it; whoever finds it gone withdraws it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog

TOLD_FOR_S = 900.0
"""How long a problem stands that was an event, seconds: long enough to be seen by whoever looks now and then."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Standing:
    sentence: str
    ends_s: float


class Problems:
    """The problems that stand just now.

    Args:
        elapsed_s: a clock that nobody sets, seconds.
    """

    def __init__(self, elapsed_s: Callable[[], float] = time.monotonic) -> None:
        self._elapsed_s = elapsed_s
        self._standing: dict[str, _Standing] = {}

    def state(self, name: str, sentence: str, *, for_s: float = math.inf) -> None:
        """State that a problem stands. It is logged when it arises, and not again while it stands.

        Args:
            name: stable name, snake case; a label of the metric, so never text from outside.
            sentence: what is wrong, and what to do. No secrets.
            for_s: how long it stands unless it is stated again or withdrawn, seconds.
        """
        arises = name not in self.standing
        # The path of a file need not be UTF-8, and no answer could tell of anything then.
        sentence = sentence.encode(errors="backslashreplace").decode()
        self._standing[name] = _Standing(sentence, self._elapsed_s() + for_s)
        if arises:
            logger.warning("Problem", problem=name, what=sentence)

    def let_end(self, name: str, *, within_s: float) -> None:
        """Let a problem stand no longer than so many seconds: whoever has stated it looks at it no more."""
        if name in self._standing:
            standing = self._standing[name]
            ends_s = min(standing.ends_s, self._elapsed_s() + within_s)
            self._standing[name] = replace(standing, ends_s=ends_s)

    def withdraw(self, name: str) -> None:
        """State that a problem is gone, or was never there."""
        stood = name in self.standing
        self._standing.pop(name, None)
        if stood:
            logger.info("Problem is over", problem=name)

    @property
    def standing(self) -> Mapping[str, str]:
        """Sentences of the problems that stand now, by name, the oldest first."""
        now_s = self._elapsed_s()
        self._standing = {name: each for name, each in self._standing.items() if now_s < each.ends_s}
        return {name: each.sentence for name, each in self._standing.items()}
