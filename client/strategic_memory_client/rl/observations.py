"""Observations with the features of the advice: appended to a flat Box, or under a key of a Dict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, Space

from strategic_memory_client.rl.features import Vector

KEY = "advice"
"""The key of a Dict."""

Observation: TypeAlias = Any
"""Of whatever kind its space says; one, or a batch."""

Extending = Callable[[Observation, Vector], Observation]
"""Gives the observation with the features for an observation without; of one environment, or of a batch."""


def extended_space(space: Space[Any], features: Box) -> Space[Any]:
    """Return the space of the observations with features.

    Raises:
        ValueError: the space is neither a flat Box nor a Dict of one level, or has the key already.
    """
    if isinstance(space, Dict):
        if KEY in space.spaces:
            raise ValueError(f"the observations have a key {KEY!r} already")
        if any(isinstance(each, Dict | Discrete) for each in space.spaces.values()):
            raise ValueError(
                "a Dict of observations may hold no Dict and no Discrete space: "
                "use gymnasium.wrappers.FlattenObservation"
            )
        return Dict({**space.spaces, KEY: features})
    if isinstance(space, Box) and len(space.shape) == 1:
        return Box(
            np.concatenate([space.low.astype(np.float32), features.low]),
            np.concatenate([space.high.astype(np.float32), features.high]),
            dtype=np.float32,
        )
    raise ValueError(
        f"observations of {space} cannot be extended: a flat Box or a Dict can; "
        "use gymnasium.wrappers.FlattenObservation"
    )


def extending(space: Space[Any]) -> Extending:
    """Return what extends an observation of a space that `extended_space` takes."""
    return _with_key if isinstance(space, Dict) else _appended


def _with_key(observation: Mapping[str, Observation], features: Vector) -> Observation:
    return {**observation, KEY: features}


def _appended(observation: Observation, features: Vector) -> Observation:
    return np.concatenate([np.asarray(observation, np.float32), features], axis=-1)
