"""Metrics of several processes as those of one: sums of what was counted, which never fall back, and exact gauges.

What a process has counted goes with it; what it had said last stays in the sums. Prometheus takes a sum that falls for
a start anew, and would count all of it a second time.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

Families = list[Any]
"""JSON: for each family its name, its documentation, its type, and its samples as name, labels and value."""

Key = tuple[str, tuple[tuple[str, str], ...]]

COUNTED = ("counter", "histogram", "summary")

_TOGETHER: Mapping[str, Callable[[float, float], float]] = {
    # Each process has a part of these.
    "strategic_memory_subscribers": operator.add,
    "process_open_fds": operator.add,
    "process_max_fds": operator.add,
    "process_resident_memory_bytes": operator.add,
    "process_virtual_memory_bytes": operator.add,
    # The lowest tells what is wrong, or when all began.
    "strategic_memory_log_followed": min,
    "strategic_memory_tls_certificate_ends_seconds": min,
    "process_start_time_seconds": min,
    "strategic_memory_problem": max,
    # Who leads a portfolio knows of problems that the others do not: so many have one at least.
    "strategic_memory_portfolios_with_problems": max,
}
"""How gauges of several processes are one, where not one of them tells for all."""


def families_of(metrics: Iterable[Metric]) -> Families:
    """Return the metrics of a process."""
    return [
        [each.name, each.documentation, each.type, [[one.name, one.labels, one.value] for one in each.samples]]
        for each in metrics
    ]


class Counted:
    """What one process has counted as far as it is known, in all of its lives."""

    def __init__(self) -> None:
        self._ended: dict[str, tuple[str, str, dict[Key, float]]] = {}
        self._said: Families = []

    def take(self, families: Families) -> None:
        """Take what it says now."""
        self._said = [each for each in families if each[2] in COUNTED]

    def end(self) -> None:
        """Take that it has ended: the next one counts from 0."""
        for family, documentation, kind, samples in self._said:
            _, _, sums = self._ended.setdefault(family, (documentation, kind, defaultdict(float)))
            for name, labels, value in samples:
                sums[_key(name, labels)] += value
        self._said = []

    def families(self) -> Families:
        """Return what was counted: in this life, and in those before."""
        ended = [
            [family, documentation, kind, [[name, dict(labels), value] for (name, labels), value in sums.items()]]
            for family, (documentation, kind, sums) in self._ended.items()
        ]
        return [*self._said, *ended]


def joined(gauges: Sequence[Families], counted: Iterable[Families]) -> list[Metric]:
    """Return the metrics of all.

    Args:
        gauges: what each process that answers says now.
        counted: what each has counted in all of its lives, also those that do not answer.
    """
    metrics: dict[str, Metric] = {}
    values: dict[str, dict[Key, float]] = defaultdict(dict)
    # Of a portfolio the process that leads it tells; where none does, the first that knows of it.
    tells = {portfolio: number for number, said in reversed(list(enumerate(gauges))) for portfolio in _led(said)}
    for number, said in enumerate(gauges):
        for name, documentation, kind, samples in said:
            if kind not in COUNTED:
                metrics.setdefault(name, Metric(name, documentation, kind))
                _take(values[name], name, samples, number, tells)
    for name, documentation, kind, samples in (each for said in counted for each in said):
        metrics.setdefault(name, Metric(name, documentation, kind))
        for sample, labels, value in samples:
            key = _key(sample, labels)
            values[name][key] = values[name].get(key, 0.0) + value
    for name, metric in metrics.items():
        for (sample, pairs), value in values[name].items():
            metric.add_sample(sample, dict(pairs), value)
    return list(metrics.values())


def _take(known: dict[Key, float], name: str, samples: Families, number: int, tells: dict[str, int]) -> None:
    """Take the samples of a gauge from a process; `tells` is which one tells for all, by portfolio."""
    together = _TOGETHER.get(name)
    for sample, labels, value in samples:
        key = _key(sample, labels)
        if together is not None:
            known[key] = together(known[key], value) if key in known else value
        elif tells.setdefault(labels.get("portfolio", ""), number) == number:
            known[key] = value


def written(metrics: Iterable[Metric]) -> bytes:
    """Return them in the Prometheus text format."""
    registry = CollectorRegistry()
    registry.register(_Given(metrics))
    return generate_latest(registry)


def value_of(families: Families, name: str) -> float | None:
    """Return the value of a sample without labels; None: there is none."""
    found = (value for _, _, _, samples in families for one, labels, value in samples if one == name and not labels)
    return next(found, None)


def _led(families: Families) -> set[str]:
    """Return the portfolios whose advice a process publishes that says this; "" is the default one."""
    return {
        labels.get("portfolio", "")
        for name, _, _, samples in families
        if name == "strategic_memory_role"
        for _, labels, value in samples
        if labels.get("role") == "leader" and value == 1.0
    }


def _key(name: str, labels: Mapping[str, str]) -> Key:
    return name, tuple(labels.items())


class _Given(Collector):
    """Metrics that are there already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        """The metrics."""
        return self._metrics
