"""Freezes a program until what it was sent holds no more, and looks at what it makes of that afterwards."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from contextlib import ExitStack
from typing import Any

from faults.process_signals import Suspension
from languages.program import Library
from processes import ServiceProcess, eventually

VALIDITY_S = 2.0
_LOOKS = 20
_READ_TO_THE_END_WITHIN_S = 60.0


def newest_after_a_freeze(library: Library, service: ServiceProcess) -> list[str]:
    """Return the statuses of `newest` that the library gives once it goes on.

    The service is killed a second after the program was frozen, so that heartbeats wait in its socket.
    """
    asked = {"addresses": [service.grpc_address], "transport": library.transport, "heartbeatMs": 200}
    lines: list[dict[str, Any]] = []
    with ExitStack() as stack:
        program = stack.enter_context(
            subprocess.Popen(
                [*library.command, json.dumps(asked | {"newestEveryMs": 20})],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert program.stdout is not None
        told = program.stdout
        reader = threading.Thread(target=lambda: lines.extend(map(json.loads, told)), daemon=True)
        reader.start()
        # What is read on is not closed: it ends when the program has been killed.
        stack.callback(reader.join, _READ_TO_THE_END_WITHIN_S)
        stack.callback(program.kill)
        eventually(lambda: _statuses(lines)[-1:] == ["ACTIVE"], what="ACTIVE")
        frozen = Suspension(program.pid, 60.0)
        stack.callback(frozen.end)
        time.sleep(1.0)  # heartbeats come that nobody reads
        service.kill()
        time.sleep(VALIDITY_S)  # the time itself is what ends the advice
        before = len(lines) + 1  # one may have been about to be printed
        frozen.end()
        eventually(lambda: len(_statuses(lines[before:])) > _LOOKS, what="newest is read")
        return _statuses(lines[before:])


def _statuses(lines: list[dict[str, Any]]) -> list[str]:
    return [line["feedback"]["status"] for line in lines if line["event"] == "newest"]
