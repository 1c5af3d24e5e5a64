"""Values that never change, so that a copy of one may be the value itself."""

from __future__ import annotations

from typing import Self


class Unchanging:
    """For frozen values with nothing in them that could change: who copies one, by whatever way, gets it again.

    Programs hand advice on inside of structures that are copied whole, step by step.
    """

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self
