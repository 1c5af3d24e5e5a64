"""Shapes of cells: what is left of them when digits that tell the same are one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strategic_memory_server.replay.files.page import Cell

_APART = "\x1f"


def first_of_each(cells: Sequence[Cell], same: Mapping[int, int | str | None]) -> dict[str, int]:
    """Return the place of the first cell of each shape, in order; the shape of what is no text is empty.

    Args:
        cells: the cells.
        same: what stands for each character, as `str.translate` takes it.
    """
    texts = [cell if isinstance(cell, str) else "" for cell in cells]
    shapes = _APART.join(texts).translate(same).split(_APART)
    if len(shapes) != len(texts):
        shapes = [text.translate(same) for text in texts]
    # Of several the first one stays.
    places = dict(zip(reversed(shapes), range(len(shapes) - 1, -1, -1), strict=True))
    return dict(sorted(places.items(), key=lambda item: item[1]))
