"""How an `ErrorReason` travels with a refused call, for server and client alike."""

from __future__ import annotations

from strategic_memory.v1 import errors_pb2

DOMAIN = "strategic_memory.v1"
"""Domain of the service's own `google.rpc.ErrorInfo` details."""

REASON_TRAILER = "strategic-memory-reason"
"""Trailer with the reason, for clients that cannot read the status details."""

METADATA_TRAILER_PREFIX = "strategic-memory-"
"""What precedes a key of the metadata of the ErrorInfo in its trailer; the value is percent-encoded there."""


def reason_text(reason: errors_pb2.ErrorReason.ValueType) -> str:
    """Give what stands for a reason in an ErrorInfo and in a trailer: its name without that of the enum."""
    return errors_pb2.ErrorReason.Name(reason).removeprefix("ERROR_REASON_")
