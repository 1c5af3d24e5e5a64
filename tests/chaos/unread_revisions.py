"""Revisions that were in the log, and were gone before the recorder of the log came to read them.

A log that is deleted or evicted takes whole epochs with it. That they were there is known from what Redis reports of
the commands that it carries out; what they said is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from history.model import History, LogGap, Position


def with_unread(history: History, published: Sequence[Position]) -> History:
    """Add what was published, and not read, to what the recorder of the log cannot know.

    Args:
        history: what was observed.
        published: every revision that Redis was seen to add to the log, in that order.
    """
    read = {publish.feedback.position for publish in history.publishes}
    gaps = [
        LogGap(each.epoch, each.revision - 1, each.revision + 1, -math.inf) for each in published if each not in read
    ]
    epochs, before = list(history.epochs), -1
    for each in published:
        if each.epoch not in epochs:
            epochs.insert(before + 1, each.epoch)
        before = epochs.index(each.epoch)
    return replace(history, gaps=(*history.gaps, *gaps), epochs=tuple(epochs))
