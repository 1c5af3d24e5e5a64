"""The clock by which a line or a view ages."""

from __future__ import annotations

from datetime import timedelta

from client.feedback_samples import T0

from strategic_memory_client.cli.forward_clock import ForwardClock


def test_it_goes_on_while_the_time_is_set_back_and_over_what_a_machine_slept() -> None:
    wall, steady = [T0.timestamp()], [100.0]
    clock = ForwardClock(lambda: wall[0], lambda: steady[0])
    told = []
    for wall_s, steady_s in ((0, 0), (5, 5), (-3_600, 3), (2, 2), (600, 0)):
        wall[0] += wall_s
        steady[0] += steady_s
        told.append(round((clock.now() - T0) / timedelta(seconds=1)))
    assert told == [0, 5, 8, 10, 10]
    wall[0] += 7_200
    assert clock.now() > T0 + timedelta(hours=1)
