"""From messages of the wire to the values of a history."""

from __future__ import annotations

import json

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from history.model import Advice, Content, Feedback, HeartbeatMessage, Position, Refusal, Status

from strategic_memory.v1 import feedback_pb2

_NOT_CONTENT = {
    *("revision", "epoch", "status"),
    *("updated_policy", "confidence_boost", "leverage_hint"),
    *("timestamp", "data_as_of", "valid_until"),
}
_NOT_CONTENT_OF_PARTS = {
    "current": {"policy", "confidence_boost", "leverage_hint"},
    "evidence": {"recommended_policy", "confidence_boost", "leverage_hint"},
    "override": {"rules_policy", "rules_leverage_hint", "rules_current_policy", "rules_current_leverage_hint"},
}
_STALE_REASON = "VALIDITY_PASSED"
_KEPT_FEEDBACKS = 20_000


class FeedbackReader:
    """Reads feedbacks; equal ones become one object, so that a thousand subscribers cost one."""

    def __init__(self) -> None:
        self._known: dict[bytes, Feedback] = {}

    def read(self, message: feedback_pb2.Feedback) -> Feedback:
        """Return a feedback."""
        key = message.SerializeToString(deterministic=True)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _KEPT_FEEDBACKS:
                self._known.clear()
            known = self._known[key] = feedback_of(message)
        return known


def feedback_of(message: feedback_pb2.Feedback) -> Feedback:
    """Return a feedback; what a STALE rendering adds to the reasons is left out."""
    return Feedback(
        position=Position(message.epoch, message.revision),
        status=status_of(message.status),
        advice=_advice(message),
        seen=_content(message),
        valid_until_ms=_time_ms(message.valid_until) if message.HasField("valid_until") else None,
    )


def heartbeat_of(beat: feedback_pb2.Heartbeat, at_ms: float, portfolio: str = "") -> HeartbeatMessage:
    """Return a heartbeat about a portfolio that came at a time."""
    return HeartbeatMessage(
        at_ms=at_ms,
        position=Position(beat.epoch, beat.revision),
        status=status_of(beat.status),
        valid_until_ms=_time_ms(beat.valid_until) if beat.HasField("valid_until") else None,
        sent_ms=_time_ms(beat.timestamp) if beat.HasField("timestamp") else None,
        portfolio=portfolio,
    )


def status_of(status: feedback_pb2.FeedbackStatus.ValueType) -> Status:
    """Return a status; one that is not known is UNSPECIFIED."""
    names = {
        value: Status[name.removeprefix("FEEDBACK_STATUS_")] for name, value in feedback_pb2.FeedbackStatus.items()
    }
    return names.get(status, Status.UNSPECIFIED)


def refusal_of(details: bytes) -> Refusal | None:
    """Return the ErrorInfo of a serialised `google.rpc.Status`; None when it has none."""
    info = error_details_pb2.ErrorInfo()
    for detail in status_pb2.Status.FromString(details).details:
        if detail.Unpack(info):
            told = dict(info.metadata)
            oldest, current = _number(told.get("oldest")), _number(told.get("current"))
            return Refusal(info.domain, info.reason, oldest, current, told.get("epoch"))
    return None


def _advice(message: feedback_pb2.Feedback) -> Advice:
    beside = []
    if message.HasField("current"):
        current = message.current
        beside.append(Advice(_policy(current.policy), current.confidence_boost, current.leverage_hint))
    if message.HasField("evidence"):
        evidence = message.evidence
        beside.append(Advice(_policy(evidence.recommended_policy), evidence.confidence_boost, evidence.leverage_hint))
    return Advice(
        _policy(message.updated_policy),
        message.confidence_boost,
        message.leverage_hint,
        beside=tuple(beside),
        rules=_rules(message.override),
    )


def _rules(override: feedback_pb2.Override) -> str:
    told = MessageToDict(override, preserving_proto_field_name=True)
    rules = {name: value for name, value in told.items() if name in _NOT_CONTENT_OF_PARTS["override"]}
    return json.dumps(rules, sort_keys=True) if rules else ""


def _policy(policy: feedback_pb2.Policy.ValueType) -> str:
    return feedback_pb2.Policy.Name(policy)


def _content(message: feedback_pb2.Feedback) -> Content:
    fields = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    if message.status == feedback_pb2.FEEDBACK_STATUS_STALE:
        fields["reasons"] = [reason for reason in fields["reasons"] if reason["code"] != _STALE_REASON]
    for name, withheld in _NOT_CONTENT_OF_PARTS.items():
        if name in fields:
            fields[name] = {each: value for each, value in fields[name].items() if each not in withheld}
    return tuple(
        (name, json.dumps(value, sort_keys=True)) for name, value in sorted(fields.items()) if name not in _NOT_CONTENT
    )


def _time_ms(time: Timestamp) -> float:
    return time.seconds * 1_000 + time.nanos / 1_000_000


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
