"""Requests of a client that is newer than the service."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from in_process_server import InProcessServer
from server.rpc.refusals import refusal_of

from strategic_memory.v1 import admin_pb2, analysis_pb2, memory_pb2, service_pb2
from strategic_memory_server.faults.errors import InvalidRequestError
from strategic_memory_server.rpc.admin.servicer import StrategicMemoryAdminServicer
from strategic_memory_server.rpc.wire.later_fields import refuse_later_fields

LATER = b"\xf8\x7f\x01"  # field 2047, which is 1
REFUSED = grpc.StatusCode.INVALID_ARGUMENT


def with_later_field(message: Any) -> Any:  # noqa: ANN401  of the same kind
    """The message with a field that only a later version knows."""
    later = type(message).FromString(message.SerializeToString() + LATER)
    assert later != message
    return later


def rule() -> analysis_pb2.PolicyRule:
    return analysis_pb2.PolicyRule(regime="BULL")


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (with_later_field(service_pb2.AnalyzeRequest()), "request"),
        (service_pb2.AnalyzeRequest(settings=with_later_field(analysis_pb2.AnalysisSettings())), "settings"),
        (
            service_pb2.AnalyzeRequest(
                settings=analysis_pb2.AnalysisSettings(evidence=with_later_field(analysis_pb2.EvidenceSettings()))
            ),
            "settings.evidence",
        ),
        (
            service_pb2.AnalyzeRequest(
                settings=analysis_pb2.AnalysisSettings(policy_rules=[rule(), with_later_field(rule())])
            ),
            "settings.policy_rules[1]",
        ),
        (
            service_pb2.AnalyzeRequest(
                inline=memory_pb2.InlineMemory(trade_results=with_later_field(memory_pb2.TradeColumns()))
            ),
            "inline.trade_results",
        ),
        (admin_pb2.SetOverrideRequest(duration=with_later_field(admin_pb2.SetOverrideRequest().duration)), "duration"),
    ],
)
def test_what_only_a_later_version_knows_is_refused_wherever_it_stands(request_: Message, path: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        refuse_later_fields(request_)
    (violation,) = refused.value.violations
    assert violation.field == path
    assert violation.description.startswith("has a field 2047, which this version of the service does not know")


def test_what_this_version_knows_is_not_refused() -> None:
    settings = analysis_pb2.AnalysisSettings(policy_rules=[rule()], evidence=analysis_pb2.EvidenceSettings())
    settings.as_of.FromMilliseconds(1)
    trades = memory_pb2.TradeColumns(realized_pnl=[0.1] * 3, market_regime_names=["A"], market_regime_code=[0] * 3)
    refuse_later_fields(service_pb2.AnalyzeRequest(settings=settings))
    refuse_later_fields(service_pb2.AnalyzeRequest(inline=memory_pb2.InlineMemory(trade_results=trades)))


async def test_an_analysis_is_of_what_was_asked_or_refused(service: InProcessServer) -> None:
    stored = service_pb2.AnalyzeRequest(settings=with_later_field(analysis_pb2.AnalysisSettings()))
    assert await refusal_of(service.client.analyze(stored)) == (REFUSED, "settings")
    # Another kind of memory would be answered by the stored one.
    other = with_later_field(service_pb2.AnalyzeRequest())
    assert await refusal_of(service.client.analyze(other)) == (REFUSED, "request")


async def test_an_operator_is_carried_out_whole_or_refused() -> None:
    nobody: Any = None
    admin = StrategicMemoryAdminServicer(nobody)
    calls = {
        admin.SetOverride: admin_pb2.SetOverrideRequest(leverage=0.5, reason="why"),
        admin.ClearOverride: admin_pb2.ClearOverrideRequest(reason="why"),
        admin.Freeze: admin_pb2.FreezeRequest(reason="why"),
        admin.GetState: admin_pb2.GetStateRequest(),
    }
    for call, request in calls.items():
        behaviour: Any = call
        with pytest.raises(InvalidRequestError, match="field 2047"):
            await behaviour(with_later_field(request), nobody)
