"""PermittedPortfolios: to each call those portfolios alone that whoever makes it may ask about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from strategic_memory_server.faults.errors import UnknownPortfolioError
from strategic_memory_server.identity.grants import ALL
from strategic_memory_server.identity.permit import IN_HAND
from strategic_memory_server.memory.portfolio_name import DEFAULT, NAME
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio
from strategic_memory_server.rpc.served_portfolios import ServedPortfolios


class PermittedPortfolios:
    """Stands in front of the portfolios of a service where callers are known.

    Every call comes by here to its portfolio, so that none is told anything of one that it may not ask about: not that
    there is one either. A call without a permit is a fault of the program, and gets nothing.
    """

    def __init__(self, served: ServedPortfolios) -> None:
        self._served = served

    @property
    def names(self) -> Sequence[str]:
        """Those of which the call in hand may be, as of `ServedPortfolios`."""
        covers = IN_HAND.get().covers
        return self._served.names if covers(ALL) else [name for name in self._served.names if covers(name)]

    @property
    def followed(self) -> Iterable[ServedPortfolio]:
        """All whose logs this server follows: for the server itself, which tells them that it goes away."""
        return self._served.followed

    def at_hand(self, name: str) -> ServedPortfolio | None:
        """Return one that is followed; None: it is not, there is none, or the call may not be about it."""
        return self._served.at_hand(name) if IN_HAND.get().covers(name) else None

    async def find(self, name: str) -> ServedPortfolio:
        """Return one, and let the call be about it; raises as `ServedPortfolios`, and OutOfScopeError."""
        permit = IN_HAND.get()
        if name == DEFAULT or NAME.fullmatch(name):
            permit.take(name)
        try:
            return await self._served.find(name)
        except UnknownPortfolioError as error:
            raise permit.hiding(error) from None
