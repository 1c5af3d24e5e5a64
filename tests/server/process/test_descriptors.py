"""File descriptors: the limit is raised, divided so that a reserve is left, and told when it is reached."""

from __future__ import annotations

import asyncio
import errno
import resource

import pytest

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.process.descriptors import (
    ENOUGH,
    EXHAUSTED,
    RESERVE,
    raise_descriptor_limit,
    report_exhaustion,
    shares_of,
)


def test_the_limit_is_raised_to_what_is_permitted() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, before[1]), before[1]))
        raised = raise_descriptor_limit()
        assert raised == min(before[1], ENOUGH)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (raised, before[1])
        assert raise_descriptor_limit() == raised
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_connections_leave_a_reserve() -> None:
    for limit in (512, 1_024, 4_096, ENOUGH):
        shares = shares_of(limit)
        assert shares.http + shares.grpc + RESERVE == limit
        assert shares.http >= limit // 16 or shares.http == 256


async def test_a_connection_that_cannot_be_accepted_is_a_problem_and_no_traceback(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    problems, loop = Problems(), asyncio.get_running_loop()
    report_exhaustion(problems)
    for _ in range(100):
        loop.call_exception_handler(
            {"message": "socket.accept() out of system resource", "exception": OSError(errno.EMFILE, "too many")}
        )
    assert "ulimit -n" in problems.standing[EXHAUSTED]
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert caplog.records == []
    loop.call_exception_handler({"message": "something else"})
    assert [record.getMessage() for record in caplog.records] == ["something else"]
