"""Starts the service and the floors as processes of their own."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager

from benchmarks.harness.checkout import OURS, Checkout
from benchmarks.harness.child import Child, running
from benchmarks.harness.h2load import on_cores

_ANY_PORT = "127.0.0.1:0"


def service(
    redis_url: str, source: Checkout = OURS, *, interval_s: float = 60.0, cores: Collection[int] = (), **settings: str
) -> AbstractContextManager[Child]:
    """Run `strategic-memory-server serve` on free ports.

    Args:
        redis_url: its Redis.
        source: which checkout's.
        interval_s: longest time between two syncs, seconds.
        cores: which ones it may use; none: all.
        settings: further settings, by name without `STRATEGIC_MEMORY_`, in lower case; unless they say otherwise it
            runs on the event loop of the floors.
    """
    environment = {
        "REDIS_URL": redis_url,
        "MEMORY_SYNC_INTERVAL": f"{interval_s:g}",
        "STRATEGIC_MEMORY_GRPC_ADDRESS": _ANY_PORT,
        "STRATEGIC_MEMORY_HTTP_ADDRESS": _ANY_PORT,
        **source.environment,
        **{f"STRATEGIC_MEMORY_{name.upper()}": value for name, value in {"event_loop": "asyncio", **settings}.items()},
    }
    return running([*on_cores(cores), *source.server_command("serve")], environment)


def floor(name: str, *arguments: str, cores: Collection[int] = ()) -> AbstractContextManager[Child]:
    """Run a module of `benchmarks.floors`."""
    environment = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(OURS.folder)}
    return running([*on_cores(cores), str(OURS.python), "-m", f"benchmarks.floors.{name}", *arguments], environment)
