"""Values that no feedback should hold, and what has to become of a document that holds them."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import strategies as st

from strategic_memory_server.revisions.feedback_json import (
    MalformedFeedbackError,
    decode_feedback,
    encode_feedback,
)
from strategic_memory_server.rpc.wire.to_wire import feedback_message

STRANGE: st.SearchStrategy[object] = st.sampled_from(
    [None, True, "", "text", -1, 2**64, 10**400, 1e308, [], {}, [[]], {"a": 1}, "9999-12-31", "\ud800"]
) | st.floats(allow_nan=True, allow_infinity=True)


def refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def strict(text: str) -> dict[str, Any]:
    """Read JSON as a strict reader does: no NaN, no Infinity."""
    document: dict[str, Any] = json.loads(text, parse_constant=refuse_constant)
    return document


def check_sayable(document: dict[str, Any]) -> None:
    """Either it is refused as malformed, or it can be sent and written again."""
    with contextlib.suppress(MalformedFeedbackError):
        read = decode_feedback(json.dumps(document).encode())
        feedback_message(read).SerializeToString()
        strict(encode_feedback(read))


LATER = ["rules", "leverage_bound_by", "current", "evidence", "leverage_caps"]
"""Keys that the first entries of a log may not have."""
