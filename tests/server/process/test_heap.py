"""What stays is out of the collector's sight until something is closed."""

from __future__ import annotations

import gc
import weakref

from strategic_memory_server.process.heap import freeze_heap, thaw_heap


class Cycle:
    """Refers to itself, so that the collector alone takes it away."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_frozen_is_looked_at_by_no_collection_until_it_is_thawed() -> None:
    gc.disable()
    try:
        young, staying = Cycle(), Cycle()
        told = weakref.ref(young), weakref.ref(staying)
        del young
        freeze_heap()
        assert told[0]() is None
        del staying
        gc.collect()
        assert told[1]() is not None
        thaw_heap()
        gc.collect()
        assert told[1]() is None
        assert not gc.get_freeze_count()
    finally:
        gc.unfreeze()
        gc.enable()
