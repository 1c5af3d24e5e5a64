"""What programs of client libraries in other languages print, as the values of a history.

Each prints one JSON object a line, with its `event`: `feedback`, `heartbeat`, `epochChanged`, `disconnected`, `ended`
(by an error, after which it starts afresh) and `newest`. A `feedback` has the fields of the wire, in camelCase or
snake_case, enums with or without their prefix and null for what is not known.
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf.json_format import ParseDict
from history.from_wire import feedback_of
from history.model import Feedback

from strategic_memory.v1 import feedback_pb2

_PREFIXES = {
    "status": "FEEDBACK_STATUS_",
    "updated_policy": "POLICY_",
    "best_policy": "POLICY_",
    "policy": "POLICY_",
    "recommended_policy": "POLICY_",
    "rules": "RULES_",
}
_BESIDE_THE_WIRE = {"skipped_revisions", "epoch_changed", "sent_at", "is_probe_of_preferred"}


def feedback_of_line(told: dict[str, Any]) -> tuple[Feedback, int]:
    """Return the feedback that a line tells, and how many revisions it says were skipped before it.

    Raises:
        json_format.ParseError: a field is not one of the wire, or has another type there.
    """
    fields = _as_on_wire(told)
    skipped = int(fields.get("skipped_revisions", 0))
    of_wire = {name: value for name, value in fields.items() if name not in _BESIDE_THE_WIRE}
    # The caps come with times to the microsecond, which not every language keeps.
    for cap in of_wire.get("leverage_caps", ()):
        cap.pop("since", None)
    return feedback_of(ParseDict(of_wire, feedback_pb2.Feedback())), skipped


def _as_on_wire(told: dict[str, Any]) -> dict[str, Any]:
    """Return an object with the names and enums of the wire, without what is not known."""
    of_wire: dict[str, Any] = {}
    for key, value in told.items():
        if value is None:
            continue
        name = _snake_case(key)
        if isinstance(value, dict):
            of_wire[name] = _as_on_wire(value)
        elif isinstance(value, list):
            of_wire[name] = [_as_on_wire(each) if isinstance(each, dict) else each for each in value]
        elif isinstance(value, str) and not value.startswith(_PREFIXES.get(name, "")):
            of_wire[name] = _PREFIXES[name] + value
        else:
            of_wire[name] = value
    return of_wire


def _snake_case(name: str) -> str:
    return re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", name)
