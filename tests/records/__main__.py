"""Runs backtesters and reads what they export: `make records`, some minutes the first time.

Each tool is installed into an environment of its own, runs over the same made-up prices, and writes its exports as its
users do. `strategic-memory-server replay` then reads each without a flag. The exit code is 1 where one is not read as
its tool counts it, or where a tool that installs does not run. ARGS="vectorbt --keep" takes that tool alone, and puts
its exports where the tests read them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from processes import REPOSITORY
from records.expected import EXPORTS, Export, exports_of
from records.made_up_prices import write_prices
from records.pinned import TOOLS, Tool

INSTALL_S, RUN_S = 1_800, 600
HEAD = ("tool", "version", "export", "results there", "read here", "pnl there", "pnl here", "equal")
Row = tuple[str, ...]


class ToolError(Exception):
    """A tool that cannot be installed, or does not run."""


def main(arguments: list[str]) -> int:
    """Run the tools that are named, or all; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m records", description="Compare what tools export with what is read."
    )
    parser.add_argument("names", nargs="*", metavar="TOOL", help="default: all of them")
    parser.add_argument(
        "--folder", type=Path, default=REPOSITORY / ".tools" / "records", help="where they are installed"
    )
    parser.add_argument("--keep", action="store_true", help=f"put their exports into {EXPORTS.relative_to(REPOSITORY)}")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="strategic-memory-records-") as scratch:
        write_prices(Path(scratch) / "prices.csv")
        rows: list[Row] = [HEAD]
        for tool in TOOLS:
            if not chosen.names or tool.name in chosen.names:
                exports = Path(scratch) / tool.name
                exports.mkdir()
                rows += rows_of(tool, chosen.folder.resolve() / f"{tool.name}-{tool.version}", exports)
                if chosen.keep:
                    shutil.copytree(exports, EXPORTS, dirs_exist_ok=True)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
    return int(any(row[-1] == "NO" for row in rows))


def rows_of(tool: Tool, environment: Path, exports: Path) -> Iterator[Row]:
    """Install a tool, run it, and read its exports; what does not install says why."""
    try:
        python = installed(tool, environment)
    except ToolError as error:
        yield (tool.name, tool.version, f"does not install: {error}", "", "", "", "", "-")
        return
    sys.stderr.write(f"running {tool.name} {tool.version}\n")
    script = Path(__file__).parent / "tools" / tool.script
    try:
        run([str(python), "-W", "ignore", str(script), str(exports.parent / "prices.csv"), str(exports)], RUN_S)
    except ToolError as error:
        yield (tool.name, tool.version, f"does not run: {error}", "", "", "", "", "NO")
        return
    for said in sorted(exports.glob("*.expected.json")):
        for export in exports_of(said):
            yield compared(export)


def installed(tool: Tool, environment: Path) -> Path:
    """Return the interpreter of a tool's environment, which is made once."""
    python = environment / "bin" / "python"
    complete = environment / "complete"
    if not complete.exists():
        sys.stderr.write(f"installing {tool.requirement} (once)\n")
        shutil.rmtree(environment, ignore_errors=True)
        run([interpreter(tool), "-m", "venv", str(environment)], INSTALL_S)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, tool.requirement, *tool.beside], INSTALL_S)
        complete.touch()
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


def compared(export: Export) -> Row:
    """Replay an export without a flag; return its row of the table."""
    program = Path(sys.executable).with_name("strategic-memory-server")
    out = export.path.with_suffix(".report")
    there = (export.tool, export.version, export.path.name, str(export.results))
    try:
        run([str(program), "replay", "--quiet", "--out", str(out), str(export.path)], RUN_S)
    except ToolError as error:
        sys.stderr.write(f"{error}\n")
        return (*there, "refused", f"{export.pnl:.8g}", "", "NO")
    rows = json.loads((out / "report.json").read_text())["rows"]
    shutil.rmtree(out)
    results, pnl = rows["by_kind"][export.kind], rows["pnl_by_kind"][export.kind]
    is_equal = results == export.results == rows["used"] and math.isclose(pnl, export.pnl, rel_tol=1e-9)
    return (*there, str(results), f"{export.pnl:.8g}", f"{pnl:.8g}", "yes" if is_equal else "NO")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
