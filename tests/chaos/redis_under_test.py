"""RedisUnderTest: a real Redis in one of its deployments, as the servers, the producer and the observers reach it."""

from __future__ import annotations

from typing import Protocol

from chaos.deadline import RECOVERS_WITHIN_S
from faults.free_ports import free_port

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, Persistence


class RedisUnderTest(Protocol):
    """What every deployment can do. Calls block: from a running event loop, use `asyncio.to_thread`."""

    prefix: str
    """What every key starts with."""

    @property
    def service_url(self) -> str:
        """`REDIS_URL` of the servers."""
        ...

    @property
    def proxy_target(self) -> str | None:
        """host:port that a proxy can stand before; None where addresses are found out by asking."""
        ...

    def master_url(self) -> str:
        """Find out where the keys are now. Raises RedisError or OSError while nobody knows."""
        ...

    def close(self) -> None:
        """End every process. May be called again."""
        ...


class SingleRedis:
    """One Redis that may be killed and started again.

    Args:
        persistence: what it keeps on disk by itself.
    """

    prefix = "quantum"

    def __init__(self, persistence: Persistence) -> None:
        # One that keeps its writes brings several files to the disk before it answers for the first time.
        # Nobody else may be given its port while it is down.
        port = free_port()
        self.process = EmbeddedRedis(port=port, persistence=persistence, start_timeout_s=RECOVERS_WITHIN_S).start()

    @property
    def service_url(self) -> str:
        """URL of the Redis."""
        return self.process.url

    @property
    def proxy_target(self) -> str:
        """host:port of the Redis."""
        return f"127.0.0.1:{self.process.port}"

    def master_url(self) -> str:
        """URL of the Redis."""
        return self.process.url

    def close(self) -> None:
        """End it."""
        self.process.close()
