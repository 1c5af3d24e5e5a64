"""For how long a message may have waited unread: none while the program runs, and as long as it stood still."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import redis
from conftest import StartService
from languages.program import Library
from languages.unread import VALIDITY_S, newest_after_a_freeze
from redis_inputs import add_regime, add_trade

from strategic_memory_client.streams.arrivals import Arrivals, Moment


def at(now_s: float, *, slept_s: float = 0.0) -> Moment:
    """Return a time by two clocks that began at different times; one has stood still while the machine slept."""
    return Moment(now_s - slept_s, now_s + 1e9)


def looked(*times_s: float) -> Arrivals:
    arrivals = Arrivals()
    for now_s in times_s:
        arrivals.look(at(now_s))
    return arrivals


def test_what_is_read_while_the_program_runs_has_not_waited() -> None:
    assert Arrivals().waited_s(at(7.0)) == pytest.approx(0.0, abs=1e-6)
    assert looked(0.0).waited_s(at(0.9)) == pytest.approx(0.0, abs=1e-6)
    assert looked(0.0, 0.5, 1.0, 1.9).waited_s(at(2.0)) == pytest.approx(0.0, abs=1e-6)


def test_what_is_read_soon_after_it_stood_still_may_have_waited_as_long() -> None:
    # Before the first look after it, and after several.
    assert looked(0.0, 0.5).waited_s(at(5.0)) == pytest.approx(4.5)
    assert looked(0.0, 0.5, 5.0).waited_s(at(5.0)) == pytest.approx(4.5)
    assert looked(0.0, 0.5, 5.0, 5.5).waited_s(at(5.9)) == pytest.approx(5.4)
    assert looked(0.0, 0.5, 5.0, 5.5, 6.0).waited_s(at(6.1)) == pytest.approx(0.0, abs=1e-6)


def test_what_stands_still_again_before_all_is_read_has_stood_still_all_the_while() -> None:
    # A machine that gives a program little time: it comes to a look, and no further.
    assert looked(0.0, 0.5, 5.0, 8.0).waited_s(at(8.0)) == pytest.approx(7.5)
    assert looked(0.0, 0.5, 5.0, 5.5).waited_s(at(8.0)) == pytest.approx(7.5)
    assert looked(0.0, 0.5, 5.0, 8.0, 10.0, 10.5).waited_s(at(11.0)) == pytest.approx(10.5)
    assert looked(0.0, 0.5, 5.0, 5.5, 6.0, 6.5, 9.0).waited_s(at(9.0)) == pytest.approx(2.5)


def test_a_program_that_stands_still_again_and_again_is_not_ever_further_behind() -> None:
    # An event loop that runs for 0.3 s and computes for 1.2 s; a message waits for it each time.
    arrivals = Arrivals()
    for goes_on_s in (1.5 * place for place in range(100)):
        assert arrivals.waited_s(at(goes_on_s)) < 1.6
        arrivals.wait()
        now_s = goes_on_s
        while now_s < goes_on_s + 0.3:
            now_s += arrivals.look(at(now_s))
    # One that comes to a look, and no further.
    assert looked(*(1.2 * place for place in range(100))).waited_s(at(1.2 * 99)) == pytest.approx(4 * 1.2)


def test_who_deals_with_a_message_waits_for_none() -> None:
    arrivals = looked(*(1.2 * place for place in range(10)))
    assert arrivals.waited_s(at(1.2 * 9)) == pytest.approx(4 * 1.2)
    for place in range(10, 20):
        arrivals.look(at(1.2 * place))
    assert arrivals.waited_s(at(1.2 * 19)) == pytest.approx(13 * 1.2)
    arrivals.wait()
    for place in range(20, 30):
        arrivals.look(at(1.2 * place))
    assert arrivals.waited_s(at(1.2 * 29)) == pytest.approx(4 * 1.2)


def test_what_is_read_soon_after_something_else_was_done_may_have_waited_as_long() -> None:
    arrivals = looked(0.0, 0.5, 1.0, 1.5, 2.0)
    arrivals.away(at(0.6), at(2.1))
    assert arrivals.waited_s(at(2.4)) == pytest.approx(1.8)
    arrivals.look(at(2.5))
    arrivals.away(at(2.4), at(2.5))
    arrivals.look(at(3.0))
    assert arrivals.waited_s(at(3.2)) == pytest.approx(0.0, abs=1e-6)


def test_what_is_read_after_the_machine_slept_may_have_waited_as_long() -> None:
    arrivals = looked(0.0, 0.5)
    assert arrivals.waited_s(at(60.0, slept_s=59.4)) == pytest.approx(59.5)  # before the first look after it
    arrivals.look(at(60.0, slept_s=59.4))
    assert arrivals.waited_s(at(60.9, slept_s=59.4)) == pytest.approx(60.4)
    arrivals.look(at(60.5, slept_s=59.4))
    arrivals.look(at(61.0, slept_s=59.4))
    assert arrivals.waited_s(at(61.1, slept_s=59.4)) == pytest.approx(0.0, abs=1e-6)


def test_a_wall_clock_that_is_set_back_shortens_no_waiting() -> None:
    arrivals = Arrivals()
    arrivals.look(Moment(0.0, 5000.0))
    assert arrivals.waited_s(Moment(20.0, 1400.0)) == 20.0


PROGRAMS = {
    "blocking": """
import json, sys, time
from strategic_memory_client import ClientOptions, StrategicMemoryClient
asked = json.loads(sys.argv[1])
options = ClientOptions(heartbeat_interval_s=asked["heartbeatMs"] / 1000)
with StrategicMemoryClient(asked["addresses"], options=options) as client:
    client.follow()
    while True:
        print(json.dumps({"event": "newest", "feedback": {"status": client.newest.status}}), flush=True)
        time.sleep(asked["newestEveryMs"] / 1000)
""",
    "asynchronous": """
import asyncio, json, sys
from strategic_memory_client import AsyncStrategicMemoryClient, ClientOptions
asked = json.loads(sys.argv[1])
options = ClientOptions(heartbeat_interval_s=asked["heartbeatMs"] / 1000)
async def main():
    async with AsyncStrategicMemoryClient(asked["addresses"], options=options) as client:
        client.follow()
        while True:
            print(json.dumps({"event": "newest", "feedback": {"status": client.newest.status}}), flush=True)
            await asyncio.sleep(asked["newestEveryMs"] / 1000)
asyncio.run(main())
""",
}


@pytest.mark.processes
@pytest.mark.parametrize("kind", sorted(PROGRAMS))
def test_a_frozen_program_acts_upon_nothing_that_waited(
    kind: str, start_service: StartService, redis_client: redis.Redis, tmp_path: Path
) -> None:
    for _ in range(4):
        add_regime(redis_client, "BULL", 0.4)
        add_trade(redis_client, "BULL", 0.3)
    service = start_service(env={"STRATEGIC_MEMORY_VALIDITY": f"{VALIDITY_S:g}"})
    (tmp_path / "program.py").write_text(PROGRAMS[kind])
    library = Library(kind, (sys.executable, str(tmp_path / "program.py")))
    assert set(newest_after_a_freeze(library, service)) == {"STALE"}
