"""What stays is out of the collector's sight; what was closed is taken away before it is so again."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from strategic_memory_server.process.heap import freeze_heap, thaw_heap


class Cycle:
    """Refers to itself, so that the collector alone takes it away."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _collector_at_rest() -> Iterator[None]:
    # A test before, in which a portfolio was closed, has left the heap to the next look at everything.
    gc.collect()
    gc.unfreeze()
    before = list(gc.callbacks)
    gc.disable()
    yield
    gc.callbacks[:] = before
    gc.unfreeze()
    gc.enable()


def test_what_was_frozen_is_looked_at_by_no_collection_until_it_is_thawed() -> None:
    young, staying = Cycle(), Cycle()
    told = weakref.ref(young), weakref.ref(staying)
    del young
    freeze_heap()
    assert told[0]() is None
    del staying
    gc.collect()
    assert told[1]() is not None
    thaw_heap()
    assert not gc.get_freeze_count()
    gc.collect()
    assert told[1]() is None


def test_what_is_closed_goes_though_others_are_opened_before_the_next_look_and_what_stays_is_frozen_again() -> None:
    closed = Cycle()
    told = weakref.ref(closed)
    freeze_heap()
    for _ in range(3):
        thaw_heap()
    del closed
    freeze_heap()
    gc.collect(1)
    assert told() is not None
    assert not gc.get_freeze_count()
    gc.collect()
    assert told() is None
    assert gc.get_freeze_count()
    looked_at_by = list(gc.callbacks)
    thaw_heap()
    thaw_heap()
    gc.collect()
    assert gc.callbacks == looked_at_by
