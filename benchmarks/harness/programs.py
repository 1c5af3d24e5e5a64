"""Starts the service and the floors as processes of their own."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.harness.child import Child, running

_CHECKOUT = Path(__file__).resolve().parents[2]
_ANY_PORT = "127.0.0.1:0"


def service(redis_url: str, *, interval_s: float = 60.0, **settings: str) -> AbstractContextManager[Child]:
    """Run `strategic-memory-server serve` on free ports.

    Args:
        redis_url: its Redis.
        interval_s: longest time between two syncs, seconds.
        settings: further settings, by name without `STRATEGIC_MEMORY_`, in lower case.
    """
    environment = {
        "REDIS_URL": redis_url,
        "MEMORY_SYNC_INTERVAL": f"{interval_s:g}",
        "STRATEGIC_MEMORY_GRPC_ADDRESS": _ANY_PORT,
        "STRATEGIC_MEMORY_HTTP_ADDRESS": _ANY_PORT,
        "PYTHONUNBUFFERED": "1",
        **{f"STRATEGIC_MEMORY_{name.upper()}": value for name, value in settings.items()},
    }
    command = Path(sys.executable).parent / "strategic-memory-server"
    return running([str(command), "serve"], environment)


def floor(name: str, *arguments: str) -> AbstractContextManager[Child]:
    """Run a module of `benchmarks.floors`."""
    environment = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(_CHECKOUT)}
    return running([sys.executable, "-m", f"benchmarks.floors.{name}", *arguments], environment)
