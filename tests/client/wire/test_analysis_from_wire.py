"""What an analysis carries beside figures."""

from __future__ import annotations

import math

from google.protobuf import json_format, struct_pb2

from strategic_memory.v1 import analysis_pb2
from strategic_memory_client import Context, PolicyAnalysis, RegimeAnalysis
from strategic_memory_client.wire.analysis_from_wire import analysis_from_wire


def struct(json: str) -> struct_pb2.Struct:
    return json_format.Parse(json, struct_pb2.Struct())


def test_free_form_context_arrives_as_python_values() -> None:
    exposure = struct('{"total": 1.5, "nested": {"long": [1, null, "x", true]}}')
    exposure.fields["broken"].number_value = math.inf
    wire = analysis_pb2.Analysis(
        context=analysis_pb2.Context(
            governance_preferred_regime="BULL",
            regime_stats=struct("{}"),
            exposure_summary=exposure,
            exit_statistics=struct('{"hits": "3"}'),
            max_leverage_hint=0.0,
        )
    )
    assert analysis_from_wire(wire).context == Context(
        governance_policy=None,
        governance_preferred_regime="BULL",
        regime_stats={},
        exposure_summary={"total": 1.5, "nested": {"long": [1.0, None, "x", True]}, "broken": math.inf},
        leverage_limits=None,
        exit_statistics={"hits": "3"},
        max_leverage_hint=0.0,
    )


def test_what_is_absent_is_none() -> None:
    wire = analysis_pb2.Analysis(context=analysis_pb2.Context())
    wire.regimes.add(regime="BEAR").policies.add()
    empty = analysis_from_wire(wire)
    policies = (PolicyAnalysis(None, 0, 0.0, None),)
    assert empty.regimes == (RegimeAnalysis("BEAR", 0, 0.0, 0.0, 0, 0, None, None, None, policies, (), 0, None, None),)
    assert empty.context == Context(None, None, None, None, None, None, None)
    assert empty.data_as_of is None
