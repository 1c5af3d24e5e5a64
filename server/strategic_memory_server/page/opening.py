"""What the page shows is put together here from the parts of a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.json_format import MessageToDict
from starlette.routing import Route

from strategic_memory_server.page.memory_view import MemoryView
from strategic_memory_server.page.now_feed import NowFeed
from strategic_memory_server.page.page_routes import page_routes
from strategic_memory_server.page.revision_history import RevisionHistory
from strategic_memory_server.rpc.served_portfolio import Sources
from strategic_memory_server.rpc.wire.to_wire import feedback_message


def routes_of_page(sources: Sources, report: Callable[[], dict[str, Any]], most_pages: int) -> list[Route]:
    """Make the routes of the page of one service.

    Args:
        sources: what there is to say.
        report: gives the answer of `/health`.
        most_pages: pages that may be open at once.
    """
    hub, clock_ms = sources.hub, sources.clock_ms

    def say() -> dict[str, Any]:
        now_ms = clock_ms()
        feedback = MessageToDict(feedback_message(hub.in_force(now_ms)), preserving_proto_field_name=True)
        clock = {"now_ms": now_ms, "valid_for_ms": hub.valid_for_ms(now_ms)}
        return {"now": {"feedback": feedback, "health": report()}, "clock": clock}

    return page_routes(
        NowFeed(say, sources.changed, most_pages),
        RevisionHistory(sources.log, hub).newest,
        MemoryView(sources.analyst.of_stored_memory).newest,
    )
