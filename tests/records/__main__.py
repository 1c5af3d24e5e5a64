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
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from processes import REPOSITORY
from records.environments import ToolError, installed, run
from records.expected import EXPORTS, Export, exports_of
from records.made_up_prices import write_prices
from records.pinned import TOOLS, Tool

RUN_S = 600
HEAD = ("tool", "version", "export", "results there", "read here", "pnl there", "pnl here", "equal")
Row = tuple[str, ...]


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
                rows += rows_of(tool, exports)
                if chosen.keep:
                    shutil.copytree(exports, EXPORTS, dirs_exist_ok=True)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
    return int(any(row[-1] == "NO" for row in rows))


def rows_of(tool: Tool, exports: Path) -> Iterator[Row]:
    """Install a tool, run it, and read its exports; what does not install says why."""
    try:
        python = installed(tool)
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
