"""RenewedContext: the TLS of the HTTP side, which follows the served certificates from one connection to the next."""

from __future__ import annotations

import gc
import ssl
from asyncio.sslproto import SSLProtocol

from strategic_memory_server.tls.served_certificates import ServedCertificates

_BUFFER_BYTES = 16 * 1024
"""As much as a record of TLS has."""

_COLLECTED_TOGETHER = 128
"""After so many connections those that have ended are collected. One whose handshake fails is in a cycle with its
error, and holds some 64 KB outside of Python, of which the collector does not know when it waits for more garbage."""


def keep_small_buffers() -> None:
    """Let asyncio take a small buffer for each connection over TLS, from now on. It takes 256 KiB by itself."""
    SSLProtocol.max_size = _BUFFER_BYTES


class RenewedContext(ssl.SSLContext):
    """A context that leaves each connection to the one in force. asyncio begins a connection by `wrap_bio` alone."""

    _certificates: ServedCertificates
    _begun: int

    @classmethod
    def of(cls, certificates: ServedCertificates) -> RenewedContext:
        """Return one for these certificates."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context._certificates, context._begun = certificates, 0
        return context

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin a connection."""
        self._begun += 1
        if self._begun % _COLLECTED_TOGETHER == 0:
            gc.collect()
        return self._certificates.current.context.wrap_bio(incoming, outgoing, server_side, server_hostname, session)
