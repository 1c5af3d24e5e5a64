"""Reads a Dockerfile as far as the tests need it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import cast


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: the stage it belongs to ("build", or its number from 0), its keyword, the rest."""

    stage: str
    keyword: str
    rest: str

    @property
    def arguments(self) -> list[str]:
        """The words of the rest: of a JSON array its items, otherwise as a shell splits them."""
        if self.rest.startswith("["):
            return cast("list[str]", json.loads(self.rest))
        return shlex.split(self.rest)


def read_dockerfile(path: Path) -> list[Instruction]:
    """Read every instruction in order, continued lines joined and comments left out."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    instructions: list[Instruction] = []
    stages = 0
    stage = ""
    for line in filter(None, map(str.strip, joined.splitlines())):
        keyword, rest = line.split(maxsplit=1)
        if keyword == "FROM":
            words = rest.split()
            stage = words[2] if len(words) == 3 else str(stages)
            stages += 1
        instructions.append(Instruction(stage, keyword, rest))
    return instructions
