"""UnnamedPortfolios: says in the log alone what is wrong with the portfolios that are named.

Where callers are known, everybody may read the problems of the default portfolio, and nobody is told there which others
there are.
"""

from __future__ import annotations

import math

import structlog

from strategic_memory_server.faults.problems import Problems

logger = structlog.get_logger(__name__)

TOLD = "the portfolios cannot be taken as they are named; the log of this server says why"


class UnnamedPortfolios(Problems):
    """Stands between whoever reads the names and the problems.

    Args:
        problems: are told that there is something wrong.
    """

    def __init__(self, problems: Problems) -> None:
        super().__init__()
        self._problems = problems
        self._logged = ""

    def state(self, name: str, sentence: str, *, for_s: float = math.inf) -> None:
        """State that a problem stands; the sentence is logged once."""
        if sentence != self._logged:
            logger.warning("Portfolios cannot be taken", what=sentence)
        self._logged = sentence
        self._problems.state(name, TOLD, for_s=for_s)

    def withdraw(self, name: str) -> None:
        """State that a problem is gone."""
        self._logged = ""
        self._problems.withdraw(name)
