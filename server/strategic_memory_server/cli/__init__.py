"""The command `strategic-memory-server`."""

from __future__ import annotations

import os
import signal

from strategic_memory_server.cli.installed import imported
from strategic_memory_server.cli.stopping import stop
from strategic_memory_server.process.ending_signals import ending_signals


def main() -> None:
    """Run the command, or say how to install what it needs."""
    # Importing takes most of a second. Being told to stop meanwhile is no error; the command takes over from here.
    for number in ending_signals():
        signal.signal(number, stop)
    # gRPC writes a line for each handshake that fails: whoever reaches the port could fill the log with them.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    commands, streams = (imported(f"strategic_memory_server.cli.{name}") for name in ("commands", "standard_streams"))
    streams.open_streams()
    try:
        commands.app()
    except SystemExit:
        streams.flush_output()
        raise
