"""Overrides while servers are upgraded, or go back: one of the previous version lifts them, and that is told."""

from __future__ import annotations

import pytest
import redis
from conftest import StartService
from previous_version import previous_pythonpath, why_not_there
from processes import ServiceProcess, do_without, eventually
from redis_inputs import add_regime
from service_calls import get_json
from system.operators import HOUR, OPEN_ADMIN, RULES, be_bold, operator, until_says

pytestmark = [pytest.mark.system, pytest.mark.processes]


def test_an_override_that_a_server_of_the_previous_version_lifts_is_not_told_as_in_force(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    if why := why_not_there():
        do_without("previous", why)
    be_bold(redis_client)
    first = start_service(env=OPEN_ADMIN)
    until_says(redis_client, *RULES)
    with operator(first) as client:
        assert client.admin.set_override(leverage=0.3, reason="exchange degraded", end=HOUR).is_in_force
    before = start_service(env={**OPEN_ADMIN, "STRATEGIC_MEMORY_ROLE": "serve"})
    first.kill()
    previous = start_service(env={"STRATEGIC_MEMORY_LEASE": "1", "PYTHONPATH": previous_pythonpath()})
    until_says(redis_client, *RULES)
    # One that has heard of the override while it was in force, and one that finds it in the state.
    for server in (before, start_service(env={**OPEN_ADMIN, "STRATEGIC_MEMORY_ROLE": "serve"})):
        _tells_that_it_is_lifted(server)
    previous.kill()
    start_service(env=OPEN_ADMIN)
    add_regime(redis_client, "BULL", 0.4, confidence=0.9)
    until_says(redis_client, RULES[0], 0.3)
    with operator(before) as client:
        assert eventually(lambda: state if (state := client.admin.get_state()).is_in_force else None).pending == ""
    eventually(lambda: not _has_the_problem(before))


def _tells_that_it_is_lifted(server: ServiceProcess) -> None:
    with operator(server) as client:
        eventually(lambda: client.get_feedback().leverage_hint == RULES[1])
        eventually(lambda: not client.admin.get_state().is_in_force)
        assert "a server of an earlier version leads" in client.admin.get_state().pending
    eventually(lambda: _has_the_problem(server))


def _has_the_problem(server: ServiceProcess) -> bool:
    return any(told.startswith("override not in force: ") for told in get_json(server)["problems"])
