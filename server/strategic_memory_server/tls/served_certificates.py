"""ServedCertificates: what both listeners show, taken anew when its files change, without a restart.

Files that do not fit each other, as between the two writes of a renewal, change nothing: the last good ones are shown.
"""

from __future__ import annotations

import importlib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.files.followed_files import FollowedFiles, UnusableFilesError
from strategic_memory_server.tls.tls_settings import TlsSettings, tls_file_problems

ALMOST_OVER = 0.1
"""The share of its time that a certificate has left when it is told to be renewed."""

UNUSABLE = "tls_files"
ENDING = "tls_certificate_ends"
CLIENT_CA_ENDING = "tls_client_ca_ends"

CA_ALMOST_OVER_S = 30 * 86_400.0
"""Time left of a certificate that signs those of clients when it is told: a new one has to reach every client first."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServedFiles:
    """What is shown at one time.

    Attributes:
        contents: the bytes of the files, by path.
        context: for a listener of sockets, TLS 1.2 or 1.3.
        begins_s: from when on the certificate holds, seconds since 1970.
        ends_s: until when, seconds since 1970.
        client_authorities: who signs the certificates of clients, with until when that holds, seconds since 1970.
    """

    contents: Mapping[str, bytes]
    context: ssl.SSLContext
    begins_s: float
    ends_s: float
    client_authorities: tuple[tuple[str, float], ...]


class TlsFilesError(UnusableFilesError):
    """The files cannot be used; the text has a line for each."""


class ServedCertificates:
    """The certificates of this service.

    Args:
        settings: the files.
        problems: told of files that cannot be used, and of certificates that are about to end.
        clock_s: seconds since 1970.

    Raises:
        TlsFilesError: the files cannot be used.
    """

    def __init__(self, settings: TlsSettings, problems: Problems, clock_s: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._problems = problems
        self._clock_s = clock_s
        self._followed = FollowedFiles(tuple(map(Path, settings.files)), self._take, self._shown_on, problems, UNUSABLE)
        self.current = read_served(settings)
        """What is shown now: another object after each renewal."""

    @property
    def ends_s(self) -> float:
        """Until when the certificate holds, seconds since 1970."""
        return self.current.ends_s

    async def run(self) -> None:
        """Look at the files again and again."""
        while True:
            self.report_expiry()
            await self._followed.next_look()

    def look(self) -> None:
        """Take the files, if they have changed and can be used."""
        self._followed.look()

    def _take(self) -> None:
        found = read_served(self.settings)
        if found.contents != self.current.contents:
            self.current = found
            logger.info("TLS files renewed", ends=_day(found.ends_s))

    def _shown_on(self) -> str:
        return f"the certificate of before is shown on, until {_day(self.ends_s)}"

    def report_expiry(self) -> None:
        """State that the certificate is about to end, has ended or has yet to begin, or that one of clients' ends."""
        now_s = self._clock_s()
        self._report_client_authorities(now_s)
        current = self.current
        left_s = current.ends_s - now_s
        if now_s < current.begins_s:
            said = f"holds from {_day(current.begins_s)} on, and no client takes it before: look at the clock here"
        elif left_s >= ALMOST_OVER * (current.ends_s - current.begins_s):
            self._problems.withdraw(ENDING)
            return
        else:
            said = f"{'ends' if left_s > 0 else 'has ended'} at {_day(current.ends_s)}: renew it"
        self._problems.state(
            ENDING,
            f"the certificate in {self.settings.certificate_file} {said}; new files are taken without a restart",
        )

    def _report_client_authorities(self, now_s: float) -> None:
        ending = [
            f"{name!r} {'ends' if ends_s > now_s else 'has ended'} at {_day(ends_s)}"
            for name, ends_s in self.current.client_authorities
            if ends_s - now_s < CA_ALMOST_OVER_S
        ]
        if not ending:
            self._problems.withdraw(CLIENT_CA_ENDING)
            return
        self._problems.state(
            CLIENT_CA_ENDING,
            f"in {self.settings.client_ca_file} {', '.join(ending)}: from then on whoever shows a certificate that it "
            "signed is refused; add its successor, and take it out once nobody needs it",
        )


def read_served(settings: TlsSettings) -> ServedFiles:
    """Read the files. Raises TlsFilesError, with a line for each that cannot be used."""
    try:
        if found := list(tls_file_problems(settings)):
            raise TlsFilesError("\n".join(found))
        contents = {path: Path(path).read_bytes() for path in settings.files}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(settings.certificate_file, settings.key_file, "")
        if settings.client_ca_file is not None:
            context.load_verify_locations(settings.client_ca_file)
            # Probes and scrapers show none; what they may read is decided for each request.
            context.verify_mode = ssl.CERT_OPTIONAL
        # Nine MiB that a service without TLS does not hold.
        x509: Any = importlib.import_module("cryptography.x509")
        leaf = x509.load_pem_x509_certificate(contents[settings.certificate_file])
        if contents != {path: Path(path).read_bytes() for path in settings.files}:
            raise TlsFilesError(f"{settings.certificate_file} was written while it was read")
    except (OSError, ValueError) as error:
        raise TlsFilesError(f"{settings.certificate_file}: {error}") from None
    return ServedFiles(
        contents,
        context,
        leaf.not_valid_before_utc.timestamp(),
        leaf.not_valid_after_utc.timestamp(),
        tuple(map(_name_and_end, context.get_ca_certs())),
    )


def _name_and_end(certificate: Any) -> tuple[str, float]:  # noqa: ANN401  as ssl gives it
    names = [value for part in certificate["subject"] for _, value in part]
    return ", ".join(names), float(ssl.cert_time_to_seconds(certificate["notAfter"]))


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
