"""The heap as the collector of garbage sees it: what stays is not to be looked at again and again."""

from __future__ import annotations

import gc


def freeze_heap() -> None:
    """Take what is there out of the collector's sight, but for young garbage, which it takes away first.

    Ten thousand portfolios are millions of objects: to look at all of them holds everything else up for seconds.
    """
    gc.collect(1)
    gc.freeze()


def thaw_heap() -> None:
    """Let the collector see all of it again: something in it is no longer used, and goes with its next look."""
    gc.unfreeze()
