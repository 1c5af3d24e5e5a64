"""What the log says of an outage: that it began, and each hour that it lasts, with what stands in the way by then."""

from __future__ import annotations

import logging

import pytest

from strategic_memory_client import Disconnected, ServiceUnavailableError
from strategic_memory_client.streams.disconnections import DisconnectionLog


def lost(why: str) -> Disconnected:
    return Disconnected("one:50051", ServiceUnavailableError(why), 1.0)


def test_an_outage_is_told_as_it_begins_and_each_hour_that_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    """Of a server that went away, and came back with a certificate that had ended, no more was said."""
    caplog.set_level(logging.DEBUG, "strategic_memory_client")
    told = DisconnectionLog()
    told.lost(lost("it is going away"), 0.0)
    for now_s in range(5, 7_205, 5):
        told.lost(lost("its certificate has ended"), float(now_s))
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [text.rpartition(": ")[2] for text in warnings] == ["it is going away", *["its certificate has ended"] * 2]
    assert len(caplog.records) == 1 + 1_440
    caplog.clear()
    told.heard()
    told.lost(lost("it is going away"), 7_210.0)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
