"""Where advice has lapsed, a client that works it out by itself says what the server says."""

from __future__ import annotations

import itertools
from dataclasses import replace

from advice import NOW_MS, feedback, with_evidence
from safe_values import SAFE_LEVERAGES

import strategic_memory_client as client
from strategic_memory.v1 import feedback_pb2
from strategic_memory_client.wire.from_wire import feedback_from_wire
from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.rpc.wire.to_wire import feedback_message


def said_by_the_server(said: Feedback) -> client.Feedback:
    """What the server says, as it says it: of what is not ACTIVE the client would make something safe itself."""
    message = feedback_message(said)
    assert message.status == feedback_pb2.FEEDBACK_STATUS_STALE
    message.status = feedback_pb2.FEEDBACK_STATUS_ACTIVE
    return replace(feedback_from_wire(message), status=client.FeedbackStatus.STALE)


def advised(hint: float, limits: tuple[float, ...], *, is_probe: bool, has_evidence: bool) -> Feedback:
    """An advice that holds until NOW_MS, with one leverage everywhere."""
    said = feedback(1, valid_until_ms=NOW_MS)
    caps = tuple(LeverageCap(f"cap {place}", limit) for place, limit in enumerate(limits))
    advice = replace(with_evidence(said.advice), leverage_hint=hint, leverage_caps=caps)
    assert advice.current is not None
    assert advice.evidence is not None
    return replace(
        said,
        advice=replace(
            advice,
            current=replace(advice.current, leverage_hint=hint, is_probe=is_probe),
            evidence=replace(advice.evidence, leverage_hint=hint) if has_evidence else None,
        ),
    )


def test_both_give_the_values_of_the_table() -> None:
    for (hint, limits, safe), is_probe, has_evidence in itertools.product(SAFE_LEVERAGES, (False, True), (False, True)):
        said = advised(min(hint, *limits, 2.0), limits, is_probe=is_probe, has_evidence=has_evidence)
        by_server = said_by_the_server(said.at(NOW_MS + 1))
        by_client = feedback_from_wire(feedback_message(said)).as_stale()
        # The server adds when the validity has passed.
        assert by_server.reasons[1:] == by_client.reasons
        assert by_server == replace(by_client, reasons=by_server.reasons)
        assert (by_server.updated_policy, by_server.confidence_boost) == (client.Policy.CONSERVATIVE, 0.0)
        assert by_server.leverage_hint == safe, (hint, limits)
        assert by_server.current is not None
        assert (by_server.current.is_probe, by_server.current.leverage_hint) == (False, safe)
