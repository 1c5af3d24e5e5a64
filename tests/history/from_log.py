"""From an entry of the feedback log in Redis to the values of a history.

Written from `docs/redis.md` and not with the service's own reader, which would read back its own mistakes. A field that
is new in the log has to be added here; until then UNIQUE names it as the difference between the log and the wire.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from history.from_wire import feedback_of
from history.model import Feedback

from strategic_memory.v1 import feedback_pb2


class UnreadableEntryError(ValueError):
    """An entry of the log is not the service's own; the text says what is wrong."""


def feedback_of_entry(entry_id: bytes, fields: Mapping[bytes, bytes]) -> Feedback:
    """Return the feedback of a log entry.

    Raises:
        UnreadableEntryError: it is not one, or it contradicts its id or its own fields.
    """
    try:
        document = json.loads(fields[b"feedback"])
        message = _message(document)
        told = (entry_id.decode(), fields[b"revision"].decode(), fields[b"epoch"].decode())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableEntryError(f"{entry_id!r} is not a feedback: {error!r}") from error
    if told != (f"{message.revision}-0", str(message.revision), message.epoch):
        raise UnreadableEntryError(
            f"{entry_id!r} contradicts itself: {told} around revision {message.revision} of epoch {message.epoch!r}"
        )
    return feedback_of(message)


def _message(document: dict[str, Any]) -> feedback_pb2.Feedback:
    message = feedback_pb2.Feedback(
        revision=document["revision"],
        epoch=document["epoch"],
        status=feedback_pb2.FeedbackStatus.Value(f"FEEDBACK_STATUS_{document['status']}"),
        preferred_regime=document["preferred_regime"],
        updated_policy=_policy(document["updated_policy"]),
        confidence_boost=document["confidence_boost"],
        leverage_hint=document["leverage_hint"],
        regime_performance=_performance(document["regime_performance"], document["regime_decided"]),
        current_regime=document["current_regime"],
        version=document["version"],
        reasons=[_reason(reason) for reason in document["reasons"]],
        best_policy=_policy(document["best_policy"]),
        rules=feedback_pb2.Rules.Value(f"RULES_{document['rules']}"),
        leverage_bound_by=document["leverage_bound_by"] or "",
        current=_part(feedback_pb2.RegimeAdvice, document["current"]),
        evidence=_evidence(document["evidence"]),
        leverage_caps=[_cap(cap) for cap in document.get("leverage_caps", ())],
        override=_override(document.get("override")),
        freeze=_freeze(document.get("freeze")),
        guard=_guard(document.get("guard")),
    )
    if document["valid_until"] is not None:
        message.valid_until.FromDatetime(datetime.fromisoformat(document["valid_until"]))
    return message


def _policy(name: str | None) -> feedback_pb2.Policy.ValueType:
    return feedback_pb2.Policy.Value(f"POLICY_{name or 'UNSPECIFIED'}")


def _cap(document: dict[str, Any]) -> feedback_pb2.LeverageCap:
    cap = feedback_pb2.LeverageCap(source=document["source"], value=document["value"])
    if document["since"] is not None:
        cap.since.FromDatetime(datetime.fromisoformat(document["since"]))
    return cap


def _override(document: dict[str, Any] | None) -> feedback_pb2.Override | None:
    if document is None:
        return None
    without, without_now = ((document["without"] or {}).get(part) or {} for part in ("preferred", "current"))
    override = feedback_pb2.Override(
        policy=_policy(document["policy"]),
        leverage=document["leverage"],
        is_forced=document["is_forced"],
        reason=document["reason"],
        set_by=document["set_by"],
        rules_policy=_policy(without.get("policy")),
        rules_leverage_hint=without.get("leverage_hint"),
        rules_current_policy=_policy(without_now.get("policy")),
        rules_current_leverage_hint=without_now.get("leverage_hint"),
    )
    override.set_at.FromDatetime(datetime.fromisoformat(document["set_at"]))
    override.until.FromDatetime(datetime.fromisoformat(document["until"]))
    return override


def _guard(document: dict[str, Any] | None) -> feedback_pb2.DrawdownGuard | None:
    if document is None:
        return None
    guard = feedback_pb2.DrawdownGuard(**{name: value for name, value in document.items() if name != "since"})
    if document["since"] is not None:
        guard.since.FromDatetime(datetime.fromisoformat(document["since"]))
    return guard


def _freeze(document: dict[str, Any] | None) -> feedback_pb2.Freeze | None:
    if document is None:
        return None
    freeze = feedback_pb2.Freeze(
        revision=document["revision"], epoch=document["epoch"], reason=document["reason"], set_by=document["set_by"]
    )
    freeze.set_at.FromDatetime(datetime.fromisoformat(document["set_at"]))
    freeze.until.FromDatetime(datetime.fromisoformat(document["until"]))
    return freeze


def _evidence(document: dict[str, Any] | None) -> feedback_pb2.Evidence | None:
    if document is None:
        return None
    policies = [_part(feedback_pb2.PolicyEvidence, each) for each in document["policies"]]
    return _part(feedback_pb2.Evidence, document | {"policies": policies})


_Part = TypeVar("_Part", feedback_pb2.RegimeAdvice, feedback_pb2.Evidence, feedback_pb2.PolicyEvidence)


def _part(kind: type[_Part], document: dict[str, Any] | None) -> _Part | None:
    """Return a message whose fields have the names of the document; null is absent."""
    if document is None:
        return None
    named: dict[str, Any] = {
        name: _policy(value) if name in ("policy", "recommended_policy") else value for name, value in document.items()
    }
    message: _Part = kind(**named)
    return message


def _performance(
    performance: dict[str, Any] | None, decided: dict[str, Any] | None
) -> feedback_pb2.RegimePerformance | None:
    if performance is None or decided is None:
        return None
    wins, losses = decided["wins"], decided["losses"]
    return feedback_pb2.RegimePerformance(
        avg_pnl=performance["avg_pnl"],
        # The log writes 0 where nothing was won or lost.
        win_rate=performance["win_rate"] if wins + losses else None,
        sample_count=performance["sample_count"],
        wins=wins,
        losses=losses,
    )


def _reason(reason: dict[str, Any]) -> feedback_pb2.Reason:
    return feedback_pb2.Reason(
        code=reason["code"],
        sentence=reason["sentence"],
        comparisons=[feedback_pb2.Comparison(**comparison) for comparison in reason["comparisons"]],
    )
