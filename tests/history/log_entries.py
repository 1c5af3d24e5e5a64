"""Entries of a feedback log as `docs/redis.md` describes them, for tests that play the log's fate on a real Redis."""

from __future__ import annotations

import json
from typing import Any

PREFIX = "quantum"
LOG = f"{PREFIX}:stream:strategic_feedback"
STATE = f"{PREFIX}:feedback:strategic_memory:state"


def document(revision: int, epoch: str = "e", *, regime: str = "BULL") -> dict[str, Any]:
    """Return the JSON of one feedback."""
    return {
        "preferred_regime": regime,
        "updated_policy": "BALANCED",
        "confidence_boost": 0.7,
        "leverage_hint": 1.2,
        "regime_performance": {"avg_pnl": 0.25, "win_rate": 0.75, "sample_count": 5},
        "timestamp": "2025-12-21T06:00:00.000Z",
        "version": "1.0.0",
        "revision": revision,
        "epoch": epoch,
        "status": "ACTIVE",
        "current_regime": regime,
        "best_policy": None,
        "data_as_of": "2025-12-21T05:59:59.000Z",
        "valid_until": "2025-12-21T06:03:00.250Z",
        "regime_decided": {"wins": 3, "losses": 1},
        "reasons": [
            {
                "code": "POLICY_RULE",
                "sentence": "BALANCED: a rule matches.",
                "comparisons": [
                    {"measurement": "win_rate", "value": 0.75, "operator": ">", "threshold": 0.6, "holds": True},
                    {"measurement": "avg_pnl", "value": None, "operator": ">", "threshold": 1, "holds": False},
                ],
            }
        ],
        "rules": "EVIDENCE",
        "leverage_bound_by": None,
        "current": {
            "regime": regime,
            "policy": "AGGRESSIVE",
            "confidence_boost": 0.6,
            "leverage_hint": 1.1,
            "leverage_bound_by": "risk:leverage_limits",
        },
        "evidence": {
            "regime": regime,
            "recommended_policy": "BALANCED",
            "confidence_boost": 0.9,
            "leverage_hint": 1.3,
            "leverage_bound_by": None,
            "policies": [
                {
                    "policy": "BALANCED",
                    "observations": 9,
                    "effective_observations": None,
                    "mean_pnl": 0.1,
                    "interval_low": -0.2,
                    "interval_high": 0.4,
                    "utility": 0.05,
                    "probability_best": 0.95,
                    "probability_beats_conservative": 0.97,
                    "probability_mean_positive": 0.9,
                    "more_observations": 0,
                }
            ],
            "cautions": ["ONE_POLICY_ONLY"],
            "observations": 12,
        },
        "leverage_caps": [{"source": "override", "value": 1.2, "since": "2025-12-21T06:00:00.000Z"}],
        "override": {
            "policy": None,
            "leverage": 1.2,
            "is_forced": False,
            "reason": "exchange degraded",
            "set_by": "desk",
            "set_at": "2025-12-21T06:00:00.000Z",
            "until": "2025-12-21T07:00:00.000Z",
            "without": {
                "preferred": {"policy": "BALANCED", "leverage_hint": 1.4},
                "current": {"policy": "AGGRESSIVE", "leverage_hint": 1.3},
                "evidence": None,
            },
        },
        "freeze": {
            "revision": 3,
            "epoch": "e",
            "reason": "producer is replaced",
            "set_by": "desk",
            "set_at": "2025-12-21T06:00:00.000Z",
            "until": "2025-12-21T07:00:00.000Z",
        },
        "guard": {
            "factor": 0.8,
            "since": "2025-12-21T06:00:00.000Z",
            "results": 70,
            "recent_spread": 1.25,
            "usual_spread": 1.0,
            "recent_largest_share": 0.1,
            "usual_largest_share": 0.05,
        },
    }


def entry(revision: int, epoch: str = "e", *, regime: str = "BULL") -> tuple[bytes, dict[bytes, bytes]]:
    """Return the id and the fields of one entry."""
    text = json.dumps(document(revision, epoch, regime=regime))
    fields = {b"revision": str(revision).encode(), b"epoch": epoch.encode(), b"feedback": text.encode()}
    return f"{revision}-0".encode(), fields
