"""The Rust example, built."""

from __future__ import annotations

import subprocess

from languages.program import Library
from processes import REPOSITORY, do_without, require_tool

EXAMPLE = REPOSITORY / "examples" / "rust"


def libraries() -> list[Library]:
    """Return the example. Skips where it cannot be built."""
    command = [require_tool("cargo"), "build", "--release", "--quiet"]
    built = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)
    if built.returncode:
        do_without("cargo", f"the Rust example cannot be built\n{built.stderr}")
    return [Library("Rust", (str(EXAMPLE / "target" / "release" / "follow"),))]
