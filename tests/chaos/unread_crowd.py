"""UnreadCrowd: subscribers that open a stream at every server with a tiny window, and never read on."""

from __future__ import annotations

from contextlib import ExitStack

from faults.raw_http2 import UnreadStream

from strategic_memory.v1 import service_pb2

_DELIVERIES = (service_pb2.DELIVERY_LATEST, service_pb2.DELIVERY_EVERY)


class UnreadCrowd:
    """Some at each address, of both deliveries; every other one does not even answer pings. Calls block.

    Args:
        addresses: the servers.
        at_each: how many at each.
    """

    def __init__(self, addresses: tuple[str, ...], at_each: int) -> None:
        self.streams: list[UnreadStream] = []
        self._stack = ExitStack()
        with ExitStack() as stack:
            for address in addresses:
                for number in range(at_each):
                    request = service_pb2.StreamFeedbackRequest(delivery=_DELIVERIES[number // 2 % 2])
                    stream = UnreadStream(address, request, answers_pings=number % 2 == 0)
                    self.streams.append(stack.enter_context(stream))
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Disconnect them all."""
        self._stack.close()
