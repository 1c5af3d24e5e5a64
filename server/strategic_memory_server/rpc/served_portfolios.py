"""ServedPortfolios: what the calls find the portfolio by that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from strategic_memory_server.faults.errors import InvalidRequestError, UnknownPortfolioError, Violation
from strategic_memory_server.memory.portfolio_name import NAME, WANTED, nearest
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio


class ServedPortfolios(Protocol):
    """The portfolios of a service."""

    @property
    def names(self) -> Sequence[str]:
        """All of them, sorted; that of the default portfolio comes first.

        Raises:
            LogNotReadError: which there are was not read yet.
        """
        ...

    @property
    def followed(self) -> Iterable[ServedPortfolio]:
        """Those whose logs this server follows just now."""
        ...

    def at_hand(self, name: str) -> ServedPortfolio | None:
        """Return one that is followed; None: it is not, or there is none of that name."""
        ...

    async def find(self, name: str) -> ServedPortfolio:
        """Return one, and follow it from now on.

        Raises:
            InvalidRequestError: no portfolio can have that name.
            UnknownPortfolioError: there is none of that name.
        """
        ...


def refuse(name: str, names: Sequence[str]) -> ServedPortfolio:
    """Raise what is wrong with a name that is none of these, sorted."""
    if not NAME.fullmatch(name):
        raise InvalidRequestError(Violation("portfolio", f"is no name; give {WANTED}, or nothing for the default one"))
    raise UnknownPortfolioError(name, nearest(name, names))
