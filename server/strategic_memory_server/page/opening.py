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
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader
from strategic_memory_server.rpc.analyses.analyst import Analyst
from strategic_memory_server.rpc.wire.to_wire import feedback_message


def routes_of_page(
    hub: FeedbackHub,
    changed: ChangeSignal,
    log: FeedbackLogReader,
    analyst: Analyst,
    report: Callable[[], dict[str, Any]],
    clock_ms: Callable[[], int],
    most_pages: int,
) -> list[Route]:
    """Make the routes of the page of one service.

    Args:
        hub: what is in force.
        changed: tells of changes of it.
        log: the log.
        analyst: works analyses out.
        report: gives the answer of `/health`.
        clock_ms: the time now, milliseconds since 1970-01-01 UTC.
        most_pages: pages that may be open at once.
    """

    def say() -> dict[str, Any]:
        now_ms = clock_ms()
        feedback = MessageToDict(feedback_message(hub.in_force(now_ms)), preserving_proto_field_name=True)
        clock = {"now_ms": now_ms, "valid_for_ms": hub.valid_for_ms(now_ms)}
        return {"now": {"feedback": feedback, "health": report()}, "clock": clock}

    return page_routes(
        NowFeed(say, changed, most_pages),
        RevisionHistory(log, hub).newest,
        MemoryView(analyst.of_stored_memory).newest,
    )
