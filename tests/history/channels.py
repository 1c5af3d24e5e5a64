"""ChannelPool: connections of recording subscribers, shared by address or one's own."""

from __future__ import annotations

import grpc

_OPTIONS: list[tuple[str, int]] = [
    ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 300),
    # A new channel must be a new connection, not wait for the backoff of an older one to the same server.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
]


class ChannelPool:
    """Holds channels until it is closed. An owner's name keeps a channel apart from all others."""

    def __init__(self) -> None:
        self._channels: dict[tuple[str, str | None], grpc.aio.Channel] = {}
        self._given_up: list[grpc.aio.Channel] = []

    def channel(self, address: str, *, own: str | None = None, window_bytes: int | None = None) -> grpc.aio.Channel:
        """Return the channel to an address, of an owner or shared; a window counts only when it is made."""
        known = self._channels.get((address, own))
        if known is None:
            options = list(_OPTIONS)
            if window_bytes is not None:
                options += [("grpc.http2.lookahead_bytes", window_bytes), ("grpc.http2.bdp_probe", 0)]
            known = self._channels[address, own] = grpc.aio.insecure_channel(address, options=options)
        return known

    def renew(self, address: str, silent: grpc.aio.Channel, *, own: str | None = None) -> None:
        """Give a channel up on which nothing comes, unless that was done already; others may still be waiting on it."""
        if self._channels.get((address, own)) is silent:
            self._given_up.append(self._channels.pop((address, own)))

    async def close(self) -> None:
        """Close every channel."""
        channels = [*self._channels.values(), *self._given_up]
        self._channels.clear()
        self._given_up.clear()
        for channel in channels:
            await channel.close()
