"""How evidence is to be weighed in one analysis, from the wire."""

from __future__ import annotations

from dataclasses import replace

from strategic_memory.v1 import analysis_pb2
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.faults.errors import Violation
from strategic_memory_server.memory.window_settings import MAX_WINDOW

SHORTEST_HALF_LIFE = 1.0
LONGEST_HALF_LIFE = 1e9
MAX_RISK_AVERSION = 1_000.0


def evidence_settings(
    given: analysis_pb2.EvidenceSettings, service: EvidenceSettings, violations: list[Violation]
) -> EvidenceSettings:
    """Read them; what is left out is as the service is configured, and what is wrong is added to `violations`."""
    half_life = given.half_life_trades if given.HasField("half_life_trades") else None
    probability = given.required_probability if given.HasField("required_probability") else None
    trades = given.minimum_trades if given.HasField("minimum_trades") else None
    aversion = given.risk_aversion if given.HasField("risk_aversion") else None
    checks = (
        (
            "half_life_trades",
            half_life,
            SHORTEST_HALF_LIFE <= given.half_life_trades <= LONGEST_HALF_LIFE,
            f"{SHORTEST_HALF_LIFE:g} to {LONGEST_HALF_LIFE:g}",
        ),
        ("required_probability", probability, 0.5 <= given.required_probability < 1.0, "at least 0.5 and below 1"),
        ("minimum_trades", trades, 0.0 <= given.minimum_trades <= MAX_WINDOW, f"0 to {MAX_WINDOW}"),
        ("risk_aversion", aversion, 0.0 <= given.risk_aversion <= MAX_RISK_AVERSION, f"0 to {MAX_RISK_AVERSION:g}"),
    )
    wrong = [
        Violation(f"settings.evidence.{name}", f"is {value:g}; give {bounds}")
        for name, value, holds, bounds in checks
        if value is not None and not holds
    ]
    violations.extend(wrong)
    if wrong:
        return service
    return replace(
        service,
        decay=service.decay if half_life is None else 0.5 ** (1 / half_life),
        required_probability=service.required_probability if probability is None else probability,
        minimum_weight=service.minimum_weight if trades is None else trades,
        risk_aversion=service.risk_aversion if aversion is None else aversion,
        change=given.change if given.HasField("change") else service.change,
    )
