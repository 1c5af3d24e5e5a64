"""The event loop of a service: that of asyncio, or uvloop where it is installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.util import find_spec

AUTO, ASYNCIO, UVLOOP = "auto", "asyncio", "uvloop"


def has_uvloop() -> bool:
    """Whether uvloop is installed."""
    return find_spec(UVLOOP) is not None


def loop_factory(choice: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes an event loop; None: asyncio has its own way.

    Args:
        choice: `UVLOOP`, `ASYNCIO`, or `AUTO` for uvloop where it is installed.
    """
    if choice == ASYNCIO or (choice == AUTO and not has_uvloop()):
        return None
    import uvloop  # noqa: PLC0415  it may not be installed

    return uvloop.new_event_loop


def running_loop_name() -> str:
    """Name the event loop that runs: `ASYNCIO` or `UVLOOP`."""
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]
