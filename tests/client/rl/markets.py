"""Environments for tests: a made-up market with a clock, with actions and observations of several kinds."""

from __future__ import annotations

from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete

Given: TypeAlias = Any

START_MS = 1_700_000_000_000
STEP_MS = 60_000


class Market(gymnasium.Env[Any, Any]):
    """A price that wanders; the action is a position, its reward the return on it. An episode has `length` steps."""

    def __init__(
        self,
        kind: str = "box",
        actions: str = "box",
        length: int = 20,
        episode_ms: int = 0,
        bound: float = 1.5,
        start_ms: int = START_MS,
    ) -> None:
        self.kind, self.length, self.episode_ms, self.start_ms = kind, length, episode_ms, start_ms
        flat = Box(-10.0, 10.0, (2,), np.float32)
        self.observation_space = Dict({"prices": flat}) if kind == "dict" else flat
        self.action_space = Discrete(5) if actions == "discrete" else Box(-bound, bound, (1,), np.float32)
        self.step_number, self.episodes = 0, 0
        self.last_action: Any = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.step_number = 0
        self.episodes += 1
        return self._observation(), self._info()

    def step(self, action: Given) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.last_action = action
        self.step_number += 1
        done = self.step_number >= self.length
        return self._observation(), float(self.np_random.normal()), done, False, self._info()

    def _observation(self) -> Given:
        values = np.clip(self.np_random.normal(size=2), -10, 10).astype(np.float32)
        return {"prices": values} if self.kind == "dict" else values

    def _info(self) -> dict[str, Any]:
        begun_ms = self.start_ms + (self.episodes - 1) * self.episode_ms
        return {"time": np.int64(begun_ms + self.step_number * STEP_MS)}


gymnasium.register("tests/Market-v0", "client.rl.markets:Market")
