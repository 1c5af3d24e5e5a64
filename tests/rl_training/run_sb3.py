"""Runs in the environment of stable-baselines3: trains in many ways, and prints a row of JSON for each.

Arguments: a file of recorded advice, and the address of a service, which is killed and started again meanwhile.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from client.rl.markets import Market
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv, VecNormalize

from strategic_memory_client.rl import AdviceWrapper, RecordedAdvice

REGIMES = ["BULL", "RANGE", "BEAR"]
STEPS = 4_096
LIVE_S = 12.0
MANY = 200
AFTER_THE_RECORD_MS = 4_000_000_000_000

Make = Callable[[], Any]


def bare(kind: str = "box") -> Market:
    return Market(kind, bound=1.0, length=200, start_ms=AFTER_THE_RECORD_MS)


def recorded(advice: RecordedAdvice, kind: str = "box") -> AdviceWrapper:
    return AdviceWrapper(bare(kind), advice, regimes=REGIMES, time="time")


def live(address: str) -> AdviceWrapper:
    return AdviceWrapper(bare(), address, regimes=REGIMES)


def say(**row: object) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def steps_per_s(env: VecEnv, policy: str) -> float:
    """Train, and return how many steps a second it took."""
    model = PPO(policy, env, n_steps=256, batch_size=256, n_epochs=1, seed=1, device="cpu")
    started_s = time.perf_counter()
    model.learn(STEPS)
    env.close()
    return STEPS / (time.perf_counter() - started_s)


def compared(name: str, vector: Callable[[Make], VecEnv], without: Make, with_advice: Make, policy: str) -> None:
    rates = [steps_per_s(vector(make), policy) for make in (without, with_advice)]
    say(what=name, policy=policy, without=round(rates[0]), with_advice=round(rates[1]))


class Watching(BaseCallback):
    """Counts the steps with active advice and without, in the order in which they change, and ends after a time."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[int] = []
        self.steps = 0
        self._until_s = time.monotonic() + LIVE_S

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            self.steps += 1
            active = int(info["advice_is_active"])
            if not self.changes or self.changes[-1] != active:
                self.changes.append(active)
        return time.monotonic() < self._until_s


def main(advice_file: str, address: str) -> None:
    torch.set_num_threads(1)
    advice = RecordedAdvice.from_file(advice_file)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(recorded(advice))
        check_env(recorded(advice, "dict"))
    say(what="check_env of SB3, recorded advice", policy="", result="nothing found")

    def dummy(make: Make) -> VecEnv:
        return DummyVecEnv([make] * 8)

    def processes(make: Make, method: str) -> VecEnv:
        return SubprocVecEnv([make] * 2, start_method=method)

    with_advice = partial(recorded, advice)
    compared("8 in DummyVecEnv", dummy, bare, with_advice, "MlpPolicy")
    compared(
        "8 in DummyVecEnv, a Dict", dummy, partial(bare, "dict"), partial(recorded, advice, "dict"), "MultiInputPolicy"
    )
    compared("8 in VecNormalize", lambda make: VecNormalize(dummy(make)), bare, with_advice, "MlpPolicy")
    for method in ("fork", "forkserver", "spawn"):
        compared(f"2 in SubprocVecEnv, {method}", partial(processes, method=method), bare, with_advice, "MlpPolicy")

    say(event="training")
    watching = Watching()
    env = DummyVecEnv([partial(live, address)] * 4)
    PPO("MlpPolicy", env, n_steps=64, batch_size=64, n_epochs=1, seed=1, device="cpu").learn(10**9, callback=watching)
    env.close()
    say(what="4 live, the service killed and started again", policy="MlpPolicy", steps=watching.steps,
        active=watching.changes)  # fmt: skip

    gc.collect()
    before = threading.active_count(), sum(1 for _ in Path("/proc/self/fd").iterdir())
    made = [live(address) for _ in range(MANY)]
    for each in made:
        each.reset(seed=1)
        each.step(np.zeros(1, np.float32))
    made.clear()
    del each
    gc.collect()
    deadline = time.monotonic() + 20
    while (after := (threading.active_count(), sum(1 for _ in Path("/proc/self/fd").iterdir()))) > before:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    left = [max(0, now - then) for now, then in zip(after, before, strict=True)]
    say(what=f"{MANY} live ones made and dropped", policy="", left_threads=left[0], left_descriptors=left[1])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
