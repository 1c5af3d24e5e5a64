"""The list of portfolios on the wire."""

from __future__ import annotations

from strategic_memory.v1 import service_pb2
from strategic_memory_client.values.portfolios import PortfolioState
from strategic_memory_client.wire.from_wire import READER

PAGE = 1_000
"""Most portfolios that a server tells at once."""


def list_request(page_token: str) -> service_pb2.ListPortfoliosRequest:
    """Return the request for a page; the first one has no token."""
    return service_pb2.ListPortfoliosRequest(page_size=PAGE, page_token=page_token)


def portfolios_from_wire(wire: service_pb2.ListPortfoliosResponse) -> list[PortfolioState]:
    """Return the portfolios of a page."""
    return [READER.read(PortfolioState, each) for each in wire.portfolios]
