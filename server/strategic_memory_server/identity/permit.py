"""Permit: lets the call in hand go on where it becomes known which portfolio it is about, and asks again later."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar

from strategic_memory_server.faults.errors import UnknownPortfolioError
from strategic_memory_server.identity.access import Access
from strategic_memory_server.identity.scope import Scope


class Permit:
    """What whoever makes a call may do with it.

    Args:
        access: knows them.
        scope: what the call takes; None: it is enough to be known.
        authorization: what they sent as `authorization`; None where they sent nothing.
        names: the names in the certificate that they have shown.
        portfolio: which one the call is about; None: that is not known yet.

    Raises:
        UnauthenticatedError, OutOfScopeError: see `Access.permitted`.
    """

    __slots__ = ("_access", "_portfolio", "_scope", "_shown", "identity")

    def __init__(
        self,
        access: Access,
        scope: Scope | None,
        authorization: str | None,
        names: Iterable[str],
        portfolio: str | None = None,
    ) -> None:
        self._access = access
        self._scope = scope
        self._shown = authorization, tuple(names)
        self._portfolio = portfolio
        self.identity = access.permitted(scope, *self._shown, portfolio)

    def covers(self, portfolio: str) -> bool:
        """Tell whether the call may be about a portfolio."""
        return self._scope is None or self.identity.grants.permit(self._scope, portfolio)

    def take(self, portfolio: str) -> None:
        """Let the call be about a portfolio, from now on; raises as `Access.permitted`."""
        self._portfolio = portfolio
        self.renew()

    def hiding(self, error: UnknownPortfolioError) -> UnknownPortfolioError:
        """Return an error that names no other portfolio than the call may be about."""
        return error if self.covers(error.nearest) else UnknownPortfolioError(error.asked, "")

    def renew(self) -> None:
        """See whether the call may go on: a line of the file may have gone since; raises as `Access.permitted`."""
        self.identity = self._access.permitted(self._scope, *self._shown, self._portfolio)


IN_HAND: ContextVar[Permit] = ContextVar("permit_in_hand")
"""That of the call in hand, where callers are known. Each call has a context of its own."""
