"""The commands that README.md and docs/*.md show, as a reader copies them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from processes import REPOSITORY

OF_COMMANDS = ("console", "sh")
OF_NO_COMMANDS = ("acl", "json", "mermaid", "python", "text", "toml", "yaml")
"""What is no command: a user of Redis, data, pictures, programs (tests of their own), and sentences."""

_FENCE = re.compile(r"\s*(?:```|~~~)(\S*)")
_VARIABLES = re.compile(r"(?:[A-Za-z_]\w*=\S*\s+)*")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=\S*$")
_INDENTED = re.compile(r" {4}(?=(?:[A-Z_]+=\S+ )*[a-z][a-z0-9_-]*(?: |$))")
"""An indented line whose first word could be the name of a program; others are output and formulas."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a page.

    Attributes:
        place: file and line.
        text: as shown, without the prompt, on one line.
        before: assignments of the same block, such as `S=...`, that it may refer to.
    """

    place: str
    text: str
    before: str = ""

    @property
    def words(self) -> list[str]:
        """The words, without variables in front of them and without the comment."""
        return shlex.split(_VARIABLES.sub("", self.text, count=1), comments=True)

    @property
    def programs(self) -> set[str]:
        """The program, and those that its output goes through."""
        words = ["|", *self.words]
        return {word for pipe, word in pairwise(words) if pipe == "|"}


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive lines with one fence, or indented ones; `kind` is what the fence says, "indented" without one."""

    page: str
    line: int
    kind: str
    lines: tuple[str, ...]

    def commands(self) -> Iterator[Command]:
        """Each command: after a prompt in a console, each line elsewhere. A backslash at the end joins lines."""
        before, shown = "", iter(enumerate(self.lines, self.line))
        for number, line in shown:
            if self.kind == "console" and not line.startswith("$ "):
                continue
            text = line.removeprefix("$ ")
            while text.endswith("\\"):
                text = f"{text[:-1].rstrip()} {next(shown)[1].strip()}"
            if self.kind == "console" and _ASSIGNMENT.match(text):
                before += f"{text}; "
            elif text and not text.startswith("#") and not _ASSIGNMENT.match(text):
                yield Command(f"{self.page}:{number}", text, before)


def blocks() -> list[Block]:
    """Every block with a fence, and every indented one whose lines could be commands."""
    pages = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
    return [block for page in pages for block in _blocks_of(str(page.relative_to(REPOSITORY)), page)]


def _blocks_of(name: str, page: Path) -> Iterator[Block]:
    kind, begin, inside = "", 0, list[str]()
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fence = _FENCE.match(line)
        if fence and not begin:
            kind, begin, inside = fence[1], number + 1, []
        elif fence:
            yield Block(name, begin, kind, tuple(inside))
            begin = 0
        elif begin:
            inside.append(line)
        elif _INDENTED.match(line):
            yield Block(name, number, "indented", (line.strip(),))


def commands() -> list[Command]:
    """Every command, in the order of the pages."""
    return [each for block in blocks() if block.kind in (*OF_COMMANDS, "indented") for each in block.commands()]
