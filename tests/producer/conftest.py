"""Writers of both kinds, which are ended with the test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from producer.both_writers import KINDS, MakeWriter, Writer, named

from strategic_memory_producer import WriterSettings


@pytest.fixture(params=KINDS, ids=named)
def make_writer(request: pytest.FixtureRequest) -> Iterator[MakeWriter]:
    made: list[Any] = []

    def make(redis_url: str, settings: WriterSettings | None = None) -> Writer:
        writer: Writer = request.param(redis_url, settings)
        made.append(writer)
        return writer

    yield make
    for writer in made:
        with writer:
            pass
