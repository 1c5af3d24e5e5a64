"""From requests of the wire to values of the domain; what is wrong is refused with the path of the field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from google.protobuf.duration_pb2 import Duration

from strategic_memory.v1 import analysis_pb2, feedback_pb2, service_pb2
from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.rules import reference_rules
from strategic_memory_server.advice.rules.rule_table import Row
from strategic_memory_server.entries.entry_fields import MAX_MAGNITUDE, RejectionError, normalise_name
from strategic_memory_server.faults.errors import InvalidRequestError, Violation
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.window_settings import MAX_WINDOW, WindowSettings
from strategic_memory_server.revisions.heartbeat_pace import LONGEST_HEARTBEAT_S, SHORTEST_HEARTBEAT_S
from strategic_memory_server.revisions.stream_cursor import Delivery
from strategic_memory_server.rpc.wire.evidence_from_wire import evidence_settings
from strategic_memory_server.rpc.wire.hysteresis_from_wire import hysteresis_settings
from strategic_memory_server.rpc.wire.span_from_wire import as_of_ms, is_well_formed, max_age_ms
from strategic_memory_server.rpc.wire.wire_names import POLICIES, RULES
from strategic_memory_server.what_if.what_if import MAX_PAST_REVISIONS, AnalysisOrder

MAX_POLICY_RULES = 1_000

_DELIVERIES = {
    service_pb2.DELIVERY_UNSPECIFIED: Delivery.LATEST,
    service_pb2.DELIVERY_LATEST: Delivery.LATEST,
    service_pb2.DELIVERY_EVERY: Delivery.EVERY,
}

_RULES = {on_wire: rules for rules, on_wire in RULES.items()}

_POLICIES = {on_wire: policy for policy, on_wire in POLICIES.items() if policy is not None}


@dataclass(frozen=True, slots=True)
class StreamOrder:
    """How a subscriber wants its stream."""

    delivery: Delivery
    resume_after: int | None
    epoch: str
    heartbeat_s: float
    send_current: bool = False


def stream_order(request: service_pb2.StreamFeedbackRequest, default_heartbeat_s: float) -> StreamOrder:
    """Read a stream request.

    Raises:
        InvalidRequestError: something in it is wrong.
    """
    violations = []
    delivery = _DELIVERIES.get(request.delivery)
    if delivery is None:
        violations.append(
            Violation("delivery", f"{request.delivery} is not known; give DELIVERY_LATEST or DELIVERY_EVERY")
        )
    resume_after = request.resume_after_revision if request.HasField("resume_after_revision") else None
    if request.epoch and resume_after is None:
        violations.append(
            Violation("epoch", "belongs to resume_after_revision, which is not given; give both or neither")
        )
    heartbeat_s = default_heartbeat_s
    if request.HasField("heartbeat_interval"):
        heartbeat_s = _seconds(request.heartbeat_interval)
        if not is_well_formed(request.heartbeat_interval):
            violations.append(
                Violation("heartbeat_interval", "is not a Duration: nanos is 0 to 999999999, with the sign of seconds")
            )
        elif not SHORTEST_HEARTBEAT_S <= heartbeat_s <= LONGEST_HEARTBEAT_S:
            violations.append(
                Violation(
                    "heartbeat_interval",
                    f"is {heartbeat_s:g} s; give {SHORTEST_HEARTBEAT_S:g} s to {LONGEST_HEARTBEAT_S:g} s",
                )
            )
    if violations or delivery is None:
        raise InvalidRequestError(*violations)
    return StreamOrder(delivery, resume_after, request.epoch, heartbeat_s, request.send_current)


def analysis_order(settings: analysis_pb2.AnalysisSettings, service: AdviceSettings) -> AnalysisOrder:
    """Read the settings of an analysis; what is left out is as the service is configured.

    Raises:
        InvalidRequestError: something in them is wrong.
    """
    given = {
        "regime_window": settings.regime_window if settings.HasField("regime_window") else None,
        "portfolio_window": settings.portfolio_window if settings.HasField("portfolio_window") else None,
        "trade_window": settings.trade_window if settings.HasField("trade_window") else None,
        "minimum_samples": settings.minimum_samples if settings.HasField("minimum_samples") else None,
        "minimum_policy_trades": (
            settings.minimum_policy_trades if settings.HasField("minimum_policy_trades") else None
        ),
    }
    violations = [
        Violation(f"settings.{name}", f"is {value}; give 1 to {MAX_WINDOW}")
        for name, value in given.items()
        if value is not None and not 1 <= value <= MAX_WINDOW
    ]
    rules = service.rules if settings.rules == feedback_pb2.RULES_UNSPECIFIED else _RULES.get(settings.rules)
    if rules is None:
        violations.append(
            Violation("settings.rules", f"{settings.rules} is not known; give RULES_REFERENCE or RULES_EVIDENCE")
        )
    rows, wrong = _policy_table(settings.policy_rules)
    violations.extend(wrong)
    if settings.past_revisions > MAX_PAST_REVISIONS:
        violations.append(
            Violation("settings.past_revisions", f"is {settings.past_revisions}; give 0 to {MAX_PAST_REVISIONS}")
        )
    moment_ms, age_ms = as_of_ms(settings, violations), max_age_ms(settings, violations)
    evidence = evidence_settings(settings.evidence, service.evidence, violations)
    hysteresis = hysteresis_settings(settings, service, violations)
    if violations or rules is None:
        raise InvalidRequestError(*violations)
    return AnalysisOrder(
        replace(
            service,
            windows=WindowSettings(
                regime=given["regime_window"] or service.windows.regime,
                portfolio=given["portfolio_window"] or service.windows.portfolio,
                trades=given["trade_window"] or service.windows.trades,
            ),
            minimum_samples=given["minimum_samples"] or service.minimum_samples,
            minimum_policy_trades=given["minimum_policy_trades"] or service.minimum_policy_trades,
            evidence=evidence,
            rules=rules,
            hysteresis=hysteresis,
        ),
        policy_table=rows or reference_rules.POLICY_TABLE,
        as_of_ms=moment_ms,
        max_age_ms=age_ms,
        past_revisions=settings.past_revisions,
    )


def _policy_table(
    rules: Sequence[analysis_pb2.PolicyRule],
) -> tuple[tuple[Row[Policy], ...], list[Violation]]:
    if len(rules) > MAX_POLICY_RULES:
        return (), [Violation("settings.policy_rules", f"has {len(rules)} rows; send at most {MAX_POLICY_RULES}")]
    rows, violations = [], []
    for index, rule in enumerate(rules):
        path = f"settings.policy_rules[{index}]"
        wrong = list(_rule_violations(rule, path))
        violations.extend(wrong)
        if not wrong:
            regime = rule.regime.strip().upper()
            rows.append(
                Row(
                    _POLICIES[rule.policy],
                    regimes=(regime,) if regime else (),
                    win_rate_above=rule.win_rate_above if rule.HasField("win_rate_above") else None,
                    avg_pnl_above=rule.avg_pnl_above if rule.HasField("avg_pnl_above") else None,
                )
            )
    return tuple(rows), violations


def _rule_violations(rule: analysis_pb2.PolicyRule, path: str) -> Iterator[Violation]:
    if rule.policy not in _POLICIES:
        yield Violation(f"{path}.policy", "is missing; give POLICY_CONSERVATIVE, POLICY_BALANCED or POLICY_AGGRESSIVE")
    if rule.HasField("win_rate_above") and not 0 <= rule.win_rate_above <= 1:
        yield Violation(f"{path}.win_rate_above", f"is {rule.win_rate_above}; give 0 to 1")
    if rule.HasField("avg_pnl_above") and not abs(rule.avg_pnl_above) <= MAX_MAGNITUDE:
        yield Violation(f"{path}.avg_pnl_above", f"is {rule.avg_pnl_above}; give a finite number")
    try:
        normalise_name("regime", rule.regime)
    except RejectionError as refused:
        yield Violation(f"{path}.regime", refused.reason.replace("_", " "))


def _seconds(duration: Duration) -> float:
    return duration.seconds + duration.nanos / 1e9
