"""Positions: which part of an action is a position, and what the leverage makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from gymnasium.spaces import Box, Discrete, Space
from numpy.typing import NDArray

Action: TypeAlias = Any
"""Of whatever kind its space says."""

Scaling = Callable[[Action, float], Action]
"""Gives an action of the space for an action and a leverage."""

ALL = "all"

Positions = str | Sequence[int] | Sequence[float]

_ROUNDING = 1e-9


def scaling_of(space: Space[Any], positions: Positions | None) -> Scaling | None:
    """Return how actions are scaled; None: they are left as they are.

    Of a Box each position is multiplied by the leverage and clipped to the bounds of the space. Of a Discrete space
    the action is taken whose position is nearest to the multiplied one, and no larger than that: rounding never adds
    risk.

    Args:
        space: the action space.
        positions: of a Box "all", or the places of the positions in the flattened action; of a Discrete the position
            that each action stands for, such as [-1, 0, 1].

    Raises:
        ValueError: such a space cannot be scaled, or not so.
    """
    if positions is None:
        return None
    if not isinstance(positions, Sized):
        raise ValueError(f"positions must be a list, of places or of what actions stand for, is {positions!r}")
    if isinstance(space, Box):
        return _of_box(space, positions)
    if isinstance(space, Discrete):
        return _of_discrete(space, positions)
    raise ValueError(f"positions: actions of {space} cannot be scaled; those of Box and Discrete can")


@dataclass(frozen=True, slots=True)
class _OfBox:
    space: Box
    places: Sequence[int]

    def __call__(self, action: Action, leverage: float) -> Action:
        low, high = self.space.low.ravel()[self.places], self.space.high.ravel()[self.places]
        result = np.array(action, self.space.dtype).ravel()
        result[self.places] = np.clip(result[self.places] * leverage, low, high)
        return result.reshape(self.space.shape)


@dataclass(frozen=True, slots=True)
class _OfDiscrete:
    space: Discrete
    stands_for: NDArray[np.float64]

    def __call__(self, action: Action, leverage: float) -> Action:
        place = int(action) - int(self.space.start)
        if not 0 <= place < len(self.stands_for):
            # What it is to mean says the environment.
            return action
        wanted = self.stands_for[place] * leverage
        is_smaller = np.abs(self.stands_for) <= abs(wanted) + _ROUNDING
        far = np.where(is_smaller, np.abs(self.stands_for - wanted), np.inf)
        return np.int64(self.space.start + int(np.argmin(far)))


def _of_box(space: Box, positions: Positions) -> Scaling:
    if not np.issubdtype(space.dtype, np.floating):
        raise ValueError(f"positions: a Box of {space.dtype} holds no positions that can be scaled")
    size = int(np.prod(space.shape))
    is_all = isinstance(positions, str) and positions == ALL
    given = range(size) if is_all else positions
    places = [int(each) for each in given if isinstance(each, int | np.integer) and not isinstance(each, bool)]
    if len(places) < max(len(given), 1) or not 0 <= min(places) <= max(places) < size:
        raise ValueError(f'positions must be "{ALL}" or places from 0 to {size - 1} of the action, is {positions!r}')
    if not ((space.low.ravel()[places] <= 0.0) & (space.high.ravel()[places] >= 0.0)).all():
        raise ValueError("positions: 0 is outside the bounds of the action space, so leverage cannot lower a position")
    return _OfBox(space, places)


def _of_discrete(space: Discrete, positions: Positions) -> Scaling:
    if isinstance(positions, str) or len(positions) != space.n or not np.isfinite(np.array(positions, float)).all():
        raise ValueError(f"positions must be the {space.n} positions that the actions stand for, is {positions!r}")
    if 0.0 not in positions:
        raise ValueError("positions: no action stands for 0, so leverage cannot lower a position")
    return _OfDiscrete(space, np.array(positions, float))
