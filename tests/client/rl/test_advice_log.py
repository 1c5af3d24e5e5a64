"""The log of a service as a record, while the service goes on."""

from __future__ import annotations

import grpc
import pytest
from client.feedback_samples import feedback_message, feedback_response
from client.scripted_peer import ScriptedPeer, refusal, send

from strategic_memory_client import ResumePointError
from strategic_memory_client.rl.advice_log import logged_feedback


def trimmed_to(oldest: int) -> dict[str, str]:
    return {"oldest": str(oldest), "current": "9", "epoch": "e1"}


def test_what_is_trimmed_while_it_is_asked_for_is_left_out() -> None:
    steps = [refusal(grpc.StatusCode.OUT_OF_RANGE, "REVISION_COMPACTED", **trimmed_to(oldest)) for oldest in (3, 4)]
    with ScriptedPeer(*steps, send(*(feedback_response(number) for number in range(4, 10)))) as peer:
        peer.feedback = feedback_message(8, "e1")
        assert [said.revision for said in logged_feedback(peer.address, 30.0)] == [4, 5, 6, 7, 8]
        assert [request.resume_after_revision for request in peer.requests] == [0, 2, 3]


def test_what_is_refused_again_and_again_is_told() -> None:
    with ScriptedPeer(refusal(grpc.StatusCode.OUT_OF_RANGE, "REVISION_COMPACTED", **trimmed_to(3))) as peer:
        peer.feedback = feedback_message(8, "e1")
        with pytest.raises(ResumePointError):
            logged_feedback(peer.address, 30.0)
        assert len(peer.requests) == 2
