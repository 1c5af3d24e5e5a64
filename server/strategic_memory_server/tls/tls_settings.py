"""TlsSettings: the files by which the service proves who it is, and knows its clients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from strategic_memory_server.files.readable import why_unreadable
from strategic_memory_server.tls.pem_files import lacks_certificate, pair_problem

VARIABLES = MappingProxyType(
    {
        "certificate_file": "STRATEGIC_MEMORY_TLS_CERT",
        "key_file": "STRATEGIC_MEMORY_TLS_KEY",
        "client_ca_file": "STRATEGIC_MEMORY_TLS_CLIENT_CA",
    }
)


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """PEM files.

    Attributes:
        certificate_file: the certificate that both listeners show, with its chain.
        key_file: its key, without a password.
        client_ca_file: who vouches for clients; with it gRPC takes no connection without a certificate of theirs, and
            HTTP reads one where it is shown. None: nobody is asked.
    """

    certificate_file: str
    key_file: str
    client_ca_file: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are set."""
        return tuple(each for each in (self.certificate_file, self.key_file, self.client_ca_file) if each)


def tls_file_problems(settings: TlsSettings) -> Iterator[str]:
    """Say what is wrong with the files, one line each; nothing when they can be used."""
    unreadable = False
    for what, variable in VARIABLES.items():
        path = getattr(settings, what)
        if path is not None and (why := why_unreadable(path)):
            unreadable = True
            yield f"{variable}: {why}"
    if unreadable:
        return
    certificate, key = settings.certificate_file, settings.key_file
    if problem := pair_problem(certificate, key, None, VARIABLES, "one with a password cannot be used"):
        yield problem
    if settings.client_ca_file is not None and lacks_certificate(settings.client_ca_file):
        yield f"{VARIABLES['client_ca_file']}: {settings.client_ca_file} holds no certificate in PEM form"
