"""Replies of stream commands under the types that a client with `decode_responses=False` and RESP2 really gives."""

from __future__ import annotations

StreamEntries = list[tuple[bytes, dict[bytes, bytes]]]
"""Entries of one stream: id and fields."""
