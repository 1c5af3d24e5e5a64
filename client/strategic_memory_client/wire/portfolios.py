"""The list of portfolios on the wire."""

from __future__ import annotations

import math
from dataclasses import replace

from strategic_memory.v1 import service_pb2
from strategic_memory_client.values.policy import Policy
from strategic_memory_client.values.portfolios import PortfolioState
from strategic_memory_client.values.results import safe_leverage
from strategic_memory_client.wire.from_wire import POLICIES, READER, STATUSES

PAGE = 1_000
"""Most portfolios that a server tells at once."""


def list_request(page_token: str) -> service_pb2.ListPortfoliosRequest:
    """Return the request for a page; the first one has no token."""
    return service_pb2.ListPortfoliosRequest(page_size=PAGE, page_token=page_token)


def portfolios_from_wire(wire: service_pb2.ListPortfoliosResponse) -> list[PortfolioState]:
    """Return the portfolios of a page; with the safe values where status, policy or leverage are not understood."""
    return [_portfolio(each) for each in wire.portfolios]


def _portfolio(wire: service_pb2.Portfolio) -> PortfolioState:
    state = READER.read(PortfolioState, wire)
    if wire.status in STATUSES and wire.updated_policy in POLICIES and math.isfinite(wire.leverage_hint):
        return state
    return replace(state, updated_policy=Policy.CONSERVATIVE, leverage_hint=safe_leverage(state.leverage_hint))
