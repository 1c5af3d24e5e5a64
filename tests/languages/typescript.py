"""The TypeScript client: installed, built, and its programs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from languages.program import Library
from processes import REPOSITORY, do_without, require_tool

PACKAGE = REPOSITORY / "clients" / "typescript"

TRANSPORTS = ("grpc-js", "connect-node")


def built() -> Path:
    """Install and build the package; return its folder. Skips the test where that cannot be done."""
    require_tool("node")
    require_tool("npm")
    installed = _run([str(PACKAGE / "install")])
    compiler = PACKAGE / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        do_without("node", f"the packages of the TypeScript client could not be installed\n{installed.stderr}")
    made = _run([str(compiler), "--project", str(PACKAGE)])
    assert made.returncode == 0, made.stdout
    return PACKAGE


def libraries() -> list[Library]:
    """Return the library, once for each of its transports. Skips the test where it cannot be built."""
    program = built() / "dist" / "programs" / "print_events.js"
    return [Library("TypeScript", ("node", str(program)), transport) for transport in TRANSPORTS]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
