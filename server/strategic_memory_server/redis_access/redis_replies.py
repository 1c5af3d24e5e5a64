"""Replies of stream commands under the types that a client with `decode_responses=False` and RESP2 really gives."""

from __future__ import annotations

from typing import cast

StreamEntries = list[tuple[bytes, dict[bytes, bytes]]]
"""Entries of one stream: id and fields."""


def entries_of(reply: object) -> StreamEntries:
    """Return the entries of an XRANGE or XREVRANGE reply."""
    return cast("StreamEntries", reply or [])


def streams_of(reply: object) -> dict[bytes, StreamEntries]:
    """Return the entries of an XREAD reply by the key of their stream."""
    return dict(cast("list[tuple[bytes, StreamEntries]]", reply or []))
