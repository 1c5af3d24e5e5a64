"""Beginnings: which environments of a vector have begun an episode, in each way of beginning anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""A truth value for each environment."""


class Beginnings:
    """Follows the episodes of a vector of environments.

    Args:
        env: the vector.
        must_know: whether the way of beginning anew must be known. Where it is not, NEXT_STEP is taken for it, as
            wrappers of Gymnasium do.

    Raises:
        ValueError: it is not known and must be.

    Attributes:
        begun: which have begun an episode with the reset or the step that was told last.
        acted: which have taken the action of that step: under NEXT_STEP those that begin anew pass over it.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any], *, must_know: bool) -> None:
        self._count = env.num_envs
        mode = env.metadata.get("autoreset_mode")
        if must_know and not isinstance(mode, AutoresetMode):
            raise ValueError(
                f'latch="episode" must know when episodes begin: env.metadata["autoreset_mode"] is {mode!r} and no '
                "gymnasium.vector.AutoresetMode"
            )
        self._mode = mode if isinstance(mode, AutoresetMode) else AutoresetMode.NEXT_STEP
        self._ended: Mask = np.zeros(self._count, bool)
        self.begun: Mask = np.zeros(self._count, bool)
        self.acted: Mask = np.zeros(self._count, bool)

    def mask_of(self, options: Mapping[str, Any] | None) -> Mask:
        """Return which environments a reset with these options is for. Ask before the reset, which takes it out."""
        mask = None if options is None else options.get("reset_mask")
        return np.ones(self._count, bool) if mask is None else np.array(mask, bool)

    def reset(self, mask: Mask) -> None:
        """Take a reset of some."""
        self.begun, self.acted = mask, np.zeros(self._count, bool)
        self._ended = self._ended & ~mask

    def step(self, ended: Mask) -> None:
        """Take a step of all, at which episodes ended."""
        passes_over = self._ended if self._mode is AutoresetMode.NEXT_STEP else np.zeros(self._count, bool)
        self.acted = ~passes_over
        self.begun = ended if self._mode is AutoresetMode.SAME_STEP else passes_over
        self._ended = ended
