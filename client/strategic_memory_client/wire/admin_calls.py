"""What operators ask for and are answered, between values and the wire."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from strategic_memory.v1 import admin_pb2, feedback_pb2
from strategic_memory_client.values.admin import AdminState, InterventionPart
from strategic_memory_client.values.policy import Policy
from strategic_memory_client.wire.contract_bounds import require_portfolio
from strategic_memory_client.wire.from_wire import READER, feedback_from_wire
from strategic_memory_client.wire.request_values import age, count, flag, invalid, moment, optional, single, text

End = datetime | timedelta
"""A moment (aware), or a length of time from now on."""


def state_request(portfolio: str) -> admin_pb2.GetStateRequest:
    """Return the request for what operators have said about a portfolio."""
    return admin_pb2.GetStateRequest(portfolio=portfolio)


def override_request(
    policy: Policy | None, leverage: float | None, force: bool, reason: str, end: End, replaces: int | None
) -> admin_pb2.SetOverrideRequest:
    """Return the request. Raises InvalidRequestError for what cannot be sent."""
    request = admin_pb2.SetOverrideRequest(
        policy=_policy(policy),
        leverage=optional(leverage, "leverage"),
        force=single(force, flag, "force"),
        reason=single(reason, text, "reason"),
        replaces=_number(replaces),
    )
    _set_end(request, end)
    return request


def clear_request(part: InterventionPart | None, reason: str, replaces: int | None) -> admin_pb2.ClearOverrideRequest:
    """Return the request; errors as for `override_request`."""
    return admin_pb2.ClearOverrideRequest(
        part=_part(part),
        reason=single(reason, text, "reason"),
        replaces=_number(replaces),
    )


def freeze_request(reason: str, end: End, replaces: int | None) -> admin_pb2.FreezeRequest:
    """Return the request; errors as for `override_request`."""
    request = admin_pb2.FreezeRequest(reason=single(reason, text, "reason"), replaces=_number(replaces))
    _set_end(request, end)
    return request


def state_from_wire(wire: admin_pb2.AdminState, portfolio: str, address: str) -> AdminState:
    """Return what an answer says. Raises UnsupportedOperationError where it is about another portfolio."""
    require_portfolio(wire.portfolio, portfolio, address)
    feedback = replace(feedback_from_wire(wire.feedback), portfolio=wire.portfolio)
    return replace(READER.read(AdminState, wire), feedback=feedback)


def _policy(policy: Policy | None) -> feedback_pb2.Policy.ValueType:
    return feedback_pb2.Policy.Value(f"POLICY_{_name(policy, Policy, 'policy')}")


def _part(part: InterventionPart | None) -> admin_pb2.InterventionPart.ValueType:
    name = _name(part, InterventionPart, "part", ", or None for all of it")
    return admin_pb2.InterventionPart.Value(f"INTERVENTION_PART_{name}")


def _name(given: StrEnum | None, kind: type[StrEnum], path: str, otherwise: str = "") -> str:
    """Return how the wire names a member of an enumeration, after its prefix."""
    try:
        return "UNSPECIFIED" if given is None else kind(given).name
    except ValueError:
        raise invalid(path, f"is {given!r}; give {', '.join(kind)}{otherwise}") from None


def _set_end(request: admin_pb2.SetOverrideRequest | admin_pb2.FreezeRequest, end: End) -> None:
    if isinstance(end, timedelta):
        request.duration.FromTimedelta(single(end, age, "end"))
    else:
        request.until.FromDatetime(single(end, moment, "end"))


def _number(replaces: int | None) -> int:
    return 0 if replaces is None else single(replaces, count, "replaces")
