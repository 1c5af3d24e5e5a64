"""The hand of an operator on real services: what is set acts, ends, and survives whoever goes away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from conftest import StartService
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_json
from system.access_lines import token_for
from system.operators import HOUR, KEYS, OPEN_ADMIN, RULES, be_bold, operator, public_key, says, until_says

from strategic_memory_client import (
    AccessDeniedError,
    FeedbackStatus,
    InterventionPart,
    InterventionRefusedError,
    InvalidRequestError,
    Policy,
    StrategicMemoryClient,
)

pytestmark = [pytest.mark.system, pytest.mark.processes]

CAPS = "quantum:risk:leverage_limits"
TRIES = 5


@pytest.fixture
def service(start_service: StartService, redis_client: redis.Redis) -> ServiceProcess:
    """A service that is bold, and open to operators; it syncs by itself only every minute."""
    be_bold(redis_client)
    started = start_service(sync_interval_s=300, env=OPEN_ADMIN)
    until_says(redis_client, *RULES)
    return started


def test_an_override_reaches_every_reader_and_only_ever_lowers(
    service: ServiceProcess, redis_client: redis.Redis
) -> None:
    with operator(service) as client:
        client.follow()
        state = client.admin.set_override(policy=Policy.BALANCED, leverage=0.5, reason="exchange degraded", end=HOUR)
        assert (state.number, state.is_in_force, state.pending) == (1, True, "")
        told = eventually(lambda: client.newest if client.newest.is_overridden else None)
        for feedback in (told, client.get_feedback(), state.feedback):
            assert (feedback.updated_policy, feedback.leverage_hint) == (Policy.BALANCED, 0.5)
            assert feedback.current is not None
            assert (feedback.current.policy, feedback.current.leverage_hint) == (Policy.BALANCED, 0.5)
            assert feedback.evidence is not None
            assert feedback.evidence.leverage_hint == 0.5
            assert feedback.reasons[0].code == "OVERRIDE"
            assert "exchange degraded" in feedback.reasons[0].sentence
            assert feedback.override is not None
            assert (feedback.override.rules_policy, feedback.override.rules_leverage_hint) == RULES
            assert feedback.override.set_by.startswith("anonymous (ipv4:127.0.0.1")
            assert feedback.as_stale().leverage_hint == 0.5
        assert says(redis_client) == ("BALANCED", 0.5)
        assert public_key(redis_client)["override"]["reason"] == "exchange degraded"
        health = get_json(service)
        assert health["metrics"]["feedback"]["override"]["policy"] == "BALANCED"
        assert any("exchange degraded" in problem for problem in health["problems"])
        # What the rules say falls below it, and is followed.
        for _ in range(12):
            add_regime(redis_client, "BULL", -2.0)
        until_says(redis_client, "CONSERVATIVE", 0.5)
        assert client.admin.clear_override(reason="back", replaces=1).feedback.override is None
    called = [line for line in service.log_lines() if line["event"] == "Operator call"]
    assert [(line["method"], line["outcome"]) for line in called] == [
        ("SetOverride", "done"),
        ("ClearOverride", "done"),
    ]
    assert "exchange degraded" in called[0]["asked"]


def test_risk_is_raised_by_force_alone_and_never_above_a_cap_or_in_safe_values(
    service: ServiceProcess, redis_client: redis.Redis
) -> None:
    with operator(service) as client:
        with pytest.raises(InterventionRefusedError, match=r"leverage 1\.9 is above what the rules say") as refused:
            client.admin.set_override(leverage=1.9, reason="more", end=HOUR)
        assert refused.value.reason == "RAISES_RISK"
        forced = client.admin.set_override(leverage=1.9, reason="more", end=HOUR, force=True).feedback
        assert (forced.leverage_hint, forced.leverage_bound_by) == (1.9, None)
        assert forced.override is not None
        assert forced.override.is_forced
        assert forced.as_stale().leverage_hint == 1.0
        redis_client.set(CAPS, '{"max_leverage_hint": 1.25}')
        until_says(redis_client, "AGGRESSIVE", 1.25)
        # The key holds it a moment before the service has the answer to its write, and says it.
        capped = eventually(lambda: said if (said := client.get_feedback()).leverage_hint == 1.25 else None)
        assert capped.leverage_bound_by == "risk:leverage_limits"
        with pytest.raises(InvalidRequestError, match=r"leverage: is 2.1; give 0 to 2"):
            client.admin.set_override(leverage=2.1, reason="more", end=HOUR, force=True, replaces=1)


def test_an_override_ends_by_itself_also_where_nobody_leads(
    service: ServiceProcess, start_service: StartService, redis_client: redis.Redis
) -> None:
    standby = start_service(sync_interval_s=300, env={**OPEN_ADMIN, "STRATEGIC_MEMORY_ROLE": "serve"})
    with operator(standby) as client:
        state = client.admin.set_override(leverage=1.9, force=True, reason="short", end=timedelta(seconds=10))
        assert state.is_in_force
        feedback, override = state.feedback, state.override
        assert override is not None
        assert feedback.valid_until == override.until
        service.kill()
        assert client.get_feedback().leverage_hint == 1.9
        # Whoever reads the key alone is told, by a server that does not lead.
        until_says(redis_client, "CONSERVATIVE", 1.0)
        stale = eventually(lambda: said if (said := client.get_feedback()).status is FeedbackStatus.STALE else None)
        assert stale.leverage_hint == 1.0
        start_service(sync_interval_s=300, env=OPEN_ADMIN)
        until_says(redis_client, *RULES)
        assert not eventually(
            lambda: said if (said := client.get_feedback()).status == "ACTIVE" else None
        ).is_overridden


def test_an_operator_is_heard_though_redis_has_lost_all_that_was_said_before(
    service: ServiceProcess, redis_client: redis.Redis
) -> None:
    with operator(service) as client:
        client.admin.set_override(leverage=0.5, reason="exchange degraded", end=HOUR)
        assert client.admin.clear_override(reason="back", replaces=1).number == 2
        redis_client.flushall()
        be_bold(redis_client)
        state = client.admin.set_override(leverage=0.2, reason="Redis came back empty", end=HOUR)
        assert (state.number, state.is_in_force, state.feedback.leverage_hint) == (3, True, 0.2)
        until_says(redis_client, RULES[0], 0.2)


def test_at_its_end_the_advice_goes_on_without_it_and_without_a_gap(
    service: ServiceProcess, redis_client: redis.Redis
) -> None:
    with operator(service) as client:
        client.follow()
        client.wait_for_newest()
        # It is lifted a quarter of a second early. A gap that the service leaves is there each time, and one that comes
        # of what else the machine has to do just then is not, so one good time is enough.
        assert any(statuses_to_the_end(client) == {FeedbackStatus.ACTIVE} for _ in range(TRIES))
        assert says(redis_client) == RULES


def statuses_to_the_end(client: StrategicMemoryClient) -> set[FeedbackStatus]:
    """Set an override that soon ends; what a client that follows finds from when it is in force to when it is over."""
    client.admin.set_override(leverage=0.5, reason="short", end=timedelta(seconds=5))
    eventually(lambda: client.newest.is_overridden)
    statuses = set()

    def is_over() -> bool:
        newest = client.newest
        statuses.add(newest.status)
        return not newest.is_overridden

    eventually(is_over)
    return statuses


def test_it_survives_restarts_changes_of_the_leader_and_the_loss_of_its_key(
    service: ServiceProcess, start_service: StartService, redis_client: redis.Redis
) -> None:
    with operator(service) as client:
        client.admin.set_override(policy=Policy.CONSERVATIVE, leverage=0.25, reason="until cleared", end=HOUR)
    redis_client.delete(KEYS.interventions)
    eventually(lambda: any("has lost entry 1" in problem for problem in get_json(service)["problems"]))
    assert says(redis_client) == ("CONSERVATIVE", 0.25)
    other = start_service(sync_interval_s=300, env=OPEN_ADMIN)
    service.kill()
    eventually(lambda: get_json(other)["metrics"]["replication"]["role"] == "leader")
    add_regime(redis_client, "RANGE", 0.01)
    eventually(lambda: public_key(redis_client).get("current_regime") == "RANGE")
    assert says(redis_client) == ("CONSERVATIVE", 0.25)
    other.terminate()
    other.wait()
    redis_client.set(KEYS.interventions, "in the way")
    third = start_service(sync_interval_s=300, env=OPEN_ADMIN)
    add_regime(redis_client, "BULL", 0.4, confidence=0.9)
    eventually(lambda: public_key(redis_client).get("current_regime") == "BULL")
    assert says(redis_client) == ("CONSERVATIVE", 0.25)
    assert any("cannot be read" in problem for problem in get_json(third)["problems"])
    redis_client.delete(KEYS.interventions)
    with operator(third) as client:
        assert client.admin.clear_override(reason="enough", replaces=1).number == 2
        assert not client.get_feedback().is_overridden


def test_it_binds_the_safe_values_of_a_service_that_has_nothing_to_say(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    service = start_service(sync_interval_s=300, env=OPEN_ADMIN)
    with operator(service) as client:
        state = client.admin.set_override(leverage=0.25, reason="not yet", end=timedelta(seconds=3))
        feedback = state.feedback
        assert (state.is_in_force, feedback.status, feedback.leverage_hint) == (True, "WARMING_UP", 0.25)
        assert feedback.override is not None
        with pytest.raises(InterventionRefusedError, match="WARMING_UP") as refused:
            client.admin.freeze(reason="nothing", end=HOUR, replaces=1)
        assert refused.value.reason == "NOTHING_TO_FREEZE"
        assert eventually(lambda: client.get_feedback().leverage_hint == 1.0)


def test_two_operators_do_not_overwrite_each_other_unseen(service: ServiceProcess) -> None:
    with operator(service) as client, ThreadPoolExecutor(8) as threads:

        def set_to(leverage: float) -> int:
            return client.admin.set_override(leverage=leverage, reason=f"to {leverage}", end=HOUR).number

        attempts = [threads.submit(set_to, 0.1 * each) for each in range(1, 9)]
        refused = [error for each in attempts if (error := each.exception()) is not None]
        assert len(refused) == 7
        assert [str(error) for error in refused if getattr(error, "number", None) != 1] == []
        state = client.admin.get_state()
        assert state.number == 1
        with pytest.raises(InterventionRefusedError, match="to replace it name its number, 1"):
            client.admin.clear_override(reason="unseen")
        assert client.admin.clear_override(reason="seen", replaces=1).number == 2
        # Whoever wants to be sure is told so by the server that leads, and what they said before comes too late.
        again = client.admin.clear_override(reason="to be sure")
        assert (again.number, again.is_in_force, again.override) == (3, True, None)


def test_what_is_held_stays_whatever_the_inputs_say(service: ServiceProcess, redis_client: redis.Redis) -> None:
    with operator(service) as client:
        held = client.admin.freeze(reason="producer replaced", end=timedelta(seconds=15))
        assert held.is_in_force
        assert held.freeze is not None
        assert held.freeze.revision == held.feedback.revision - 1
        for _ in range(20):
            add_regime(redis_client, "BEAR", -2.0)
        redis_client.set(CAPS, '{"max_leverage_hint": 1.5}')
        until_says(redis_client, "AGGRESSIVE", 1.5)
        feedback = eventually(lambda: said if (said := client.get_feedback()).leverage_hint == 1.5 else None)
        assert (feedback.current_regime, feedback.reasons[0].code) == ("BULL", "FREEZE")
        lower = client.admin.set_override(policy=Policy.BALANCED, reason="less", end=HOUR, replaces=1)
        assert (lower.feedback.updated_policy, lower.feedback.freeze) == (Policy.BALANCED, held.freeze)
        assert client.admin.clear_override(part=InterventionPart.OVERRIDE, reason="x", replaces=2).freeze is not None
        eventually(lambda: public_key(redis_client).get("current_regime") == "BEAR")
        said = eventually(lambda: told if (told := client.get_feedback()).current_regime == "BEAR" else None)
        assert not said.is_overridden


def test_whoever_lacks_the_scope_is_refused_and_its_name_is_written_down(
    start_service: StartService, redis_client: redis.Redis, tmp_path: Path
) -> None:
    be_bold(redis_client)
    access = tmp_path / "access"
    reader, desk = token_for("reader", access, "read,analyze"), token_for("desk", access, "admin")
    service = start_service(sync_interval_s=300, env={"STRATEGIC_MEMORY_ACCESS_FILE": str(access)})
    until_says(redis_client, *RULES)
    for token in (None, reader):
        with operator(service, token=token) as client, pytest.raises(AccessDeniedError):
            client.admin.set_override(leverage=0.1, reason="mine", end=HOUR)
    with operator(service, token=desk) as client:
        state = client.admin.set_override(leverage=0.1, reason="desk says so", end=HOUR)
        assert state.override is not None
        assert state.override.set_by == "desk"
    assert says(redis_client) == ("AGGRESSIVE", 0.1)
    called = [(line["by"], line["outcome"]) for line in service.log_lines() if line["event"] == "Operator call"]
    assert [by for by, _ in called] == ["reader", "desk"]
    assert "takes the scope admin" in called[0][1]
    assert reader not in service.output()
    assert desk not in service.output()


def test_nobody_may_where_nobody_is_asked_who_they_are(start_service: StartService) -> None:
    service = start_service(sync_interval_s=300)
    with operator(service) as client, pytest.raises(AccessDeniedError, match="STRATEGIC_MEMORY_PUBLIC=admin"):
        client.admin.get_state()
