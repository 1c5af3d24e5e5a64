"""What stood between us and the service, as far as a failed call tells: proxies, limits on sizes, other programs.

gRPC wraps what it met in sentences of its own. These are those of its C core, which Python uses.
"""

from __future__ import annotations

import re

from strategic_memory_client.values.errors import (
    AccessDeniedError,
    MessageTooLargeError,
    ServiceUnavailableError,
    StrategicMemoryError,
    UnsupportedOperationError,
)

_HTTP_STATUS = re.compile(r"Received http2 header with status: (\d{1,3})\b")
_OWN_LIMIT = "CLIENT: Received message larger than max"
_THEIR_LIMIT = re.compile(r"(Received|Sent) message larger than max")
_TIMEOUTS = "Envoy: `timeout: 0s` of the route; nginx: grpc_read_timeout; haproxy: timeout server"
_IDLE = "haproxy in TCP mode: timeout client, timeout server; a load balancer: its idle timeout"

_MET: dict[str, str] = {
    r"Received RST_STREAM with error code": "the call to {} was cut off, by a server that ended at once or by a "
    "proxy; if that comes back after the same time, raise the proxy's timeout above the heartbeat interval "
    f"({_TIMEOUTS})",
    r"Stream removed \(Socket closed": "the connection to {} broke off: the server or a proxy has ended. If that "
    "comes back after the same time, a proxy on the way ends quiet connections: raise its timeout above the "
    f"heartbeat interval ({_IDLE})",
    r"Data frame with END_STREAM flag received|No status received": "the call to {} was ended without a status, by "
    f"a proxy whose timeout passed: raise it above the heartbeat interval ({_TIMEOUTS}); or what listens "
    "there speaks no gRPC: check the address, and that a proxy passes HTTP/2 on (nginx: grpc_pass)",
    r"Trying to connect an http1.x server|Failed parsing HTTP/2": "what listens at {} speaks no gRPC: check the "
    "address, and that a proxy there passes HTTP/2 on (nginx: `http2`, grpc_pass)",
    r"CERTIFICATE_VERIFY_FAILED": "what listens at {} shows a certificate that nobody in tls.root_certificates "
    "vouches for, or one whose time is over: check that file, and the certificate",
    r"Hostname Verification Check failed": "what listens at {} shows a certificate for another name: give the name "
    "that it bears as tls.server_name, or ask by that name",
    r"Failed to create security handshaker": "nothing is asked of {}, since the TLS files do not do: "
    "tls.root_certificates has to hold certificates, and tls.private_key to belong to tls.certificate_chain",
    r"WRONG_VERSION_NUMBER": "what listens at {} speaks no TLS: check the address, or leave out tls",
    r"failed to connect to all addresses.*(Socket closed|Connection reset by peer)": "what listens at {} ends "
    "connections before they are made: check that the service runs there, and whether it wants TLS, or the "
    "certificate of a client (tls)",
    r"^(upstream request timeout|upstream connect error|no healthy upstream|stream timeout)": "an Envoy in front of "
    "{} ended the call: check that it reaches the service, and set the timeout of the route (`timeout: 0s`)",
}
"""Words of a failure, as a regular expression, and what they say of an address. The first that fits counts."""

_BEHIND_PROXY: dict[int, tuple[type[StrategicMemoryError], str]] = {
    0: (ServiceUnavailableError, "speaks no HTTP/2 to the service: let it (nginx: grpc_pass in place of proxy_pass)"),
    401: (AccessDeniedError, "denies access: check what it asks of callers"),
    403: (AccessDeniedError, "denies access: check its rules"),
    404: (UnsupportedOperationError, "has no route for the paths of this service: check its routes and the address"),
    413: (
        MessageTooLargeError,
        "refuses a request of this size: raise its limit (nginx: client_max_body_size), or send less",
    ),
    429: (ServiceUnavailableError, "admits no more for now: check its limit of requests, or ask less often"),
    502: (
        ServiceUnavailableError,
        "cannot reach the service: check that it runs, where the proxy looks for it, and haproxy's `proto h2` for it",
    ),
    503: (ServiceUnavailableError, "has no service to lead to: check that it runs, and the proxy's checks of it"),
    504: (ServiceUnavailableError, f"did not wait for the answer: raise its timeout ({_TIMEOUTS})"),
}


def met_on_the_way(detail: str, address: str) -> StrategicMemoryError | None:
    """Return the error that the words of a failed call stand for; None where they are the service's own."""
    if (status := _HTTP_STATUS.search(detail)) is not None:
        return _of_http(int(status[1]), address)
    if _OWN_LIMIT in detail:
        said = "the answer of {} is larger than this client takes: raise max_message_bytes in its ClientOptions"
        return MessageTooLargeError(f"{said.format(address)} ({detail})", address=address)
    if _THEIR_LIMIT.search(detail) is not None:
        said = "is too large for the service's limit on messages: send or ask for less, or raise the limit there"
        return MessageTooLargeError(f"the call to {address} {said} ({detail})", address=address)
    for words, said in _MET.items():
        if re.search(words, detail) is not None:
            return ServiceUnavailableError(f"{said.format(address)} ({detail})", address=address)
    return None


def _of_http(status: int, address: str) -> StrategicMemoryError:
    kind, said = _BEHIND_PROXY.get(
        status, (ServiceUnavailableError, "answered in place of the service: check its routes and the address")
    )
    return kind(f"a proxy in front of {address} {said} (HTTP {status})", address=address)
