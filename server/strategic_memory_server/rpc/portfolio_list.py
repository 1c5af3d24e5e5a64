"""What ListPortfolios answers: one page of the portfolios of a service."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from strategic_memory.v1 import service_pb2
from strategic_memory_server.faults.errors import InvalidRequestError, Violation
from strategic_memory_server.memory.portfolio_name import DEFAULT, NAME
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio
from strategic_memory_server.rpc.served_portfolios import ServedPortfolios

PAGE = 100
LARGEST_PAGE = 1_000

_AFTER = "after:"
"""Begins a token; the name that the page before has ended with follows."""


def portfolio_page(
    portfolios: ServedPortfolios, request: service_pb2.ListPortfoliosRequest
) -> service_pb2.ListPortfoliosResponse:
    """Return one page. Raises InvalidRequestError."""
    names = portfolios.names
    start, size = _start(request, names), request.page_size or PAGE
    if size > LARGEST_PAGE:
        raise InvalidRequestError(Violation("page_size", f"is {size}; give 1 to {LARGEST_PAGE}, or 0 for {PAGE}"))
    page = names[start : start + size]
    return service_pb2.ListPortfoliosResponse(
        portfolios=[_told(name, portfolios.at_hand(name)) for name in page],
        next_page_token=f"{_AFTER}{page[-1]}" if start + size < len(names) else "",
        total=len(names),
    )


def _start(request: service_pb2.ListPortfoliosRequest, names: Sequence[str]) -> int:
    token = request.page_token
    if not token:
        return 0
    name = token.removeprefix(_AFTER)
    if name == token or not (name == DEFAULT or NAME.fullmatch(name)):
        raise InvalidRequestError(Violation("page_token", "is none that a page has named as its next_page_token"))
    # The one that it names may have been removed since.
    return bisect_right(names, name)


def _told(name: str, portfolio: ServedPortfolio | None) -> service_pb2.Portfolio:
    if portfolio is None:
        return service_pb2.Portfolio(name=name)
    feedback = portfolio.answer().feedback
    return service_pb2.Portfolio(
        name=name,
        is_followed=True,
        status=feedback.status,
        revision=feedback.revision,
        epoch=feedback.epoch,
        preferred_regime=feedback.preferred_regime,
        updated_policy=feedback.updated_policy,
        leverage_hint=feedback.leverage_hint,
        valid_until=feedback.valid_until if feedback.HasField("valid_until") else None,
        problems=portfolio.answer().problems,
    )
