"""Revisions of a log that is trimmed while it is read: a log of full length loses its oldest one with each new one."""

from __future__ import annotations

import grpc
import pytest
from client.feedback_samples import feedback, feedback_message, feedback_response
from client.scripted_peer import Script, ScriptedPeer, end, refusal, send

from strategic_memory_client import ResumePointError, StrategicMemoryClient
from strategic_memory_client.cli.live_watch import Ear
from strategic_memory_client.cli.past_revisions import revisions_from


def trimmed_to(oldest: int) -> Script:
    return refusal(grpc.StatusCode.OUT_OF_RANGE, "REVISION_COMPACTED", oldest=str(oldest), current="9", epoch="e1")


def test_what_is_trimmed_while_it_is_asked_for_is_left_out() -> None:
    """Of a log that went on meanwhile nothing was told, but that it cannot be resumed there."""
    peer = ScriptedPeer(trimmed_to(3), trimmed_to(4), send(*(feedback_response(number) for number in range(4, 10))))
    with peer, StrategicMemoryClient(peer.address) as client:
        peer.feedback = feedback_message(8, "e1")
        assert [said.revision for said in revisions_from(client)] == [4, 5, 6, 7, 8]
        assert [request.resume_after_revision for request in peer.requests] == [0, 2, 3]


def test_what_is_trimmed_amid_the_reading_is_missed() -> None:
    """It went on with the oldest revision that there was, as if nothing lay between."""
    later = send(*(feedback_response(number) for number in range(6, 10)))
    peer = ScriptedPeer(send(feedback_response(1), feedback_response(2), then=end), trimmed_to(6), later)
    with peer, StrategicMemoryClient(peer.address) as client:
        peer.feedback = feedback_message(8, "e1")
        told = revisions_from(client)
        assert [next(told).revision for _ in range(2)] == [1, 2]
        with pytest.raises(ResumePointError):
            next(told)


def test_the_view_shows_what_was_read_before_that() -> None:
    """Of a log of full length that goes on all the time it showed no past at all."""
    peer = ScriptedPeer(send(feedback_response(1), feedback_response(2), then=end), trimmed_to(6))
    with peer, StrategicMemoryClient(peer.address) as client:
        peer.feedback = feedback_message(8, "e1")
        ear = Ear(client, iter(()))
        ear.state.show(feedback(8, "e1"))
        ear.recall()
        assert len(ear.state.leverages) == 3
