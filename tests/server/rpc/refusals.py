"""What a refused call says."""

from __future__ import annotations

from collections.abc import Awaitable

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2


async def refusal_of(call: Awaitable[object]) -> tuple[grpc.StatusCode, str]:
    """Code, and reason of the ErrorInfo or first field of the BadRequest."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    metadata = dict(raised.value.trailing_metadata() or ())
    detail, *_ = status_pb2.Status.FromString(metadata["grpc-status-details-bin"]).details
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    if detail.Unpack(info):
        return raised.value.code(), info.reason
    assert detail.Unpack(request)
    return raised.value.code(), request.field_violations[0].field
