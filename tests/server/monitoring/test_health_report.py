"""The document of GET /health: the contract's part, and what stands beside it for operators."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from advice import NOW_MS, feedback, with_evidence

from strategic_memory_server.advice.feedback import Feedback, RegimePerformance, warming_up
from strategic_memory_server.advice.followed import Followed, FollowedLevel
from strategic_memory_server.advice.hysteresis import LeverageWait, Wait
from strategic_memory_server.entries.rejections import RejectedInput, RejectionLedger
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import SourceReport
from strategic_memory_server.monitoring.health_report import health_report
from strategic_memory_server.revisions.replication import ReplicaRole, Replication
from strategic_memory_server.sync.sync_status import SyncStatus

LEADS = Replication(ReplicaRole.LEADER, "a", "a", 7, 2)
CONTRACT_KEYS = [
    "status",
    "preferred_regime",
    "recommended_policy",
    "confidence_boost",
    "leverage_hint",
    "performance",
    "last_update",
]


def test_the_contracts_part() -> None:
    report = health_report(feedback(7), SyncStatus(), RejectionLedger(), None, 3, LEADS)
    found = report["metrics"]["strategic_memory"]
    assert list(found) == CONTRACT_KEYS
    assert found == {
        "status": "active",
        "preferred_regime": "BULL",
        "recommended_policy": "AGGRESSIVE",
        "confidence_boost": 0.75,
        "leverage_hint": 1.5,
        "performance": {"avg_pnl": 0.3, "win_rate": 0.7, "sample_count": 10},
        "last_update": "2025-12-21T06:00:00.000Z",
    }
    assert report["problems"] == []
    assert report["metrics"]["feedback"]["subscribers"] == 3
    assert report["metrics"]["feedback"]["reasons"] == ["It is e1/7."]


def test_the_advice_for_the_current_regime_and_the_evidence_in_short() -> None:
    said = feedback(7)
    said = replace(said, advice=with_evidence(said.advice))
    report = health_report(said, SyncStatus(), RejectionLedger(), None, 3, LEADS)
    shown = report["metrics"]["feedback"]
    assert shown["rules"] == "EVIDENCE"
    assert shown["current"] == {
        "policy": "BALANCED",
        "confidence": 0.6,
        "leverage": 1.75,
        "bound_by": "evidence:kelly",
        "is_probe": True,
    }
    assert shown["evidence"] == {
        "recommended": "BALANCED",
        "observations": 40,
        "cautions": ["ONE_POLICY_ONLY"],
        "probability_best": {"CONSERVATIVE": 0.0625, "BALANCED": 0.9, "AGGRESSIVE": 0.0375},
    }
    assert list(report["metrics"]["strategic_memory"]) == CONTRACT_KEYS
    json.dumps(report, allow_nan=False)


def test_since_when_added_risk_waits_and_what_has_flapped() -> None:
    nothing = health_report(feedback(7), SyncStatus(), RejectionLedger(), None, 3, LEADS)["metrics"]
    assert (nothing["feedback"]["waiting"], nothing["sync"]["flaps"]) == (None, {})
    waits = FollowedLevel(Policy.BALANCED, 1.0, leverage_waits=LeverageWait(1.5, Wait(NOW_MS, 7)))
    said = replace(feedback(7), advice=replace(feedback(7).advice, followed=Followed(waits, waits)))
    flapped = SyncStatus(flaps={("current", "policy"): 2})
    shown = health_report(said, flapped, RejectionLedger(), None, 3, LEADS)["metrics"]
    since = "2025-12-21T06:00:00.000Z"
    assert shown["feedback"]["waiting"] == {"preferred_leverage": since, "current_leverage": since}
    assert shown["sync"]["flaps"] == {"current_policy": 2}


def test_what_the_shadow_says_beside_what_is_in_force() -> None:
    in_force = feedback(7)
    assert "shadow" not in health_report(in_force, SyncStatus(), RejectionLedger(), None, 3, LEADS)["metrics"]
    advice = replace(in_force.advice, updated_policy=Policy.BALANCED)
    shadow = replace(feedback(2, "s1"), advice=advice)
    shown = health_report(in_force, SyncStatus(), RejectionLedger(), None, 3, LEADS, shadow=shadow)["metrics"]
    assert shown["shadow"] == {
        "differs": True,
        "revision": 2,
        "epoch": "s1",
        "preferred_regime": "BULL",
        "recommended_policy": "BALANCED",
        "leverage_hint": 1.5,
        "current": None,
        "reasons": ["It is e1/7."],
        "last_update": "2025-12-21T06:00:00.000Z",
    }
    same = health_report(in_force, SyncStatus(), RejectionLedger(), None, 3, LEADS, shadow=in_force)["metrics"]
    assert not same["shadow"]["differs"]


def test_what_is_not_known_of_the_current_regime_is_null() -> None:
    report = health_report(feedback(7), SyncStatus(), RejectionLedger(), None, 3, LEADS)
    shown = report["metrics"]["feedback"]
    assert (shown["rules"], shown["current"], shown["evidence"]) == ("REFERENCE", None, None)


@pytest.mark.parametrize(
    ("said", "status", "policy"),
    [
        (warming_up("1.0.0"), "warming_up", "CONSERVATIVE"),
        (feedback(7), "active", "AGGRESSIVE"),
        (feedback(7, valid_until_ms=NOW_MS).at(NOW_MS + 1), "stale", "CONSERVATIVE"),
    ],
)
def test_each_status(said: Feedback, status: str, policy: str) -> None:
    report = health_report(said, SyncStatus(), RejectionLedger(), None, 0, LEADS)
    assert (report["status"], report["metrics"]["strategic_memory"]["recommended_policy"]) == (status, policy)
    assert report["metrics"]["strategic_memory"]["status"] == status


def test_a_win_rate_that_is_not_defined_reads_as_zero() -> None:
    said = feedback(7)
    said = replace(said, advice=replace(said.advice, regime_performance=RegimePerformance(0.1, 4, 0, 0)))
    report = health_report(said, SyncStatus(), RejectionLedger(), None, 0, LEADS)
    assert report["metrics"]["strategic_memory"]["performance"]["win_rate"] == 0.0


def test_problems_name_what_is_wrong() -> None:
    sync = SyncStatus(failure="ConnectionError: away", failures=3)
    standby = Replication(ReplicaRole.STANDBY, "a", failure="WRONGTYPE lease")
    report = health_report(warming_up("1.0.0"), sync, RejectionLedger(), "TimeoutError", 0, standby, "disk full")
    assert report["problems"] == [
        "sync: ConnectionError: away",
        "feedback log: TimeoutError",
        "leadership: WRONGTYPE lease",
        "log of the service: disk full",
    ]
    assert report["metrics"]["sync"]["failures"] == 3


def test_a_leader_that_confirms_nothing_is_a_problem_of_those_who_stand_by() -> None:
    said = feedback(7, valid_until_ms=NOW_MS)
    for now_ms, replication, problems in (
        (NOW_MS + 1, Replication(ReplicaRole.STANDBY, "a", "b"), 1),
        (NOW_MS, Replication(ReplicaRole.STANDBY, "a", "b"), 0),
        (NOW_MS + 1, Replication(ReplicaRole.SERVE, "a"), 0),
        (NOW_MS + 1, LEADS, 0),
    ):
        report = health_report(said.at(now_ms), SyncStatus(), RejectionLedger(), None, 0, replication)
        assert len(report["problems"]) == problems
        assert all(problem.startswith("leadership: b holds the lease") for problem in report["problems"])
    for leader in ("", "a"):
        alone = Replication(ReplicaRole.STANDBY, "a", leader)
        (told,) = health_report(said.at(NOW_MS + 1), SyncStatus(), RejectionLedger(), None, 0, alone)["problems"]
        assert told.startswith("leadership: no server is known to hold the lease")


def test_replication_is_told_and_a_leader_that_is_not_known_is_null() -> None:
    told = [
        health_report(warming_up("1.0.0"), SyncStatus(), RejectionLedger(), None, 0, replication)["metrics"][
            "replication"
        ]
        for replication in (LEADS, Replication(ReplicaRole.SERVE, "b"))
    ]
    assert told == [
        {"role": "leader", "server": "a", "leader": "a", "fencing_token": 7},
        {"role": "serve", "server": "b", "leader": None, "fencing_token": None},
    ]


def test_inputs_are_told_source_by_source_with_the_totals() -> None:
    ledger = RejectionLedger()
    ledger.record([RejectedInput("stream:meta.regime", "pnl_missing", "", f"{number}-0") for number in range(3)])
    observed = SourceReport(
        "stream:meta.regime", 5, {"pnl_missing": 1}, {"regime_inferred": 2}, {"pnl_missing": "a lot"}
    )
    reports = (observed, SourceReport("x"))
    report = health_report(warming_up("1.0.0"), SyncStatus(sources=reports), ledger, None, 0, LEADS)
    assert report["metrics"]["inputs"] == {
        "stream:meta.regime": {
            "accepted": 5,
            "rejected": {"pnl_missing": 1},
            "noted": {"regime_inferred": 2},
            "examples": {"pnl_missing": "a lot"},
            "rejected_total": {"pnl_missing": 3},
        },
        "x": {"accepted": 0, "rejected": {}, "noted": {}, "examples": {}, "rejected_total": {}},
    }
    json.dumps(report, allow_nan=False)


def test_problems_that_parts_have_stated() -> None:
    standing = {"cap_lifted": "the cap was deleted"}
    report = health_report(feedback(7), SyncStatus(), RejectionLedger(), None, 0, LEADS, standing=standing)
    assert report["problems"] == ["cap lifted: the cap was deleted"]
