"""What a demo can be told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

DEFAULT_SEED = 726
"""A market in which every regime and every policy shows within half a minute."""

MAX_SPEED = 1000.0
"""Fastest market, as a multiple of the ordinary pace."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Options of `run_demo`. Raises ValueError when a number makes no sense."""

    seconds: float | None = None
    """How long it runs, seconds; None: until Ctrl-C."""
    seed: int = DEFAULT_SEED
    """Decides the course of the market."""
    speed: float = 1.0
    """Multiplies the pace of the market; 1 writes about ten entries a second."""
    grpc_address: str = "127.0.0.1:0"
    """host:port of the gRPC side; port 0 takes a free one."""
    http_address: str = "127.0.0.1:0"
    """host:port of the HTTP side; port 0 takes a free one."""
    redis_port: int | None = None
    """Port of the embedded Redis; None takes a free one."""
    redis_binary: Path | None = None
    """Redis server program; None looks for one."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.seconds is not None and not (math.isfinite(self.seconds) and self.seconds > 0):
            raise ValueError(f"seconds must be above 0, not {self.seconds:g}")
        if not (math.isfinite(self.speed) and 0 < self.speed <= MAX_SPEED):
            raise ValueError(f"speed must be above 0 and at most {MAX_SPEED:g}, not {self.speed:g}")
