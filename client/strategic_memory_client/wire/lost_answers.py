"""Whether a call that changes something may have been carried out though no server has answered it.

It was sent, and then the connection broke, the time was over, or the answer itself was not to be had. An error that
says no more than that would be taken for "not done".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from strategic_memory.error_reasons import reason_text
from strategic_memory.v1 import errors_pb2
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.wire.failure import failed_call, failure_of

_NOT_KNOWN = reason_text(errors_pb2.ERROR_REASON_INTERVENTION_NOT_KNOWN)
_REASONS = frozenset(map(reason_text, errors_pb2.ErrorReason.values()))
"""Those that this version knows. One of a later version may mean either: the code decides, as where there is none."""
_NEVER_SENT = ("failed to connect to all addresses", "errors resolving", "DNS resolution failed")
"""What gRPC says of a call for which it has found no connection."""

_OPEN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.RESOURCE_EXHAUSTED,  # the answer may be larger than is taken
    }
)
"""Without a reason that is known these may come after it was carried out."""

MAY_HOLD = (
    "what was asked for may hold all the same, for an answer was lost: see what holds (get_state of the client, "
    "strategic-memory admin state) before you say it again"
)


class LostAnswers:
    """What is known of one call, over all servers to which it was sent."""

    def __init__(self) -> None:
        self._may_hold = False

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send it to a server and wait for the answer, or read that, within this context."""
        try:
            yield
        except BaseException as error:
            # Whoever is cancelled has not waited for it, and one of ours is about an answer that came; another error
            # comes before it is sent.
            is_left = not isinstance(error, Exception) or isinstance(error, StrategicMemoryError)
            self._may_hold |= is_left or (isinstance(error, grpc.RpcError) and _leaves_open(error))
            raise

    @contextmanager
    def told(self) -> Iterator[None]:
        """Let the error that this context is left with say that an answer was lost, where one was."""
        try:
            yield
        except StrategicMemoryError as error:
            # That reason says so itself.
            if self._may_hold and getattr(error, "reason", "") != _NOT_KNOWN:
                error.args = (f"{error}; {MAY_HOLD}",)
            raise


def _leaves_open(error: grpc.RpcError) -> bool:
    failure = failure_of(failed_call(error), "")
    if failure.reason in _REASONS:
        return failure.reason == _NOT_KNOWN
    return failure.code in _OPEN and not failure.detail.startswith(_NEVER_SENT)
