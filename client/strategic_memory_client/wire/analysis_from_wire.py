"""Analyses of the wire as values of this library."""

from __future__ import annotations

from dataclasses import replace

from strategic_memory.v1 import analysis_pb2, service_pb2
from strategic_memory_client.values.analysis import Analysis, AnalysisResult
from strategic_memory_client.wire.from_wire import READER, feedback_from_wire


def analysis_from_wire(wire: analysis_pb2.Analysis) -> Analysis:
    """Return the analysis."""
    return READER.read(Analysis, wire)


def result_from_wire(wire: service_pb2.AnalyzeResponse) -> AnalysisResult:
    """Return what Analyze answers with."""
    feedback = replace(feedback_from_wire(wire.feedback), portfolio=wire.portfolio)
    return AnalysisResult(analysis_from_wire(wire.analysis), feedback)
