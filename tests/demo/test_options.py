from __future__ import annotations

import math

import pytest

from strategic_memory_demo.options import DemoOptions


def test_the_defaults_run_until_interrupted_on_free_ports() -> None:
    options = DemoOptions()
    assert options.seconds is None
    assert options.grpc_address == options.http_address == "127.0.0.1:0"
    assert options.redis_port is None


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_seconds_must_make_sense(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds must be above 0"):
        DemoOptions(seconds=seconds)


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan, 1001.0])
def test_speed_must_make_sense(speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be above 0 and at most 1000"):
        DemoOptions(speed=speed)
