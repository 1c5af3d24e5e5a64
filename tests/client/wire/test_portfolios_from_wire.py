"""The list of portfolios, as servers of this version and of a later one tell it."""

from __future__ import annotations

import math

import pytest

from strategic_memory.v1 import feedback_pb2, service_pb2
from strategic_memory_client import FeedbackStatus, Policy, PortfolioState
from strategic_memory_client.wire.portfolios import portfolios_from_wire


def portfolio(**said: object) -> PortfolioState:
    known: dict[str, object] = {
        "name": "alpha",
        "is_followed": True,
        "status": feedback_pb2.FEEDBACK_STATUS_ACTIVE,
        "updated_policy": feedback_pb2.POLICY_AGGRESSIVE,
        "leverage_hint": 1.8,
    }
    wire = service_pb2.Portfolio(**{**known, **said})  # type: ignore[arg-type]  # by name
    (read,) = portfolios_from_wire(service_pb2.ListPortfoliosResponse(portfolios=[wire]))
    return read


def test_it_is_read_as_it_was_said() -> None:
    read = portfolio()
    assert (read.status, read.updated_policy, read.leverage_hint) == (FeedbackStatus.ACTIVE, Policy.AGGRESSIVE, 1.8)
    assert portfolio(updated_policy=feedback_pb2.POLICY_BALANCED, leverage_hint=0.4).leverage_hint == 0.4


@pytest.mark.parametrize("said", [{"status": 9}, {"updated_policy": 9}, {"leverage_hint": math.nan}])
def test_what_is_not_understood_reads_as_safe(said: dict[str, object]) -> None:
    read = portfolio(**said)
    assert (read.updated_policy, read.leverage_hint) == (Policy.CONSERVATIVE, 1.0)
    assert (read.status is FeedbackStatus.ACTIVE) is ("status" not in said)
