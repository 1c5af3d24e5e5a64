"""What else the service tells of entries that it uses: look-alike names, confidences, ids of trades, floods."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity

_TOLD = (
    *("regimes_look_alike", "regimes_not_given", "policies_unrecognised", "confidence_out_of_range"),
    *("trade_ids_hashed", "trade_ids_repeat", "trade_ids_reused", "malformed_flood"),
)


def check(examined: Examined) -> Iterator[Finding]:
    """Yield a finding for each problem of that kind that a service would tell."""
    for problem in _TOLD:
        if sentence := examined.redis.problems.get(problem):
            yield Finding(problem, Severity.WARNING, sentence, examined.newest_of(sentence))
