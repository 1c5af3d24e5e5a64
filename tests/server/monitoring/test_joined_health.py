"""The health of several processes as that of one."""

from __future__ import annotations

from typing import Any

import pytest

from strategic_memory_server.monitoring.joined_health import WorkerSeen, joined_health


def said(role: str = "standby", status: str = "active", problems: tuple[str, ...] = (), **own: int) -> dict[str, Any]:
    feedback = {"revision": 7, "epoch": "e", "subscribers": 20, **own}
    metrics = {"feedback": feedback, "replication": {"role": role}, "strategic_memory": {"status": status}}
    return {"status": status, "problems": list(problems), "metrics": metrics}


def seen(number: int, health: dict[str, Any] | None, away: str | None = None, restarts: int = 0) -> WorkerSeen:
    return WorkerSeen(number, 100 + number, restarts, away, health)


def test_the_one_that_leads_tells_and_the_streams_of_all_are_counted() -> None:
    health = joined_health([seen(0, said(revision=6)), seen(1, said("leader", subscribers=22))])
    assert health["metrics"]["replication"] == {"role": "leader"}
    assert health["metrics"]["feedback"] == {"revision": 7, "epoch": "e", "subscribers": 42}
    assert health["problems"] == []
    assert [(each["worker"], each["pid"], each["role"], each["revision"]) for each in health["metrics"]["workers"]] == [
        (0, 100, "standby", 6),
        (1, 101, "leader", 7),
    ]


def test_without_a_leader_here_the_first_that_answers_tells() -> None:
    health = joined_health([seen(0, None, "is starting"), seen(1, said(revision=3)), seen(2, said(revision=2))])
    assert health["metrics"]["feedback"]["revision"] == 3


def test_one_that_has_only_just_begun_does_not_tell_for_the_others() -> None:
    """It may say a leverage of 1.0 over a lower cap, which it has not read yet."""
    health = joined_health([seen(0, said(status="warming_up", revision=0)), seen(1, said(status="stale"))])
    assert (health["status"], health["metrics"]["feedback"]["revision"]) == ("stale", 7)
    assert health["problems"] == ["worker 0: its feedback is warming_up, that of the others stale"]
    assert joined_health([seen(0, said(status="warming_up")), seen(1, said(status="warming_up"))])["problems"] == []


def test_a_worker_that_is_away_is_named_with_the_reason() -> None:
    health = joined_health([seen(0, said("leader")), seen(1, None, "was killed by signal 9", restarts=4)])
    assert health["problems"] == ["worker 1: was killed by signal 9"]
    assert health["status"] == "active"
    shown = health["metrics"]["workers"][1]
    assert (shown["answers"], shown["restarts"], shown["revision"]) == (False, 4, None)


def test_a_problem_of_all_stands_once_and_that_of_one_names_it() -> None:
    one, leader = said(problems=("log: lost", "sync: Redis is away")), said("leader", problems=("sync: Redis is away",))
    health = joined_health([seen(0, one), seen(1, leader)])
    assert health["problems"] == ["sync: Redis is away", "worker 0: log: lost"]


def test_a_worker_that_serves_another_status_is_named() -> None:
    health = joined_health([seen(0, said(status="stale")), seen(1, said("leader"))])
    assert health["status"] == "active"
    assert health["problems"] == ["worker 0: its feedback is stale, that of the others active"]


def test_when_none_answers_there_is_nothing_to_say() -> None:
    with pytest.raises(ValueError, match="no worker answers"):
        joined_health([seen(0, None, "is starting")])
