"""What must hold of a running service after any input: it syncs, it counts, its outputs are clean, it has not grown."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from finite_output import assert_finite, assert_safe_log, metric_samples, strict_object
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from service_calls import get_feedback, get_text, stub_of

from strategic_memory.v1 import memory_pb2, service_pb2

MEMORY_LIMIT_MIB = 192
"""Resident memory that a service at its default windows may take."""
PEAK_LIMIT_MIB = 256
"""What it may ever have taken: a container of the documented size has no more."""

LASTING = {"STRATEGIC_MEMORY_VALIDITY": "60", **PATIENT}
"""Keeps advice from turning stale between two syncs on a busy machine, which would be a revision of its own.

It also keeps a sync that had to wait for Redis from being told as a problem, where none or another one is expected.
"""

LARGE_REQUESTS = {"STRATEGIC_MEMORY_MAX_REQUEST_MIB": "96"}

Counts = Counter[tuple[str, str]]
"""How often something was rejected, by source and reason."""


def health(service: ServiceProcess) -> dict[str, Any]:
    """The health document, read strictly."""
    return strict_object(get_text(service, "/health"))


def rejected_by_health(service: ServiceProcess) -> Counts:
    """What /health says was rejected since the start."""
    inputs = health(service)["metrics"]["inputs"]
    return Counter(
        {
            (source, reason): count
            for source, report in inputs.items()
            for reason, count in report["rejected_total"].items()
        }
    )


def rejected_by_metrics(service: ServiceProcess) -> Counts:
    """What /metrics says was rejected since the start."""
    counts: Counts = Counter()
    for (name, labels), value in metric_samples(get_text(service, "/metrics")).items():
        if name == "strategic_memory_entries_rejected_total":
            named = dict(labels)
            counts[named["source"], named["reason"]] += int(value)
    return counts


def iterations(service: ServiceProcess) -> int:
    """Syncs that were completed."""
    return int(health(service)["metrics"]["sync"]["iteration"])


def await_syncs(service: ServiceProcess, count: int = 3) -> None:
    """Wait until this many more syncs were completed."""
    goal = iterations(service) + count
    eventually(lambda: iterations(service) >= goal, what=f"{count} more syncs")


def analyze(service: ServiceProcess, memory: memory_pb2.InlineMemory | None = None) -> service_pb2.AnalyzeResponse:
    """Analyze the stored memory, or the given one, under the settings of the service."""
    with stub_of(service) as stub:
        return stub.Analyze(service_pb2.AnalyzeRequest(inline=memory), timeout=30)


def resident_mib(service: ServiceProcess, what: str = "VmRSS") -> float:
    """Resident memory now, or with "VmHWM" the most that there was; 0 where the system does not tell."""
    status = Path(f"/proc/{service.pid}/status")
    if not status.exists():
        return 0.0
    [line] = [line for line in status.read_text().splitlines() if line.startswith(f"{what}:")]
    return int(line.split()[1]) / 1024


def log_of(service: ServiceProcess) -> list[dict[str, Any]]:
    """The log; fails when a line is not safe, when anything else was written, or when the program was at fault."""
    stdout, _, stderr = service.output().removeprefix("--- stdout\n").partition("--- stderr\n")
    assert stderr == ""
    lines = assert_safe_log(stdout[: stdout.rfind("\n") + 1])
    assert [line for line in lines if "exception" in line or "fault" in str(line.get("error"))] == []
    return lines


def check_sound(service: ServiceProcess, told: tuple[str, ...] = ()) -> None:
    """Fail unless the service is in order and goes on syncing, but for the problems that it has to tell, by name."""
    await_syncs(service)
    problems = health(service)["problems"]
    assert {problem.partition(":")[0] for problem in problems} == set(told), problems
    metric_samples(get_text(service, "/metrics"))
    assert_finite(get_feedback(service))
    assert_finite(analyze(service))
    assert resident_mib(service, "VmHWM") < PEAK_LIMIT_MIB
    assert resident_mib(service) < MEMORY_LIMIT_MIB
    log_of(service)
