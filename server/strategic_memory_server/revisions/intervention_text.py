"""An intervention as text, in the state of the log and in the stream of what operators said: its number, then JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus
from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.memory.json_types import JsonValue
from strategic_memory_server.memory.override import Freeze, Override
from strategic_memory_server.revisions.contract_bounds import intervention_outside_contract
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError, decode_feedback, encode_feedback
from strategic_memory_server.revisions.json_shapes import JsonShape

_TEXT = re.compile(r"(\d{1,15})(?: (.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Said:
    """The keys of the JSON."""

    override: Override | None
    freeze: Freeze | None
    frozen: str | None
    """The revision that is held as `encode_feedback` writes it, without what operators had a hand in."""


_OVERRIDE, _FREEZE = JsonShape(Override), JsonShape(Freeze)
_SAID = JsonShape(_Said, {Override: ("without",)})


def encode_override(override: Override | None) -> JsonValue:
    """Write an override."""
    return None if override is None else _OVERRIDE.write(override)


def encode_freeze(freeze: Freeze | None) -> JsonValue:
    """Write a freeze."""
    return None if freeze is None else _FREEZE.write(freeze)


def said_text(intervention: Intervention) -> str:
    """Write what operators have said, without its number."""
    freeze, frozen = intervention.freeze, None
    if freeze is not None and intervention.frozen is not None:
        frozen = encode_feedback(Feedback(intervention.frozen, FeedbackStatus.ACTIVE, freeze.revision, freeze.epoch))
    return json.dumps(_SAID.write(_Said(intervention.override, freeze, frozen)))


def intervention_text(intervention: Intervention) -> str:
    """Write an intervention; never empty: where there is nothing to it, the number alone."""
    if intervention.ends_ms is None:
        return str(intervention.number)
    return f"{intervention.number} {said_text(intervention)}"


def intervention_of(number: int, said: bytes) -> Intervention:
    """Read what `said_text` gave.

    Raises:
        MalformedFeedbackError: it is something else, or outside the bounds of the contract.
    """
    try:
        read = _SAID.read(said)
    except ValueError as error:
        raise MalformedFeedbackError(f"not an intervention ({str(error)[:100]})") from error
    if (read.freeze is None) != (read.frozen is None):
        raise MalformedFeedbackError("freeze and frozen do not agree")
    frozen = None if read.frozen is None else decode_feedback(read.frozen.encode()).advice
    intervention = Intervention(number, read.override, read.freeze, frozen)
    if (wrong := intervention_outside_contract(intervention)) is not None:
        raise MalformedFeedbackError(wrong)
    return intervention


def intervention_of_text(text: bytes) -> Intervention | None:
    """Read what `intervention_text` gave; None, not known, for anything else: another version, or somebody else."""
    found = _TEXT.fullmatch(text.decode(errors="replace"))
    if found is None:
        return None
    if found[2] is None:
        return Intervention(int(found[1]))
    try:
        return intervention_of(int(found[1]), found[2].encode())
    except MalformedFeedbackError:
        return None
