"""Metrics of several processes as those of one."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from strategic_memory_server.monitoring.joined_metrics import (
    Counted,
    Families,
    families_of,
    joined,
    value_of,
    written,
)


class Process:
    """Metrics of one process."""

    def __init__(self, *, leads: bool = False) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("calls", "Calls.", ("code",), registry=self.registry)
        self.seconds = Histogram("seconds", "Seconds.", buckets=(1.0, 2.0), registry=self.registry)
        self.revision = Gauge("strategic_memory_revision", "Revision.", registry=self.registry)
        self.subscribers = Gauge("strategic_memory_subscribers", "Streams.", registry=self.registry)
        self.followed = Gauge("strategic_memory_log_followed", "Followed.", registry=self.registry)
        self.caps = Gauge("strategic_memory_leverage_cap", "Caps.", ("source",), registry=self.registry)
        self.problem = Gauge("strategic_memory_problem", "Problems.", ("problem",), registry=self.registry)
        self.troubled = Gauge("strategic_memory_portfolios_with_problems", "Portfolios.", registry=self.registry)
        role = Gauge("strategic_memory_role", "Role.", ("role",), registry=self.registry)
        role.labels("leader").set(float(leads))
        role.labels("standby").set(float(not leads))

    @property
    def families(self) -> Families:
        return families_of(self.registry.collect())


def values(metrics: list[Metric]) -> dict[str, float]:
    return {
        f"{sample.name}{dict(sample.labels) or ''}": sample.value
        for each in metrics
        for sample in each.samples
        if not sample.name.endswith("_created")
    }


def whole(processes: list[Process], counted: list[Counted]) -> dict[str, float]:
    for process, counts in zip(processes, counted, strict=True):
        counts.take(process.families)
    return values(joined([each.families for each in processes], [each.families() for each in counted]))


def test_what_was_counted_is_added_up() -> None:
    one, other = Process(), Process()
    one.calls.labels("OK").inc(3)
    other.calls.labels("OK").inc(4)
    other.calls.labels("FAILED").inc()
    for process, seconds in ((one, 0.5), (one, 1.5), (other, 0.5), (other, 9.0)):
        process.seconds.observe(seconds)
    found = whole([one, other], [Counted(), Counted()])
    assert found["calls_total{'code': 'OK'}"] == 7
    assert found["calls_total{'code': 'FAILED'}"] == 1
    assert [found[f"seconds_bucket{{'le': '{bound}'}}"] for bound in ("1.0", "2.0", "+Inf")] == [2, 3, 4]
    assert (found["seconds_count"], found["seconds_sum"]) == (4, 11.5)


def test_each_gauge_says_what_is_true_of_all() -> None:
    one, leader = Process(), Process(leads=True)
    one.revision.set(6)
    leader.revision.set(7)
    for process, subscribers in ((one, 20), (leader, 22)):
        process.subscribers.set(subscribers)
    leader.followed.set(1)
    one.followed.set(0)
    one.caps.labels("gone").set(1.0)
    leader.caps.labels("risk").set(1.5)
    one.problem.labels("log_not_read").set(1)
    leader.problem.labels("caps").set(1)
    # It leads portfolios whose long memory was lost, of which a standby knows nothing.
    one.troubled.set(3)
    found = whole([one, leader], [Counted(), Counted()])
    assert found["strategic_memory_revision"] == 7
    assert found["strategic_memory_subscribers"] == 42
    assert found["strategic_memory_log_followed"] == 0
    # Of the advice the one that leads tells alone: a cap that is lifted there is not there.
    assert [name for name in found if name.startswith("strategic_memory_leverage_cap")] == [
        "strategic_memory_leverage_cap{'source': 'risk'}"
    ]
    assert found["strategic_memory_portfolios_with_problems"] == 3
    assert {name for name in found if name.startswith("strategic_memory_problem")} == {
        "strategic_memory_problem{'problem': 'log_not_read'}",
        "strategic_memory_problem{'problem': 'caps'}",
    }
    assert found["strategic_memory_role{'role': 'leader'}"] == 1
    assert found["strategic_memory_role{'role': 'standby'}"] == 0


def test_each_portfolio_is_told_of_by_the_process_that_leads_it() -> None:
    def said(revision: float, led: str) -> Families:
        registry = CollectorRegistry()
        role = Gauge("strategic_memory_role", "Role.", ("portfolio", "role"), registry=registry)
        known = Gauge("strategic_memory_revision", "Revision.", ("portfolio",), registry=registry)
        for portfolio in ("alpha", "beta", "idle"):
            role.labels(portfolio, "leader").set(float(portfolio == led))
            known.labels(portfolio).set(revision)
        return families_of(registry.collect())

    found = values(joined([said(1, "alpha"), said(2, "beta")], []))
    assert [found[f"strategic_memory_revision{{'portfolio': '{name}'}}"] for name in ("alpha", "beta", "idle")] == [
        1,
        2,
        1,
    ]
    assert found["strategic_memory_role{'portfolio': 'beta', 'role': 'leader'}"] == 1


def test_a_process_that_ends_takes_nothing_from_what_was_counted() -> None:
    one, other, counted = Process(), Process(), [Counted(), Counted()]
    one.calls.labels("OK").inc(5)
    other.calls.labels("OK").inc(5)
    other.seconds.observe(0.5)
    assert whole([one, other], counted)["calls_total{'code': 'OK'}"] == 10
    for _ in range(2):
        counted[1].end()
        assert values(joined([one.families], [each.families() for each in counted]))["calls_total{'code': 'OK'}"] == 10
    other = Process()
    other.calls.labels("OK").inc(2)
    found = whole([one, other], counted)
    assert found["calls_total{'code': 'OK'}"] == 12
    assert found["seconds_count"] == 1
    # It ends again, before it was asked and after.
    counted[1].end()
    found = whole([one, Process()], counted)
    assert found["calls_total{'code': 'OK'}"] == 12


def test_one_that_does_not_answer_counts_as_it_did_last() -> None:
    one, silent, counted = Process(), Process(), [Counted(), Counted()]
    silent.calls.labels("OK").inc(5)
    whole([one, silent], counted)
    one.calls.labels("OK").inc()
    counted[0].take(one.families)
    found = values(joined([one.families], [each.families() for each in counted]))
    assert found["calls_total{'code': 'OK'}"] == 6


def test_it_is_written_as_a_parser_reads_it() -> None:
    one = Process()
    one.calls.labels('a "quoted"\nname').inc()
    counted = Counted()
    counted.take(one.families)
    text = written(joined([one.families], [counted.families()])).decode()
    assert [each.name for each in text_string_to_metric_families(text)][:2] == [
        "strategic_memory_revision",
        "strategic_memory_subscribers",
    ]
    assert value_of(one.families, "strategic_memory_subscribers") == 0.0
    assert value_of(one.families, "nothing") is None
