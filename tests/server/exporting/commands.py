"""Runs a command that reads or writes an export, in this process."""

from __future__ import annotations

import asyncio
from pathlib import Path

from click import Command
from click.testing import CliRunner, Result
from patient_redis import PATIENT


async def run(command: Command, *arguments: str | Path) -> Result:
    """Run it in a thread: a command has an event loop of its own."""
    return await asyncio.to_thread(CliRunner(env=PATIENT).invoke, command, list(map(str, arguments)))
