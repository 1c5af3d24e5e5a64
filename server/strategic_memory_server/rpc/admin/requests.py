"""What an operator asks for, from the wire."""

from __future__ import annotations

import math
from dataclasses import dataclass

from strategic_memory.v1 import admin_pb2
from strategic_memory_server.faults.errors import InvalidRequestError, Violation
from strategic_memory_server.memory.leverage_cap import HIGHEST_LEVERAGE
from strategic_memory_server.memory.override import LONGEST_MS, LONGEST_REASON, SHORTEST_MS
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.rpc.wire.span_from_wire import is_well_formed
from strategic_memory_server.rpc.wire.wire_names import POLICIES

_POLICIES = {on_wire: policy for policy, on_wire in POLICIES.items()}
_NANOS = 1_000_000_000
_NANOS_OF_MS = 1_000_000

_PARTS = {
    admin_pb2.INTERVENTION_PART_UNSPECIFIED: ("override", "freeze"),
    admin_pb2.INTERVENTION_PART_OVERRIDE: ("override",),
    admin_pb2.INTERVENTION_PART_FREEZE: ("freeze",),
}


@dataclass(frozen=True, slots=True)
class AskedOverride:
    """A checked request for an override; `until_ms` in milliseconds since 1970-01-01 UTC."""

    policy: Policy | None
    leverage: float | None
    is_forced: bool
    reason: str
    until_ms: int


def asked_override(request: admin_pb2.SetOverrideRequest, now_ms: int) -> AskedOverride:
    """Read a request at a moment.

    Raises:
        InvalidRequestError: something in it is wrong.
    """
    violations = _of_reason(request.reason)
    policy = _POLICIES.get(request.policy)
    if request.policy not in _POLICIES:
        violations.append(Violation("policy", f"{request.policy} is not known; give a policy, or leave it out"))
    leverage = request.leverage if request.HasField("leverage") else None
    if leverage is not None and not 0.0 <= leverage <= HIGHEST_LEVERAGE:
        violations.append(Violation("leverage", f"is {leverage:g}; give 0 to {HIGHEST_LEVERAGE:g}"))
    if policy is None and leverage is None and not violations:
        violations.append(Violation("policy", "is missing, and so is leverage: give one of them, or both"))
    until_ms = _until_ms(request, now_ms, violations)
    if violations:
        raise InvalidRequestError(*violations)
    return AskedOverride(policy, None if leverage is None else leverage + 0.0, request.force, request.reason, until_ms)


def asked_freeze(request: admin_pb2.FreezeRequest, now_ms: int) -> int:
    """Return when it ends, milliseconds since 1970-01-01 UTC; errors as for `asked_override`."""
    violations = _of_reason(request.reason)
    until_ms = _until_ms(request, now_ms, violations)
    if violations:
        raise InvalidRequestError(*violations)
    return until_ms


def asked_clearing(request: admin_pb2.ClearOverrideRequest) -> tuple[str, ...]:
    """Return what is to be lifted; errors as for `asked_override`."""
    violations = _of_reason(request.reason)
    if request.part not in _PARTS:
        violations.append(Violation("part", f"{request.part} is not known; give one, or leave it out for both"))
    if violations:
        raise InvalidRequestError(*violations)
    return _PARTS[request.part]


def _of_reason(reason: str) -> list[Violation]:
    if not reason.strip():
        return [Violation("reason", "is missing: say why, whoever reads the advice is told")]
    if len(reason) > LONGEST_REASON:
        return [Violation("reason", f"has {len(reason)} characters; give at most {LONGEST_REASON}")]
    if not reason.isprintable():
        return [Violation("reason", "has characters that cannot be printed; give one line of text")]
    return []


def _until_ms(
    request: admin_pb2.SetOverrideRequest | admin_pb2.FreezeRequest, now_ms: int, violations: list[Violation]
) -> int:
    field = request.WhichOneof("end")
    if field is None:
        violations.append(Violation("duration", "is missing: everything has an end, in at most 24 hours"))
        return now_ms
    if field == "duration":
        asked = request.duration
        if not is_well_formed(asked):
            violations.append(Violation(field, "is not a Duration: nanos is 0 to 999999999, with the sign of seconds"))
            return now_ms
        left_ms = asked.seconds * 1_000 + math.trunc(asked.nanos / _NANOS_OF_MS)
    elif not 0 <= request.until.nanos < _NANOS:
        violations.append(Violation(field, "is not a Timestamp: nanos is 0 to 999999999"))
        return now_ms
    else:
        left_ms = request.until.seconds * 1_000 + request.until.nanos // _NANOS_OF_MS - now_ms
    if not SHORTEST_MS <= left_ms <= LONGEST_MS:
        told = "in the past" if left_ms <= 0 else f"in {left_ms / 1000:g} s"
        violations.append(
            Violation(field, f"ends {told}; give an end in {SHORTEST_MS // 1000} s to {LONGEST_MS // 3_600_000} h")
        )
    return now_ms + left_ms
