"""Unparsed: a request as it came, for methods that parse it where and when it suits them.

gRPC parses a request on the event loop before its handler starts, and holds on to it until the handler has ended. A
large one is better parsed when it has its turn, and let go of as soon as its content has been taken over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

MessageT_co = TypeVar("MessageT_co", covariant=True)


class Unparsed(Generic[MessageT_co]):
    """A message in its wire form.

    Args:
        deserialize: parses it.
        raw: the bytes.
    """

    __slots__ = ("_deserialize", "_message", "_raw")

    def __init__(self, deserialize: Callable[[bytes], MessageT_co], raw: bytes) -> None:
        self._deserialize = deserialize
        self._raw = raw
        self._message: MessageT_co | None = None

    def __len__(self) -> int:
        """Its length in bytes; 0 once it is parsed."""
        return len(self._raw)

    def parse(self) -> MessageT_co:
        """Return the message, and let go of the bytes: both together are twice as much to hold.

        Raises:
            google.protobuf.message.DecodeError: the bytes are no such message.
        """
        if self._message is None:
            raw, self._raw = self._raw, b""
            self._message = self._deserialize(raw)
        return self._message

    def parse_and_forget(self) -> MessageT_co:
        """Return the message, once, and let go of it too; raises as `parse`."""
        message = self.parse()
        self._message = None
        return message
