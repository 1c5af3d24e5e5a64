"""Streams are counted in all and by caller."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from strategic_memory_server.faults.limits import TooManyOfOneCallerError, TooManySubscribersError
from strategic_memory_server.rpc.streams.subscriptions import Subscriptions


def test_the_streams_of_one_caller_leave_room_for_others() -> None:
    subscriptions = Subscriptions(5, 0.5)
    with ExitStack() as streams:
        for _ in range(2):
            streams.enter_context(subscriptions.admitted("one"))
        with pytest.raises(TooManyOfOneCallerError, match="STRATEGIC_MEMORY_PEER_SHARE"):
            streams.enter_context(subscriptions.admitted("one"))
        with subscriptions.admitted("two"), subscriptions.admitted("two"):
            streams.enter_context(subscriptions.admitted("three"))
            with pytest.raises(TooManySubscribersError, match="STRATEGIC_MEMORY_MAX_SUBSCRIBERS"):
                streams.enter_context(subscriptions.admitted("four"))
        assert subscriptions.count == 3
    assert subscriptions.count == 0
    # However small the share, one is admitted.
    with Subscriptions(5, 0.01).admitted("one"):
        pass
