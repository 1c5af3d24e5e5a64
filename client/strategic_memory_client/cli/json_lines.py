"""Values of the library as JSON: field names as on the wire, enums without prefix, times in ISO 8601, absent null."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime

from strategic_memory_client.values.events import (
    Disconnected,
    EpochChanged,
    FeedbackReceived,
    HeartbeatReceived,
    SubscriptionEvent,
)
from strategic_memory_client.values.results import Feedback

_OF_THE_DELIVERY = ("skipped_revisions", "epoch_changed")
_OF_THE_MESSAGE = "sent_at"
_OF_MANY = "portfolio"


def json_line(value: object) -> str:
    """Return a value of the library, or a mapping of such, as one line of JSON."""
    return json.dumps(json_value(value), allow_nan=False)


def feedback_json(feedback: Feedback) -> dict[str, object]:
    """Return the fields of the wire."""
    return {name: value for name, value in _fields(feedback).items() if name not in _OF_THE_DELIVERY}


def delivered_feedback_json(feedback: Feedback) -> dict[str, object]:
    """Return the fields of the wire, and how it was delivered."""
    return _fields(feedback)


def event_json(event: SubscriptionEvent) -> dict[str, object]:
    """Return an event with its name in `event`."""
    match event:
        case FeedbackReceived(feedback):
            return {"event": "feedback", **_fields(feedback)}
        case HeartbeatReceived(heartbeat):
            return {"event": "heartbeat", **_fields(heartbeat)}
        case EpochChanged():
            return {"event": "epoch_changed", **_fields(event)}
        case Disconnected(address, error, retry_in_s):
            what = {"address": address, "error": type(error).__name__, "message": str(error), "retry_in_s": retry_in_s}
            return {"event": "disconnected", **what}


def json_value(value: object) -> object:
    """Return what JSON has for it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(name): json_value(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no such number
    return value


def _fields(value: object) -> dict[str, object]:
    # A value with slots has no `__dict__`; `dataclasses.asdict` would copy deeply what is only to be read.
    names = [field.name for field in dataclasses.fields(value)]  # type: ignore[arg-type]  # a dataclass, always
    found = {name: json_value(getattr(value, name)) for name in names if name != _OF_THE_MESSAGE}
    if found.get(_OF_MANY) == "":
        # Where there is one portfolio alone nothing is said of it.
        del found[_OF_MANY]
    return found
