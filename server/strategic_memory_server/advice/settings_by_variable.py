"""The settings that decide what is advised, as text: servers on one Redis must agree on them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.advice.rules import reference_rules
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.window_settings import WindowSettings

Plain = str | int | float | bool | list[float]

RULES_VERSION = "version of the rules"

_OF_THEIR_OWN = frozenset({"windows", "evidence", "hysteresis"})
"""Settings with settings of their own."""

_VARIABLES = {"minimum_weight": "minimum_trades", "explore": "exploration", "group": "evidence_group"}
"""What the variables of some settings are called."""

CAME_LATER: Mapping[str, Plain] = {
    "STRATEGIC_MEMORY_EVIDENCE_CHANGE": False,
    "STRATEGIC_MEMORY_EVIDENCE_GROUP": "",
    "STRATEGIC_MEMORY_LEVERAGE_GUARD": False,
}
"""Settings that an older server does not know, with the value by which it advises.

Digests of settings in Redis are made without those that have it: what is here stays, and what they held before is not
added.
"""

_OF_OLDER_SERVERS: Mapping[str, Plain] = {
    **CAME_LATER,
    "STRATEGIC_MEMORY_HYSTERESIS_RESULTS": 0,
    "STRATEGIC_MEMORY_HYSTERESIS_SECONDS": 0.0,
}
"""The same, with those that came before such digests."""

_ONLY_WHILE_EXPLORING = frozenset({"exploration_width", "exploration_hold"})


def settings_by_variable(advice: AdviceSettings) -> dict[str, Plain]:
    """The settings that decide what is advised, by the names of their variables, and the version of the rules."""
    found: dict[str, Plain] = {RULES_VERSION: reference_rules.VERSION}
    for name in AdviceSettings.__dataclass_fields__:
        if name not in _OF_THEIR_OWN:
            value = getattr(advice, name)
            found[_variable(_VARIABLES.get(name, name))] = value.value if name == "rules" else value
    for stream in WindowSettings.__dataclass_fields__:
        found[_variable(f"{stream.removesuffix('s')}_window")] = getattr(advice.windows, stream)
    for name in HysteresisSettings.__dataclass_fields__:
        found[_variable(f"hysteresis_{name}")] = getattr(advice.hysteresis, name)
    for name in EvidenceSettings.__dataclass_fields__:
        if advice.evidence.explore or name not in _ONLY_WHILE_EXPLORING:
            value = getattr(advice.evidence, name)
            found[_variable(f"evidence_{_VARIABLES.get(name, name)}")] = (
                list(value) if isinstance(value, tuple) else value
            )
    return found


def told_by_older(settings: Mapping[str, Plain]) -> dict[str, Plain]:
    """Return settings as a server tells them that does not know what came later and changes nothing."""
    return {name: value for name, value in settings.items() if CAME_LATER.get(name) != value}


def as_text(settings: Mapping[str, Plain]) -> str:
    """Write settings, in one order."""
    return json.dumps(dict(sorted(settings.items())))


def from_text(text: str) -> dict[str, Plain]:
    """Read what `as_text` gave; nothing where it cannot be read."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def differences(theirs: str, ours: Mapping[str, Plain]) -> list[str]:
    """Say which settings differ, one text each; one that the other server does not know is as it was before.

    Args:
        theirs: what `as_text` gave elsewhere; settings that cannot be read differ in nothing.
        ours: the settings here.
    """
    read = from_text(theirs)
    found = {**_OF_OLDER_SERVERS, **read} if read else {}
    return [
        f"{name} is {shown(found[name])} there and {shown(value)} here"
        for name, value in sorted(ours.items())
        if name in found and found[name] != value
    ]


def _variable(name: str) -> str:
    return f"STRATEGIC_MEMORY_{name.upper()}"


def shown(value: object) -> str:
    """Write the value of a setting for people, cut where somebody else has made it long."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)[:64] or "empty"
