"""The Go client: built, and its program."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from languages.program import Library
from processes import REPOSITORY, do_without, require_tool

MODULE = REPOSITORY / "clients" / "go"


def go(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Go in the module. Skips the test where there is no Go."""
    command = [require_tool("go"), *arguments]
    everything = {**os.environ, **environment}
    return subprocess.run(command, cwd=MODULE, env=everything, capture_output=True, text=True, check=False)


def formatter() -> str:
    """Return the path of gofmt."""
    return str(Path(go("env", "GOROOT").stdout.strip()) / "bin" / "gofmt")


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="strategic-memory-go-")


def libraries() -> list[Library]:
    """Return the library. Skips the test where it cannot be built: with an older Go, or without its modules."""
    program = Path(_kept().name) / "print-events"
    fetched = go("mod", "download")
    if fetched.returncode:
        do_without("go", f"the modules of the Go client cannot be had\n{fetched.stderr}")
    built = go("build", "-o", str(program), "./cmd/print-events")
    assert built.returncode == 0, built.stderr
    return [Library("Go", (str(program),))]
