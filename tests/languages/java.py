"""The Java example, built."""

from __future__ import annotations

import subprocess

from languages.program import Library
from processes import REPOSITORY, do_without, require_tool

EXAMPLE = REPOSITORY / "examples" / "java"


def libraries() -> list[Library]:
    """Return the example. Skips where it cannot be built."""
    command = [require_tool("mvn"), "--batch-mode", "--quiet", "package"]
    java = require_tool("java")
    built = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)
    if built.returncode:
        do_without("mvn", f"the Java example cannot be built\n{built.stdout}")
    return [Library("Java", (java, "-jar", str(EXAMPLE / "target" / "follow.jar")))]
