"""The served certificates as gRPC takes them: asked for at each handshake, so that renewed ones are shown at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import grpc

from strategic_memory_server.tls.served_certificates import ServedCertificates, ServedFiles


def server_credentials(certificates: ServedCertificates) -> grpc.ServerCredentials:
    """Return credentials that follow the certificates. gRPC itself takes nothing older than TLS 1.2."""
    shown = certificates.current

    def renewed() -> grpc.ServerCertificateConfiguration | None:
        # gRPC asks from threads of its own. Two that meet here give the same answer twice.
        nonlocal shown
        if certificates.current is shown:
            return None
        shown = certificates.current
        return _configuration(certificates, shown)

    asks_clients = certificates.settings.client_ca_file is not None
    # None means that nothing has changed, which the stubs do not know.
    fetch = cast("Callable[[], grpc.ServerCertificateConfiguration]", renewed)
    return grpc.dynamic_ssl_server_credentials(_configuration(certificates, shown), fetch, asks_clients)


def _configuration(certificates: ServedCertificates, served: ServedFiles) -> grpc.ServerCertificateConfiguration:
    files = certificates.settings
    pair = served.contents[files.key_file], served.contents[files.certificate_file]
    clients = None if files.client_ca_file is None else served.contents[files.client_ca_file]
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=clients)
