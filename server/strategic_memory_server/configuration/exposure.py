"""Who can reach the service: settings of its listeners that cannot be meant, one sentence for each."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.identity.access_file import AccessFileError, read_access_file
from strategic_memory_server.tls.tls_settings import VARIABLES, TlsSettings, tls_file_problems


def exposure_problems(settings: ServiceSettings, *, is_insecure_meant: bool) -> Iterator[str]:
    """The sentences. Reads the files.

    Args:
        settings: all of them.
        is_insecure_meant: whether listeners that everybody can reach, and read, are asked for.
    """
    if settings.tls is not None:
        yield from _of_tls(settings.tls)
    if settings.access_file is not None:
        try:
            read_access_file(settings.access_file)
        except AccessFileError as error:
            yield f"STRATEGIC_MEMORY_ACCESS_FILE: {error}"
    if settings.tls is not None or settings.access_file is not None or is_insecure_meant:
        return
    listeners = {"GRPC": settings.grpc.address, "HTTP": settings.http.address}
    for name, address in listeners.items():
        if not is_loopback(address.rpartition(":")[0]):
            yield (
                f"STRATEGIC_MEMORY_{name}_ADDRESS is {address}: whoever reaches it could read the advice, and nothing "
                f"would be encrypted; set {VARIABLES['certificate_file']} and {VARIABLES['key_file']}, or "
                "STRATEGIC_MEMORY_ACCESS_FILE, or listen on 127.0.0.1, or where the network is private say "
                "--insecure-listen (STRATEGIC_MEMORY_INSECURE_LISTEN=on)"
            )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _of_tls(tls: TlsSettings) -> Iterator[str]:
    given = [what for what in VARIABLES if getattr(tls, what)]
    missing = [VARIABLES[what] for what in ("certificate_file", "key_file") if what not in given]
    if missing:
        yield f"{VARIABLES[given[0]]}: TLS needs {' and '.join(missing)} too"
    else:
        yield from tls_file_problems(tls)
