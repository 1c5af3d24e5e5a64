"""A checkout whose programs are measured: the one that measures, or another, of which nothing but programs is used."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

_SOURCES = ("protos", "server", "client")


@dataclass(frozen=True, slots=True)
class Checkout:
    """One state of the sources.

    Attributes:
        folder: its root.
        python: the interpreter with what it depends on.
    """

    folder: Path
    python: Path

    @property
    def environment(self) -> dict[str, str]:
        """What lets its interpreter import these sources, whatever else is installed for it."""
        return {"PYTHONPATH": ":".join(str(self.folder / source) for source in _SOURCES), "PYTHONUNBUFFERED": "1"}

    def server_command(self, *arguments: str) -> list[str]:
        """Return the command line of `strategic-memory-server` with these arguments."""
        return [str(self.python), "-m", "strategic_memory_server", *arguments]


OURS = Checkout(Path(__file__).resolve().parents[2], Path(sys.executable))
"""The checkout that measures."""


def checkout(text: str) -> Checkout:
    """Take another checkout by its folder, with its own `.venv` or, where it has none, the interpreter that runs here.

    Raises:
        argparse.ArgumentTypeError: the folder is none.
    """
    folder = Path(text).resolve()
    if not (folder / "server" / "strategic_memory_server" / "__main__.py").is_file():
        raise argparse.ArgumentTypeError(f"{text} is no checkout: it has no server/strategic_memory_server")
    own = folder / ".venv" / "bin" / "python"
    return Checkout(folder, own if own.is_file() else OURS.python)


def sides(against: Checkout | None) -> dict[str, Checkout]:
    """Return the checkouts to run in the same rounds, as "ours" and "theirs"."""
    return {"ours": OURS} if against is None else {"ours": OURS, "theirs": against}
