"""The certificate of the service is about to end, has ended, or cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.tls.served_certificates import ServedCertificates, TlsFilesError

NAME = "certificate_ends"


def check(examined: Examined) -> Iterator[Finding]:
    """Read the files that the service reads."""
    tls, problems = examined.settings.tls, Problems()
    if tls is None:
        return
    show = f"openssl x509 -enddate -noout -in {tls.certificate_file}"
    try:
        served = ServedCertificates(tls, problems)
    except TlsFilesError as error:
        yield Finding(NAME, Severity.CRITICAL, "; ".join(str(error).splitlines()), show)
        return
    served.report_expiry()
    for sentence in problems.standing.values():
        severity = Severity.CRITICAL if "has ended" in sentence else Severity.WARNING
        yield Finding(NAME, severity, sentence, show)
