"""Starts the service and the floors as processes of their own."""

from __future__ import annotations

from contextlib import AbstractContextManager

from benchmarks.harness.checkout import OURS, Checkout
from benchmarks.harness.child import Child, running

_ANY_PORT = "127.0.0.1:0"


def service(
    redis_url: str, source: Checkout = OURS, *, interval_s: float = 60.0, **settings: str
) -> AbstractContextManager[Child]:
    """Run `strategic-memory-server serve` on free ports.

    Args:
        redis_url: its Redis.
        source: which checkout's.
        interval_s: longest time between two syncs, seconds.
        settings: further settings, by name without `STRATEGIC_MEMORY_`, in lower case.
    """
    environment = {
        "REDIS_URL": redis_url,
        "MEMORY_SYNC_INTERVAL": f"{interval_s:g}",
        "STRATEGIC_MEMORY_GRPC_ADDRESS": _ANY_PORT,
        "STRATEGIC_MEMORY_HTTP_ADDRESS": _ANY_PORT,
        **source.environment,
        **{f"STRATEGIC_MEMORY_{name.upper()}": value for name, value in settings.items()},
    }
    return running(source.server_command("serve"), environment)


def floor(name: str, *arguments: str) -> AbstractContextManager[Child]:
    """Run a module of `benchmarks.floors`."""
    environment = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(OURS.folder)}
    return running([str(OURS.python), "-m", f"benchmarks.floors.{name}", *arguments], environment)
