"""`history`, `diff` and `explain` against a real service."""

from __future__ import annotations

import json
from functools import partial

import pytest
import redis
from client.command_line import run, run_at_terminal
from commands import Ended
from conftest import StartService
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, add_trade
from service_calls import get_feedback

pytestmark = [pytest.mark.system, pytest.mark.processes]


def is_advised_upon(service: ServiceProcess, entries: int) -> bool:
    return get_feedback(service).regime_performance.sample_count == entries


@pytest.fixture
def service(redis_client: redis.Redis, start_service: StartService) -> ServiceProcess:
    """One that retains five revisions, and has published more."""
    env = {"STRATEGIC_MEMORY_RETAINED_REVISIONS": "5", "STRATEGIC_MEMORY_RECENT_REVISIONS": "5"}
    running = start_service(env={**env, "STRATEGIC_MEMORY_VALIDITY": "120"})
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    eventually(partial(is_advised_upon, running, 3))
    for number in range(1, 9):
        add_trade(redis_client, "BULL", 0.1 * number, policy="BALANCED")
        # One more revision might be of what came before: then the last one would be yet to come.
        eventually(partial(is_advised_upon, running, 3 + number))
    return running


def asked(service: ServiceProcess, *arguments: str) -> Ended:
    return run(*arguments, "-a", service.grpc_address)


def revisions(ended: Ended) -> list[int]:
    assert (ended.code, ended.err) == (0, "")
    return [json.loads(line)["revision"] for line in ended.out.splitlines()]


def test_history_tells_what_is_retained_and_parts_of_it(service: ServiceProcess) -> None:
    newest = get_feedback(service).revision
    retained = list(range(newest - 4, newest + 1))
    assert revisions(asked(service, "history")) == retained
    assert revisions(asked(service, "history", "--from", str(newest - 2), "--to", str(newest - 1))) == retained[2:4]
    nothing = asked(service, "history", "--from", str(newest + 5))
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.err == "The log holds no revision there: nothing was advised yet, or it was trimmed.\n"
    lines = asked(service, "history").out.splitlines()
    third = json.loads(lines[2])["timestamp"]
    assert revisions(asked(service, "history", "--from", third)) == retained[2:]
    assert revisions(asked(service, "history", "--to", third)) == retained[:3]
    shown = run_at_terminal("history", "-a", service.grpc_address).out.splitlines()
    assert len(shown) == 5
    assert "BULL" in shown[0]
    assert asked(service, "history", "--from", "yesterday").code == 2
    for first, last in (("7", "6"), ("2026-01-05T09:30:00Z", "2026-01-05T10:30:00+02:00")):
        backwards = asked(service, "history", "--from", first, "--to", last)
        assert (backwards.code, "lies before --from" in backwards.err) == (2, True)


def test_diff_tells_what_changed_and_which_revisions_there_are(service: ServiceProcess) -> None:
    newest = get_feedback(service).revision
    told = json.loads(asked(service, "diff", str(newest - 1), str(newest)).out)
    fields = {change["field"]: (change["before"], change["after"]) for change in told["changes"]}
    assert fields["revision"] == (newest - 1, newest)
    assert "reasons[0].sentence" in fields
    assert json.loads(asked(service, "diff", str(newest), str(newest)).out)["changes"] == []
    gone, coming = asked(service, "diff", "1", str(newest)), asked(service, "diff", str(newest), str(newest + 9))
    assert (gone.code, coming.code) == (2, 2)
    assert f"revision 1 is no longer retained: the oldest is {newest - 4}" in " ".join(gone.err.split())
    assert "has not been published yet" in " ".join(coming.err.split())


def test_explain_tells_the_numbers_that_were_compared_and_the_inputs(service: ServiceProcess) -> None:
    told = json.loads(asked(service, "explain").out)
    assert told["feedback"]["reasons"]
    assert {source["source"]: source["accepted"] for source in told["sources"]}["stream:trade.results"] == 8
    shown = run_at_terminal("explain", "-a", service.grpc_address).out
    assert "PREFERRED_REGIME" in shown
    assert "stream:trade.results" in shown
    newest = get_feedback(service).revision
    before = json.loads(asked(service, "explain", str(newest - 3)).out)
    assert before["feedback"]["revision"] == newest - 3
    trades = {source["source"]: source["accepted"] for source in before["sources"]}["stream:trade.results"]
    assert trades < 8, "what came afterwards is no part of it"


def test_explain_tells_that_another_revision_is_in_force(service: ServiceProcess) -> None:
    newest = get_feedback(service).revision
    past = json.loads(asked(service, "explain", str(newest - 1)).out)
    assert (past["feedback"]["revision"], past["in_force"]["revision"]) == (newest - 1, newest)
    assert past["in_force"]["status"] == "ACTIVE"
    assert json.loads(asked(service, "explain").out)["in_force"]["revision"] == newest
    shown = {
        revision: run_at_terminal("explain", str(revision), "-a", service.grpc_address).out
        for revision in (newest - 1, newest)
    }
    assert f"was ACTIVE when it was said; revision {newest} is in force now" in " ".join(shown[newest - 1].split())
    assert "when it was said" not in shown[newest]
