"""Prometheus metrics: read from the state at the moment of the scrape."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import grpc
import pytest
from advice import NOW_MS, feedback, with_evidence
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from strategic_memory_server.advice.feedback import Feedback, warming_up
from strategic_memory_server.advice.followed import Followed, FollowedLevel
from strategic_memory_server.advice.held_advice import FLAPS
from strategic_memory_server.advice.hysteresis import PolicyWait, Wait
from strategic_memory_server.entries.rejections import RejectedInput, RejectionLedger
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import SourceReport
from strategic_memory_server.monitoring.joined_metrics import written
from strategic_memory_server.monitoring.metrics import GaugeSources, StateCollector, SyncMetrics
from strategic_memory_server.revisions.replication import ReplicaRole, Replication
from strategic_memory_server.rpc.rpc_metrics import RpcMetrics
from strategic_memory_server.sync.sync_status import SyncStatus


@dataclass(slots=True)
class State:
    """What the gauges look at."""

    said: Feedback = field(default_factory=lambda: warming_up("1.0.0"))
    sync: SyncStatus = field(default_factory=SyncStatus)
    ledger: RejectionLedger = field(default_factory=RejectionLedger)
    subscribers: int = 0
    now_ms: int = NOW_MS
    replication: Replication = field(default_factory=lambda: Replication(ReplicaRole.STANDBY, "a"))
    tail_failure: str | None = None
    gaps: dict[str, int] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    shadow: Feedback | None = None
    log_failure: str | None = None


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def registry(state: State) -> CollectorRegistry:
    registry = CollectorRegistry()
    observed = GaugeSources(
        lambda: state.said.at(state.now_ms),
        lambda: state.sync,
        state.ledger,
        lambda: state.subscribers,
        lambda: state.now_ms,
        lambda: state.replication,
        lambda: state.tail_failure,
        lambda: state.gaps,
        lambda: state.problems,
        shadow=lambda: state.shadow,
        log_failure=lambda: state.log_failure,
    )
    registry.register(StateCollector(observed))
    return registry


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"strategic_memory_{name}", labels)


def test_before_anything_was_published(registry: CollectorRegistry) -> None:
    assert value(registry, "status", status="warming_up") == 1
    assert value(registry, "status", status="active") == 0
    assert value(registry, "revision") == 0
    assert value(registry, "feedback_age_seconds") is None
    assert value(registry, "valid_seconds") is None


def test_a_probe_is_shown_until_it_turns_stale(state: State, registry: CollectorRegistry) -> None:
    assert value(registry, "probe") == 0
    state.said = replace(feedback(7), advice=with_evidence(feedback(7).advice))
    assert value(registry, "probe") == 1
    state.now_ms += 3_600_000
    assert value(registry, "probe") == 0


def test_the_feedback_in_force(state: State, registry: CollectorRegistry) -> None:
    state.said, state.subscribers = feedback(7), 3
    state.sync = SyncStatus(completed_at_ms=NOW_MS)
    state.now_ms = NOW_MS + 500
    assert (value(registry, "revision"), value(registry, "subscribers")) == (7, 3)
    assert (value(registry, "confidence_boost"), value(registry, "leverage_hint")) == (0.75, 1.5)
    assert value(registry, "feedback_age_seconds") == 0.5
    assert value(registry, "data_age_seconds") == 1.5
    assert value(registry, "valid_seconds") == 179.5
    state.now_ms = NOW_MS + 180_500
    assert value(registry, "status", status="stale") == 1
    assert value(registry, "status", status="active") == 0
    assert value(registry, "valid_seconds") == -0.5
    assert value(registry, "leverage_hint") == 1.0


def test_a_clock_that_was_set_back_gives_no_negative_age(state: State, registry: CollectorRegistry) -> None:
    state.sync = SyncStatus(completed_at_ms=NOW_MS)
    state.now_ms = NOW_MS - 60_000
    assert value(registry, "feedback_age_seconds") == 0


def test_what_waits_and_what_has_flapped_by_advice_and_part(state: State, registry: CollectorRegistry) -> None:
    assert value(registry, "risk_waiting", advice="preferred", part="policy") is None, (
        "without hysteresis nothing is told"
    )
    waits = FollowedLevel(Policy.BALANCED, 1.0, PolicyWait(Policy.AGGRESSIVE, Wait(NOW_MS, None)))
    state.said = replace(feedback(7), advice=replace(feedback(7).advice, followed=Followed(waits)))
    state.sync = SyncStatus(flaps={("current", "leverage"): 3})
    found = {(*flap, value(registry, "risk_waiting", advice=flap[0], part=flap[1])) for flap in FLAPS}
    assert found == {(*flap, float(flap == ("preferred", "policy"))) for flap in FLAPS}
    assert value(registry, "risk_flaps_total", advice="current", part="leverage") == 3
    assert value(registry, "risk_flaps_total", advice="preferred", part="leverage") == 0
    assert len(FLAPS) == 4


def test_whether_the_shadow_differs(state: State, registry: CollectorRegistry) -> None:
    assert value(registry, "shadow_differs") is None, "there is none"
    state.said = state.shadow = feedback(7)
    assert value(registry, "shadow_differs") == 0
    state.shadow = replace(feedback(2), advice=replace(state.said.advice, updated_policy=Policy.BALANCED))
    assert value(registry, "shadow_differs") == 1


def test_inputs(state: State, registry: CollectorRegistry) -> None:
    state.sync = SyncStatus(sources=(SourceReport("stream:meta.regime", 50), SourceReport("exposure:summary", 1)))
    state.ledger.record([RejectedInput("stream:meta.regime", "pnl_missing", "", f"{number}-0") for number in range(4)])
    assert value(registry, "entries_loaded", source="stream:meta.regime") == 50
    assert value(registry, "entries_rejected_total", source="stream:meta.regime", reason="pnl_missing") == 4


def test_problems_that_stand(state: State, registry: CollectorRegistry) -> None:
    assert value(registry, "problem", problem="log_lost") is None
    state.problems = {"log_lost": "the log is gone"}
    assert value(registry, "problem", problem="log_lost") == 1
    state.log_failure = "No space left on device; 5 lines were lost"
    assert value(registry, "problem", problem="log_of_the_service") == 1


def test_cycles_are_counted_by_how_they_ended() -> None:
    registry = CollectorRegistry()
    metrics = SyncMetrics(registry)
    for status in (
        SyncStatus(outcome="published", elapsed_s=0.002),
        SyncStatus(outcome="confirmed", elapsed_s=0.002),
        SyncStatus(outcome="confirmed", elapsed_s=0.2),
        SyncStatus(outcome="confirmed", failure="away", failures=1),
    ):
        metrics.observe(status)
    assert value(registry, "sync_cycles_total", outcome="published") == 1
    assert value(registry, "sync_cycles_total", outcome="confirmed") == 2
    assert value(registry, "sync_cycles_total", outcome="failed") == 1
    assert value(registry, "sync_duration_seconds_count") == 3
    assert value(registry, "sync_duration_seconds_bucket", le="0.005") == 2


def test_the_exposition_is_read_by_a_parser(state: State, registry: CollectorRegistry) -> None:
    RpcMetrics(registry).of_method("unary", "/a.Service/Method").completed(grpc.StatusCode.OK, 0.01)
    SyncMetrics(registry)
    state.said = feedback(7)
    families = {family.name for family in text_string_to_metric_families(written(registry.collect()).decode())}
    assert {"strategic_memory_revision", "strategic_memory_entries_rejected", "grpc_server_handled"} <= families
    assert b"_created" not in written(registry.collect())


def test_replication_and_the_tail(state: State, registry: CollectorRegistry) -> None:
    assert [value(registry, "role", role=role) for role in ("leader", "standby", "serve")] == [0, 1, 0]
    assert value(registry, "log_followed") == 1
    state.replication, state.tail_failure = Replication(ReplicaRole.LEADER, "a", "a", 7, 3), "ConnectionError"
    assert [value(registry, "role", role=role) for role in ("leader", "standby", "serve")] == [1, 0, 0]
    assert (value(registry, "leadership_terms_total"), value(registry, "log_followed")) == (3, 0)


def test_gaps_in_the_inputs_are_counted(state: State, registry: CollectorRegistry) -> None:
    assert value(registry, "input_gaps_total", source="stream:trade.results") is None
    state.gaps["stream:trade.results"] = 2
    assert value(registry, "input_gaps_total", source="stream:trade.results") == 2
