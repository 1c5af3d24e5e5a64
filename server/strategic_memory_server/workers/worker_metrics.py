"""What `/metrics` says of the workers beside what they say together: who answers, and how the work is spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from strategic_memory_server.monitoring.joined_metrics import Families, families_of, joined, value_of, written
from strategic_memory_server.workers.worker_process import WorkerProcess

_PARTS = {
    "strategic_memory_subscribers": ("strategic_memory_worker_subscribers", "Open StreamFeedback streams of a worker."),
    "process_resident_memory_bytes": (
        "strategic_memory_worker_resident_memory_bytes",
        "Resident memory of a worker, bytes.",
    ),
}
"""Gauges that are shown for each worker too: what they are called there, and what they are."""


class WorkerMetrics:
    """The metrics of all workers, and of the process that runs them."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        ProcessCollector(registry=self._own)

    def page(self, said: Mapping[WorkerProcess, Families | None]) -> bytes:
        """Return the answer of `/metrics`.

        Args:
            said: what each worker says now; None: it does not answer.
        """
        own = families_of(self._own.collect())
        answers = [each for each in said.values() if each is not None]
        counted = [worker.counted.families() for worker in said]
        whole = joined([*answers, own], [*counted, [each for each in own if each[2] == "counter"]])
        if len(answers) < len(said):
            _tell_of_down(whole)
        return written([*whole, *_of_workers(said)])


def _tell_of_down(metrics: list[Metric]) -> None:
    """Add the problem that a worker does not answer: an alert on problems finds it."""
    for each in metrics:
        if each.name == "strategic_memory_problem":
            each.add_sample(each.name, {"problem": "worker_down"}, 1.0)


def _of_workers(said: Mapping[WorkerProcess, Families | None]) -> Iterator[Metric]:
    labels = ["worker"]
    up = GaugeMetricFamily("strategic_memory_worker_up", "1 while a worker answers, 0 otherwise.", labels=labels)
    restarts = CounterMetricFamily(
        "strategic_memory_worker_restarts", "How often a worker was started again.", labels=labels
    )
    cpu = CounterMetricFamily(
        "strategic_memory_worker_cpu_seconds", "Processor time of a worker since it was started.", labels=labels
    )
    parts = {name: GaugeMetricFamily(*named, labels=labels) for name, named in _PARTS.items()}
    for worker, families in said.items():
        label = [str(worker.number)]
        up.add_metric(label, float(families is not None))
        restarts.add_metric(label, max(worker.restarts, 0))
        if families is None:
            continue
        cpu.add_metric(label, value_of(families, "process_cpu_seconds_total") or 0.0)
        for name, family in parts.items():
            family.add_metric(label, value_of(families, name) or 0.0)
    yield from (up, restarts, cpu, *parts.values())
