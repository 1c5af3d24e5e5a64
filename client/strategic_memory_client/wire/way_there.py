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
_CUT_OFF = "Received RST_STREAM with error code"
_BROKE_OFF = "Stream removed (Socket closed"
_NOT_GRPC = "Trying to connect an http1.x server"
_NO_STATUS = ("Data frame with END_STREAM flag received", "No status received")
_ENVOY = ("upstream request timeout", "upstream connect error", "no healthy upstream", "stream timeout")

_TIMEOUTS = "Envoy: `timeout: 0s` of the route; nginx: grpc_read_timeout; haproxy: timeout server"
_IDLE = "haproxy in TCP mode: timeout client, timeout server; a load balancer: its idle timeout"

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
    if _CUT_OFF in detail:
        said = (
            "was cut off, by a server that ended at once or by a proxy; if that comes back after the same time, raise"
        )
        said = f"{said} the proxy's timeout above the heartbeat interval ({_TIMEOUTS})"
        return ServiceUnavailableError(f"the call to {address} {said} ({detail})", address=address)
    if _BROKE_OFF in detail:
        said = "broke off: the server or a proxy has ended. If that comes back after the same time, a proxy on the way"
        said = f"{said} ends quiet connections: raise its timeout above the heartbeat interval ({_IDLE})"
        return ServiceUnavailableError(f"the connection to {address} {said} ({detail})", address=address)
    if any(words in detail for words in _NO_STATUS):
        said = "was ended without a status, by a proxy whose timeout passed: raise it above the heartbeat interval"
        said = f"{said} ({_TIMEOUTS}); or what listens there speaks no gRPC: check the address, and that a proxy"
        said = f"{said} passes HTTP/2 on (nginx: grpc_pass)"
        return ServiceUnavailableError(f"the call to {address} {said} ({detail})", address=address)
    if _NOT_GRPC in detail:
        said = "speaks no gRPC: check the address, and that a proxy there passes HTTP/2 on (nginx: `http2`, grpc_pass)"
        return ServiceUnavailableError(f"what listens at {address} {said} ({detail})", address=address)
    if detail.startswith(_ENVOY):
        said = "ended the call: check that it reaches the service, and set the timeout of the route (`timeout: 0s`)"
        return ServiceUnavailableError(f"an Envoy in front of {address} {said} ({detail})", address=address)
    return None


def _of_http(status: int, address: str) -> StrategicMemoryError:
    kind, said = _BEHIND_PROXY.get(
        status, (ServiceUnavailableError, "answered in place of the service: check its routes and the address")
    )
    return kind(f"a proxy in front of {address} {said} (HTTP {status})", address=address)
