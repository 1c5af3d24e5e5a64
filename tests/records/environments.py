"""Environments of the tools, each in a folder of its own that is made once: `environments.py NAME...` makes some.

`.ci/run` makes those that the tests need.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from processes import REPOSITORY
from records.pinned import PINNED, Tool

ENVIRONMENTS = REPOSITORY / ".tools" / "records"
INSTALL_S = 1_800
SIDE_BY_SIDE = 2
"""One is downloaded while another is unpacked and compiled."""


class ToolError(Exception):
    """A tool that cannot be installed, or does not run."""


def interpreter_of(tool: Tool) -> Path:
    """Return where the interpreter of a tool is, or would be."""
    return ENVIRONMENTS / f"{tool.name}-{tool.version}" / "bin" / "python"


def is_installed(tool: Tool) -> bool:
    """Tell whether a tool's environment is there."""
    return (interpreter_of(tool).parents[1] / "complete").exists()


def installed(tool: Tool) -> Path:
    """Return the interpreter of a tool's environment, which is made once."""
    python = interpreter_of(tool)
    environment = python.parents[1]
    if not is_installed(tool):
        sys.stderr.write(f"installing {tool.requirement} (once)\n")
        shutil.rmtree(environment, ignore_errors=True)
        run([interpreter(tool), "-m", "venv", str(environment)], INSTALL_S)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, tool.requirement, *tool.beside], INSTALL_S)
        if tool.is_adapted:
            run([*pip, "--editable", f"{REPOSITORY}[producer]"], INSTALL_S)
        (environment / "complete").touch()
    return python


def interpreter(tool: Tool) -> str:
    """Return a CPython that the tool installs on."""
    if sys.version_info >= tool.python:
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in range(tool.python[1], tool.python[1] + 3):
        found = [shutil.which(f"python3.{minor}"), *map(str, pyenv.glob(f"3.{minor}.*/bin/python"))]
        for name in filter(None, found):
            # A version manager may have commands on PATH that only print an error.
            if subprocess.run([name, "-c", "import ensurepip"], capture_output=True, check=False).returncode == 0:
                return name
    raise ToolError(f"it needs CPython {tool.python[0]}.{tool.python[1]} or newer, and there is none")


def run(command: list[str], timeout_s: float) -> None:
    """Run a command; raise ToolError with its last words where it fails."""
    # What is installed beside this program is not beside the tool.
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise ToolError(f"not done after {timeout_s:g} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ToolError(said[-1] if said else f"exit code {done.returncode}")


def main(names: list[str]) -> int:
    """Make the environments of some tools, side by side; 1 where one cannot be installed."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        made = {tool: pool.submit(installed, tool) for tool in PINNED if tool.name in names}
    code = 0
    for tool, environment in made.items():
        try:
            environment.result()
        except ToolError as error:
            sys.stderr.write(f"{tool.requirement}: {error}\n")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
