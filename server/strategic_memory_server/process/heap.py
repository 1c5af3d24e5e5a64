"""The heap as the collector of garbage sees it: what stays is not to be looked at again and again."""

from __future__ import annotations

import gc
from collections.abc import Mapping

OLDEST = 2
"""Generation of which a collection has looked at everything."""


def freeze_heap() -> None:
    """Take what is there out of the collector's sight, but for young garbage, which it takes away first.

    Ten thousand portfolios are millions of objects: to look at all of them holds everything else up for seconds.
    After `thaw_heap` it is left until that has been done: what was closed would stay for good.
    """
    if _freeze_again not in gc.callbacks:
        gc.collect(1)
        gc.freeze()


def thaw_heap() -> None:
    """Let the collector see all of it again until its next look at everything: something is no longer used."""
    gc.unfreeze()
    if _freeze_again not in gc.callbacks:
        gc.callbacks.append(_freeze_again)


def _freeze_again(phase: str, info: Mapping[str, int]) -> None:
    if phase == "stop" and info["generation"] == OLDEST:
        gc.callbacks.remove(_freeze_again)
        gc.freeze()
