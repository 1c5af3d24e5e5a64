"""What the service on this machine tells: that it does not answer, or the problems that it has found itself."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.doctor.service_seen import ServiceSeen

_CRITICAL = frozenset({"sync", "feedback_log", "leadership"})
"""Problems without whose end no advice comes."""


def findings_of(service: ServiceSeen) -> Iterator[Finding]:
    """Yield a finding for each."""
    if service.failure is not None:
        said = (
            f"no service answers here: {service.failure}. Start it, give its --http-address, or say --no-service to "
            "look at Redis alone"
        )
        yield Finding("service_silent", Severity.WARNING, said, service.command)
    for problem in service.problems:
        name, _, sentence = problem.partition(": ")
        name = name.replace(" ", "_")
        yield Finding(name, Severity.CRITICAL if name in _CRITICAL else Severity.WARNING, sentence, service.command)
