"""What Prometheus is told of the advice in force: how much it risks, what it waits for, and who has a hand in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from strategic_memory_server.advice.drawdown_guard import GuardReading
from strategic_memory_server.advice.feedback import Advice
from strategic_memory_server.advice.followed import Followed
from strategic_memory_server.advice.held_advice import FLAPS, Flap


def metrics_of_advice(advice: Advice, flapped: Mapping[Flap, int], now_ms: int) -> Iterable[Metric]:
    """Yield the metrics of an advice.

    Args:
        advice: the one in force.
        flapped: how often risk was asked for and taken back, by advice and part.
        now_ms: the time, milliseconds since 1970-01-01 UTC.
    """
    yield from _risk(advice)
    yield from _hysteresis(advice.followed, flapped)
    yield _operators(advice, now_ms)
    if advice.guard is not None:
        yield from _guard(advice.guard)


def _risk(advice: Advice) -> Iterable[Metric]:
    yield GaugeMetricFamily(
        "strategic_memory_confidence_boost",
        "Confidence boost of the feedback in force.",
        value=advice.confidence_boost,
    )
    yield GaugeMetricFamily(
        "strategic_memory_leverage_hint",
        "Leverage hint of the feedback in force.",
        value=advice.leverage_hint,
    )
    caps = GaugeMetricFamily(
        "strategic_memory_leverage_cap",
        "Caps on leverage in force, by input.",
        labels=["source"],
    )
    for cap in advice.leverage_caps:
        caps.add_metric([cap.source], cap.value)
    yield caps
    yield GaugeMetricFamily(
        "strategic_memory_probe",
        "1 while the advice for the current regime is a probe, 0 otherwise.",
        value=float(advice.current is not None and advice.current.is_probe),
    )


def _hysteresis(followed: Followed | None, flapped: Mapping[Flap, int]) -> Iterable[Metric]:
    if followed is None and not flapped:
        return
    labels = ["advice", "part"]
    waiting = GaugeMetricFamily(
        "strategic_memory_risk_waiting", "1 where the rules ask for more risk, which waits, 0 elsewhere.", labels=labels
    )
    waits = {(advice, part) for advice, part, _ in followed.waits()} if followed else set()
    flaps = CounterMetricFamily(
        "strategic_memory_risk_flaps",
        "How often the rules asked for more risk and took it back before it was followed.",
        labels=labels,
    )
    for one in FLAPS:
        waiting.add_metric(one, float(one in waits))
        flaps.add_metric(one, flapped.get(one, 0))
    yield waiting
    yield flaps


def _guard(guard: GuardReading) -> Iterable[Metric]:
    yield GaugeMetricFamily(
        "strategic_memory_drawdown_guard_factor",
        "What the drawdown guard multiplies the leverage by, 0.5 to 1; absent while it is off.",
        value=guard.factor,
    )
    yield GaugeMetricFamily(
        "strategic_memory_drawdown_guard_results",
        "Results of trades that followed the advice, as far as the drawdown guard has seen them.",
        value=float(guard.results),
    )


def _operators(advice: Advice, now_ms: int) -> Metric:
    ends = GaugeMetricFamily(
        "strategic_memory_override_seconds",
        "Time until what an operator has set ends, seconds; absent while nothing is.",
        labels=["part"],
    )
    for part, said in (("override", advice.override), ("freeze", advice.freeze)):
        if said is not None:
            ends.add_metric([part], max(said.until_ms - now_ms, 0) / 1000)
    return ends
