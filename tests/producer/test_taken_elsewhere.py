"""Writers in a copy or a pickle, where they cannot work."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial

import pytest

from strategic_memory_producer import AsyncTraceWriter, BackgroundWriter, TraceError, TraceWriter

TAKES: list[Callable[[object], object]] = [
    copy.copy,
    copy.deepcopy,
    *(partial(pickle.dumps, protocol=number) for number in range(6)),
]


@pytest.mark.parametrize("kind", [TraceWriter, AsyncTraceWriter, BackgroundWriter])
def test_no_writer_can_be_copied_or_sent_to_another_process(
    kind: type[TraceWriter | AsyncTraceWriter | BackgroundWriter],
) -> None:
    writer = kind("redis://127.0.0.1:1/0")
    for take in TAKES:
        with pytest.raises(
            TraceError, match=f"a {kind.__name__} cannot be copied .* make one where it is used"
        ) as told:
            take(writer)
        assert isinstance(told.value, TypeError)
    if isinstance(writer, BackgroundWriter):
        assert writer.close() == ()
