"""What a scrape says of the process: memory, descriptors and processor time, and which program it is."""

from __future__ import annotations

import platform
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Info, ProcessCollector

_PACKAGES = {"version": "strategic-memory", "grpcio": "grpcio", "redis_py": "redis"}


def register_process(registry: CollectorRegistry, event_loop: str) -> None:
    """Add `process_*`, as every exporter has them, and `strategic_memory_build_info`."""
    ProcessCollector(registry=registry)
    build = Info("strategic_memory_build", "What runs.", registry=registry)
    packages = {name: version(each) for name, each in _PACKAGES.items()}
    build.info({"python": platform.python_version(), "event_loop": event_loop, **packages})
