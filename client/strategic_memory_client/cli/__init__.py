"""The command `strategic-memory`: what the service says, at a terminal and in scripts."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command and end the process with its exit code."""
    # gRPC's own notes on lost connections are not for the terminal; what matters is reported by the command.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from strategic_memory_client.cli.application import app  # noqa: PLC0415 - typer must not load with the library

    app()
