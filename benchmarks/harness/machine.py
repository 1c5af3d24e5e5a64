"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def machine() -> str:
    """Name processor, cores, load of the last minute and Python, in one line."""
    load_1min, _, _ = os.getloadavg()
    return (
        f"{_processor()}, {os.cpu_count()} cores, load {load_1min:.2f}, "
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}"
    )


def _processor() -> str:
    if _CPU_INFO.is_file():
        for line in _CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
