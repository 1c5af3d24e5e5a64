"""The command `strategic-memory`: what the service says, at a terminal and in scripts."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command and end the process with its exit code."""
    # gRPC's own notes on lost connections are not for the terminal; what matters is reported by the command.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Nothing of this may load with the library: `main` is all that others import from here.
    from strategic_memory_client.cli.standard_output import (  # noqa: PLC0415 - see above
        end_on_interrupt,
        end_process,
        open_missing_streams,
    )

    open_missing_streams()
    # Before the rest is imported, which takes most of the time.
    end_on_interrupt()
    from strategic_memory_client.cli.application import app  # noqa: PLC0415 - see above

    try:
        app()
    except SystemExit as ended:
        end_process(ended.code)
    except OSError as error:
        # Of a help: what a command writes is seen to there.
        end_process(f"strategic-memory: the output cannot be written: {error.strerror or error}")
