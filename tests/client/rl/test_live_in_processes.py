"""Environments in processes of their own, on live advice: each makes its client there, whatever starts it."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
import redis
from client.rl.test_live_advice import PATIENT, advising
from conftest import StartService
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AsyncVectorEnv, VectorEnv
from redis_inputs import add_regime, add_trade

from strategic_memory_client.rl import AdviceVectorWrapper, AdviceWrapper

pytestmark = pytest.mark.processes

MARKET = "client.rl.markets:tests/Market-v0"
NOTHING = np.zeros((2, 1), np.float32)


def market() -> gymnasium.Env[Any, Any]:
    return gymnasium.make(MARKET, bound=1.0)


def advised(address: str, latch: str = "step") -> AdviceWrapper:
    return AdviceWrapper(market(), address, latch=latch, positions="all", **PATIENT)


def test_it_works_in_processes_and_gymnasium_finds_nothing_wrong(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    for _ in range(4):
        add_regime(redis_client, "BULL", 0.4)
        add_trade(redis_client, "BULL", 0.3)
    address = advising(start_service())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # That it is a wrapper is no news.
        warnings.filterwarnings("ignore", ".*is different from the unwrapped version")
        check_env(advised(address), skip_render_check=True)
    # A client of this process is there already when the others are started.
    here = advised(address)
    assert here.reset(seed=1)[1]["advice_is_active"] == 1
    latches = ("step", "episode")
    vectors: dict[str, VectorEnv[Any, Any, Any]] = {
        context: AsyncVectorEnv([partial(advised, address, latch) for latch in latches], context=context)
        for context in ("fork", "forkserver", "spawn")
    }
    bare = AsyncVectorEnv([market] * 2, context="fork")
    vectors["outside"] = AdviceVectorWrapper(bare, address, latch="episode", positions="all", **PATIENT)
    for started, env in vectors.items():
        assert env.reset(seed=1)[1]["advice_is_active"].tolist() == [1, 1], started
        for _ in range(3):
            infos = env.step(NOTHING)[-1]
            assert infos["advice_is_active"].tolist() == [1, 1], started
            assert (infos["advice_leverage_applied"] == infos["advice_leverage"]).all(), started
        env.close()
    here.close()
