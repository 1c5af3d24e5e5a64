"""What one blocking client shows of the following that it shares."""

from __future__ import annotations

from strategic_memory_client.streams.shown import CLOSED, HeldFeedback, ShownNewest
from strategic_memory_client.transports.synchronous.following import FOLLOWINGS, Following
from strategic_memory_client.transports.synchronous.latch import Latch
from strategic_memory_client.transports.synchronous.transport import SyncTransport, Wait
from strategic_memory_client.values.options import ClientOptions


class SyncFollower:
    """Reads the service until its transport is closed. It knows no client, or dropping one would end nothing."""

    def __init__(self, addresses: tuple[str, ...], options: ClientOptions, transport: SyncTransport) -> None:
        self._addresses = addresses
        self._options = options
        self._transport = transport
        self._following: Following | None = None
        self.newest = ShownNewest()
        """What was heard."""
        self.has_received = Latch()
        """Set once a feedback came, or none can come any more."""
        transport.on_end = self._leave

    def start(self) -> None:
        """Follow until the transport is closed. Any number of times. Raises ClientClosedError."""
        self._transport.require_open()
        self.newest.follow()
        self._following = FOLLOWINGS.join(self, self._addresses, self._options)
        if self._transport.closing.is_set():  # by another thread, which may not have seen it yet
            self._leave()
            self.newest.mute(CLOSED)
            self._transport.require_open()

    def show(self, held: HeldFeedback, *, is_connected: bool) -> None:
        """Take what holds from now on, and whether the service is heard just now."""
        self.newest.show(held)
        if is_connected:
            self.has_received.set()

    def expire(self) -> None:
        """Take that nothing more is shown."""
        self.newest.expire()

    def _leave(self) -> list[Wait]:
        self.has_received.set()  # nothing more will come
        following, self._following = self._following, None
        return [] if following is None else FOLLOWINGS.leave(self, following)
