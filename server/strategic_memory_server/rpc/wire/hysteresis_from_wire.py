"""How long added risk has to wait in one analysis, from the wire."""

from __future__ import annotations

from strategic_memory.v1 import analysis_pb2
from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.hysteresis import LONGEST_WAIT_S, HysteresisSettings
from strategic_memory_server.faults.errors import Violation


def hysteresis_settings(
    given: analysis_pb2.AnalysisSettings, service: AdviceSettings, violations: list[Violation]
) -> HysteresisSettings:
    """Read it; what is left out is as the service is configured, and what is wrong is added to `violations`.

    In a trade window that is shorter than the one of the service, fewer results can be counted.
    """
    window = given.trade_window if given.HasField("trade_window") else service.windows.trades
    results, seconds = min(service.hysteresis.results, window), service.hysteresis.seconds
    if given.HasField("hysteresis_results"):
        results = given.hysteresis_results
        if results > window:
            told = f"is {results}; give 0 to {window}, the length of the trade window, of which they are counted"
            violations.append(Violation("settings.hysteresis_results", told))
    if given.HasField("hysteresis_seconds"):
        seconds = given.hysteresis_seconds
        if not 0.0 <= seconds <= LONGEST_WAIT_S:
            violations.append(Violation("settings.hysteresis_seconds", f"is {seconds:g}; give 0 to {LONGEST_WAIT_S:g}"))
            return service.hysteresis
    return HysteresisSettings(results, seconds)
