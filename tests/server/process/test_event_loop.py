"""The event loop that is chosen, and its name."""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from strategic_memory_server.process import event_loop
from strategic_memory_server.process.event_loop import loop_factory, running_loop_name


def test_uvloop_is_taken_where_it_is_installed_unless_the_other_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loop_factory("auto") == loop_factory("uvloop") == uvloop.new_event_loop
    assert loop_factory("asyncio") is None
    monkeypatch.setattr(event_loop, "has_uvloop", lambda: False)
    assert loop_factory("auto") is None


@pytest.mark.parametrize("choice", ["asyncio", "uvloop"])
def test_the_loop_that_runs_is_named(choice: str) -> None:
    async def name() -> str:
        return running_loop_name()

    with asyncio.Runner(loop_factory=loop_factory(choice)) as runner:
        assert runner.run(name()) == choice
