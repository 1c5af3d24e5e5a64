"""What an operator may ask for, and what each field of a request that is wrong is told."""

from __future__ import annotations

import pytest
from advice import NOW_MS
from each_case import each_case
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from strategic_memory.v1 import admin_pb2, feedback_pb2
from strategic_memory_server.faults.errors import InvalidRequestError
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.rpc.admin.requests import asked_clearing, asked_freeze, asked_override

HOUR = Duration(seconds=3_600)
NOW_S = NOW_MS // 1_000


def request(**given: object) -> admin_pb2.SetOverrideRequest:
    fields = {"policy": feedback_pb2.POLICY_BALANCED, "reason": "why", **given}
    if not {"duration", "until"} & set(given):
        fields["duration"] = HOUR
    return admin_pb2.SetOverrideRequest(**fields)  # type: ignore[arg-type]  # by name


def refused(asked: admin_pb2.SetOverrideRequest) -> list[str]:
    with pytest.raises(InvalidRequestError) as error:
        asked_override(asked, NOW_MS)
    return [f"{violation.field}: {violation.description}" for violation in error.value.violations]


def test_what_is_asked_for() -> None:
    asked = asked_override(request(leverage=0.0, force=True), NOW_MS)
    assert (asked.policy, asked.leverage, asked.is_forced, asked.reason) == (Policy.BALANCED, 0.0, True, "why")
    assert asked.until_ms == NOW_MS + 3_600_000
    alone = asked_override(request(policy=feedback_pb2.POLICY_UNSPECIFIED, leverage=2.0), NOW_MS)
    assert (alone.policy, alone.leverage) == (None, 2.0)


@each_case(
    "given, told",
    [
        ({"policy": 0}, "policy: is missing, and so is leverage"),
        ({"policy": 9}, "policy: 9 is not known"),
        ({"leverage": 2.1}, "leverage: is 2.1; give 0 to 2"),
        ({"leverage": -0.1}, "leverage: is -0.1"),
        ({"leverage": float("nan")}, "leverage: is nan"),
        ({"leverage": float("inf")}, "leverage: is inf"),
        ({"reason": ""}, "reason: is missing"),
        ({"reason": "  "}, "reason: is missing"),
        ({"reason": "x" * 257}, "reason: has 257 characters"),
        ({"reason": "one\ntwo"}, "reason: has characters that cannot be printed"),
        ({"reason": "\x1b[31m"}, "reason: has characters that cannot be printed"),
        ({"duration": Duration(seconds=86_401)}, "duration: ends in 86401 s; give an end in 1 s to 24 h"),
        ({"duration": Duration(nanos=999_000_000)}, "duration: ends in 0.999 s"),
        ({"duration": Duration(seconds=-5)}, "duration: ends in the past"),
        ({"duration": Duration(seconds=5, nanos=-1)}, "duration: is not a Duration"),
        ({"duration": Duration(seconds=315_576_000_000)}, "duration: ends in 3.15576e+11 s"),
        ({"until": Timestamp(seconds=NOW_S - 1)}, "until: ends in the past"),
        ({"until": Timestamp(seconds=NOW_S + 86_401)}, "until: ends in 86401 s"),
        ({"until": Timestamp(seconds=-(2**62))}, "until: ends in the past"),
        ({"until": Timestamp(seconds=NOW_S + 60, nanos=-5)}, "until: is not a Timestamp"),
        ({"until": Timestamp(seconds=NOW_S + 60, nanos=10**9)}, "until: is not a Timestamp"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(given: dict[str, object], told: str) -> None:
    assert any(said.startswith(told) for said in refused(request(**given))), refused(request(**given))


def test_everything_has_an_end_and_all_that_is_wrong_is_told_at_once() -> None:
    asked = admin_pb2.SetOverrideRequest(leverage=3.0)
    assert [said.partition(":")[0] for said in refused(asked)] == ["reason", "leverage", "duration"]


@each_case("seconds", [1, 86_400])
def test_the_bounds_of_an_end_are_within_them(seconds: int) -> None:
    asked = request(duration=Duration(seconds=seconds))
    assert asked_override(asked, NOW_MS).until_ms == NOW_MS + seconds * 1_000
    moment = Timestamp()
    moment.FromSeconds(NOW_S + seconds)
    assert asked_override(request(until=moment), NOW_MS).until_ms == NOW_MS + seconds * 1_000


def test_a_freeze_and_a_clearing_are_held_to_the_same() -> None:
    assert asked_freeze(admin_pb2.FreezeRequest(reason="why", duration=HOUR), NOW_MS) == NOW_MS + 3_600_000
    for wrong in (admin_pb2.FreezeRequest(duration=HOUR), admin_pb2.FreezeRequest(reason="why")):
        with pytest.raises(InvalidRequestError):
            asked_freeze(wrong, NOW_MS)
    assert asked_clearing(admin_pb2.ClearOverrideRequest(reason="why")) == ("override", "freeze")
    freeze = admin_pb2.INTERVENTION_PART_FREEZE
    assert asked_clearing(admin_pb2.ClearOverrideRequest(reason="why", part=freeze)) == ("freeze",)
    for refused_one in (
        admin_pb2.ClearOverrideRequest(),
        admin_pb2.ClearOverrideRequest(reason="why", part=9),  # type: ignore[arg-type]  # of a later version
    ):
        with pytest.raises(InvalidRequestError):
            asked_clearing(refused_one)
