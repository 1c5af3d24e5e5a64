"""Frames of HTTP/2, and a subscriber that never reads on a real server."""

from __future__ import annotations

import pytest
import redis
from conftest import StartService
from faults.http2_frames import END_HEADERS, Frame, FrameParser, FrameType, grpc_message, headers, settings
from faults.process_signals import kill_9
from faults.raw_http2 import UnreadStream
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_feedback, get_text

from strategic_memory.v1 import service_pb2


def test_frames_are_encoded_as_the_standard_says() -> None:
    assert Frame(FrameType.PING, 1, 0, b"8 bytes!").encoded() == b"\0\0\x08\x06\x01\0\0\0\08 bytes!"
    assert settings(16).encoded() == b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\x10"
    assert headers(1, [("te", "x")]).encoded() == b"\0\0\x06\x01\x04\0\0\0\x01\0\x02te\x01x"
    assert grpc_message(1, b"abc").encoded() == b"\0\0\x08\0\x01\0\0\0\x01\0\0\0\0\x03abc"
    with pytest.raises(ValueError, match="127 bytes"):
        headers(1, [("name", "x" * 127)])


def test_frames_are_cut_out_of_whatever_pieces_come() -> None:
    sent = [Frame(FrameType.DATA, 0, 1, bytes(500)), Frame(99, 3, 7), Frame(FrameType.HEADERS, END_HEADERS, 5, b"x")]
    stream = b"".join(frame.encoded() for frame in sent)
    for size in (1, 3, 8, 9, 10, 600):
        parser = FrameParser()
        pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
        assert [frame for piece in pieces for frame in parser.feed(piece)] == sent


@pytest.fixture
def service(start_service: StartService, redis_client: redis.Redis) -> ServiceProcess:
    for _ in range(3):
        add_regime(redis_client)
    service = start_service(sync_interval_s=0.1)
    eventually(lambda: get_feedback(service).revision)
    return service


def subscribers(service: ServiceProcess) -> int:
    lines = get_text(service, "/metrics").splitlines()
    return int(float(next(line for line in lines if line.startswith("strategic_memory_subscribers ")).split()[1]))


def test_a_subscriber_that_does_not_read_gets_no_more_than_its_window(
    service: ServiceProcess, redis_client: redis.Redis
) -> None:
    with UnreadStream(service.grpc_address, window_bytes=50) as stuck:
        assert stuck.opened.wait(30)
        eventually(lambda: stuck.data_bytes == 50)
        known = get_feedback(service).revision
        add_regime(redis_client, pnl=0.9)
        eventually(lambda: get_feedback(service).revision > known)
        assert (stuck.data_bytes, stuck.ended.is_set(), subscribers(service)) == (50, False, 1)
    eventually(lambda: subscribers(service) == 0)


def test_a_window_that_is_wide_enough_lets_messages_through(service: ServiceProcess) -> None:
    request = service_pb2.StreamFeedbackRequest(delivery=service_pb2.DELIVERY_EVERY)
    with UnreadStream(service.grpc_address, request, window_bytes=60_000) as stream:
        whole = len(get_feedback(service).SerializeToString())
        eventually(lambda: stream.data_bytes > whole)


def test_a_refused_stream_is_told_apart(service: ServiceProcess) -> None:
    wrong = service_pb2.StreamFeedbackRequest(resume_after_revision=1_000_000)
    with UnreadStream(service.grpc_address, wrong) as refused:
        assert refused.ended.wait(30)
        assert (refused.end, refused.opened.is_set()) == ("trailers", False)


@pytest.mark.parametrize("answers_pings", [True, False])
def test_a_server_that_dies_is_noticed_only_by_who_reads(service: ServiceProcess, answers_pings: bool) -> None:
    with UnreadStream(service.grpc_address, answers_pings=answers_pings) as stuck:
        assert stuck.opened.wait(30)
        kill_9(service.pid)
        assert stuck.ended.wait(30 if answers_pings else 0.2) is answers_pings
        assert stuck.end in (("closed", "reset") if answers_pings else ("",))
