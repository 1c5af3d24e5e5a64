"""What is said of no evidence and of next to none; nothing here is drawn at random."""

from __future__ import annotations

from strategic_memory_server.evidence.estimate import RegimeEstimate
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from strategic_memory_server.memory.policy import Policy
from study.options import Options
from study.row import Row, at_most


def rows(options: Options) -> list[Row]:
    """Look at an empty memory and at one lucky trade; the options change nothing."""
    del options
    settings = EvidenceSettings()
    nothing = EvidenceSums(settings.decay)
    lucky = updated(nothing, "BULL", Policy.AGGRESSIVE, 10.0)
    empty, after_luck = _of_bull(nothing, settings), _of_bull(lucky, settings)
    thirds = max(abs(policy.probability_best - 1.0 / 3.0) for policy in empty.policies)
    return [
        Row("one lucky AGGRESSIVE win: policy recommended", float(after_luck.recommended), at_most(0.0)),
        Row("nothing at all: P(best) differs from 1/3 by", thirds, at_most(1e-12)),
        Row("nothing at all: confidence_boost differs from 0.5 by", abs(empty.confidence_boost - 0.5), at_most(0.0)),
        Row("nothing at all: leverage_hint differs from 1 by", abs(empty.leverage.hint - 1.0), at_most(0.0)),
    ]


def _of_bull(sums: EvidenceSums, settings: EvidenceSettings) -> RegimeEstimate:
    return estimate(sums, ["BULL"], settings).regimes[0]
