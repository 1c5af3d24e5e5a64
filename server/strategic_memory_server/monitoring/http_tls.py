"""RenewedContext: the TLS of the HTTP side, which follows the served certificates from one connection to the next."""

from __future__ import annotations

import ssl

from strategic_memory_server.tls.served_certificates import ServedCertificates


class RenewedContext(ssl.SSLContext):
    """A context that leaves each connection to the one in force. asyncio begins a connection by `wrap_bio` alone."""

    _certificates: ServedCertificates

    @classmethod
    def of(cls, certificates: ServedCertificates) -> RenewedContext:
        """Return one for these certificates."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context._certificates = certificates
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
        return self._certificates.current.context.wrap_bio(incoming, outgoing, server_side, server_hostname, session)
