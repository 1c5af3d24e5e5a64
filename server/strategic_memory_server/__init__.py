"""The Strategic Memory Sync service: reads the memory from Redis, works out the advice and serves it."""

import sys
from contextlib import suppress
from types import ModuleType
from typing import cast

if "structlog" not in sys.modules and "rich" not in sys.modules:
    # structlog imports rich wherever that is installed, for tracebacks that the log does not show: 5 MiB of each server
    # and a twentieth of a second of each start. Whoever imports rich afterwards gets it.
    sys.modules["rich"] = cast("ModuleType", None)
    with suppress(ImportError):  # the command says what is missing
        import structlog  # noqa: F401 - only now, and for all
    del sys.modules["rich"]
