"""What the pages show is put together here from the parts of a service: a page for each portfolio."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, ref

from google.protobuf.json_format import MessageToDict
from starlette.requests import Request
from starlette.routing import Route

from strategic_memory.v1 import service_pb2
from strategic_memory_server.page.memory_view import MemoryView
from strategic_memory_server.page.now_feed import NowFeed, OpenPages
from strategic_memory_server.page.page_routes import PortfolioPage, page_routes
from strategic_memory_server.page.revision_history import RevisionHistory
from strategic_memory_server.rpc.portfolio_list import portfolio_page
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio
from strategic_memory_server.rpc.served_portfolios import ServedPortfolios
from strategic_memory_server.rpc.wire.to_wire import feedback_message


def routes_of_page(
    portfolios: ServedPortfolios, report: Callable[[str], dict[str, Any]], most_pages: int
) -> list[Route]:
    """Make the routes of the pages of one service.

    Args:
        portfolios: what there is to say.
        report: gives the answer of `/health` about a portfolio.
        most_pages: pages that may be open at once.
    """
    pages: WeakKeyDictionary[ServedPortfolio, PortfolioPage] = WeakKeyDictionary()
    open_pages = OpenPages(most_pages)

    async def page_of(request: Request) -> PortfolioPage:
        served = await portfolios.find(request.query_params.get("portfolio", ""))
        if (page := pages.get(served)) is None:
            page = pages[served] = _page(served, report, open_pages)
        return page

    async def listed(request: Request) -> bytes:
        asked = service_pb2.ListPortfoliosRequest(page_token=request.query_params.get("page_token", ""))
        answer = portfolio_page(portfolios, asked)
        return json.dumps(MessageToDict(answer, preserving_proto_field_name=True)).encode()

    return page_routes(page_of, listed)


def _page(served: ServedPortfolio, report: Callable[[str], dict[str, Any]], open_pages: OpenPages) -> PortfolioPage:
    # The page goes with what is served, so nothing of it may hold on to that.
    of_page = ref(served)
    sources, name = served.sources, served.name
    hub, clock_ms = sources.hub, sources.clock_ms

    def say() -> dict[str, Any]:
        now_ms = clock_ms()
        feedback = MessageToDict(feedback_message(hub.in_force(now_ms)), preserving_proto_field_name=True)
        clock = {"now_ms": now_ms, "valid_for_ms": hub.valid_for_ms(now_ms)}
        return {"now": {"feedback": feedback, "health": report(name)}, "clock": clock}

    return PortfolioPage(
        NowFeed(say, sources.changed, open_pages, lambda: _is_over(of_page())),
        RevisionHistory(sources.log, hub).newest,
        MemoryView(sources.analyst.of_stored_memory).newest,
    )


def _is_over(served: ServedPortfolio | None) -> bool:
    return served is None or served.ending is not None
