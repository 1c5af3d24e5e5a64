"""Counts lines of code by room: lines.py [COMMIT]; with a commit, also what it had and the difference.

A line of code bears something else than a comment, a docstring or nothing. Generated code is left out.
"""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
import tarfile
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
PARTS = {
    "server": "server/strategic_memory_server",
    "client": "client/strategic_memory_client",
    "producer": "producer/strategic_memory_producer",
    "demo": "demo/strategic_memory_demo",
    "protos": "protos",
    "tests": "tests",
}
COMMENT_MARKS = {".lua": "--", ".proto": "//"}
GENERATED = ("_pb2", "_pb2_grpc")
NO_CODE = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(slots=True)
class Lines:
    """Lines of a file or of many: of code, of comments and docstrings, and blank ones."""

    code: int = 0
    comments: int = 0
    blank: int = 0

    def add(self, other: Lines) -> None:
        """Add others."""
        self.code += other.code
        self.comments += other.comments
        self.blank += other.blank


def lines_of(name: PurePosixPath, text: str) -> Lines:
    """Count the lines of a file."""
    lines = text.splitlines()
    if mark := COMMENT_MARKS.get(name.suffix):
        blank = sum(not line.strip() for line in lines)
        comments = sum(line.strip().startswith(mark) for line in lines)
        return Lines(len(lines) - blank - comments, comments, blank)
    bearing = code_lines(text)
    silent = {at for at, line in enumerate(lines, 1) if not line.strip()} - bearing
    return Lines(len(bearing), len(lines) - len(bearing) - len(silent), len(silent))


def code_lines(text: str) -> set[int]:
    """Return the numbers of the lines of a Python file that bear code."""
    bearing: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE and token.string:
            bearing.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            documented = node.body[0]
            bearing.difference_update(range(documented.lineno, (documented.end_lineno or documented.lineno) + 1))
    return bearing


def files(commit: str | None) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield the files that are counted, of a commit or, without one, as they stand in this checkout."""
    for name, read in content_of(commit) if commit else checked_out():
        if name.suffix in (".py", *COMMENT_MARKS) and not name.stem.endswith(GENERATED):
            yield name, read().decode()


def checked_out() -> Iterator[tuple[PurePosixPath, Callable[[], bytes]]]:
    """Yield the files of this checkout, new ones too, and what reads each."""
    listing = git("ls-files", "--cached", "--others", "--exclude-standard", *PARTS.values())
    for name in listing.decode().splitlines():
        if (ROOT / name).is_file():
            yield PurePosixPath(name), (ROOT / name).read_bytes


def content_of(commit: str) -> Iterator[tuple[PurePosixPath, Callable[[], bytes]]]:
    """Yield the files of a commit, and what reads each."""
    with tarfile.open(fileobj=io.BytesIO(git("archive", commit))) as archive:
        for member in archive:
            name = PurePosixPath(member.name)
            if (content := archive.extractfile(member)) and any(name.is_relative_to(each) for each in PARTS.values()):
                yield name, content.read


def git(*arguments: str) -> bytes:
    """Run git in this repository; its output."""
    program = shutil.which("git") or "git"
    return subprocess.run([program, *arguments], cwd=ROOT, check=True, capture_output=True).stdout


def by_room(commit: str | None) -> dict[tuple[str, str], Lines]:
    """Count the lines by part and room: a room is a folder of a part, or what lies beside the folders."""
    rooms: dict[tuple[str, str], Lines] = {}
    for name, text in files(commit):
        part = next(part for part, folder in PARTS.items() if name.is_relative_to(folder))
        inside = name.relative_to(PARTS[part])
        room = inside.parts[0] if len(inside.parts) > 1 else "."
        rooms.setdefault((part, room), Lines()).add(lines_of(name, text))
    return rooms


def main() -> None:
    """Print a table."""
    commit = sys.argv[1] if len(sys.argv) > 1 else None
    now, before = by_room(None), by_room(commit) if commit else {}
    header = f"{'':34}{'code':>8}{'comments':>10}{'blank':>8}"
    print(header + (f"{commit[:10]:>12}{'now less':>10}" if commit else ""))
    for part in PARTS:
        total, was = Lines(), Lines()
        for room in sorted({room for found, room in (*now, *before) if found == part}):
            found, old = now.get((part, room), Lines()), before.get((part, room), Lines())
            total.add(found)
            was.add(old)
            show(f"  {room}", found, old if commit else None)
        show(part, total, was if commit else None)


def show(what: str, found: Lines, before: Lines | None) -> None:
    """Print a row: what there is, and the code that there was."""
    code, comments, blank = astuple(found)
    compared = "" if before is None else f"{before.code:>12,}{code - before.code:>+10,}"
    print(f"{what:34}{code:>8,}{comments:>10,}{blank:>8,}{compared}")


if __name__ == "__main__":
    main()
