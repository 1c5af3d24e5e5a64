"""The screens of docs/replay.md are what the command prints; run as a program, this writes them anew."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import commands
import pytest
from processes import REPOSITORY
from records.expected import EXPORTS

DOCS = REPOSITORY / "docs" / "replay.md"
SHOWN = ("backtesting.csv", "freqtrade.zip", "nautilus_trader.csv", "vectorbt.csv", "jesse.csv")
SECONDS = re.compile(r"replayed in [0-9.]+ s")
SCREENS = re.compile(r"(?<=<!-- screens -->\n).*(?=<!-- end of the screens -->)", re.DOTALL)

pytestmark = pytest.mark.system


def screen_of(name: str, folder: Path) -> str:
    """What is seen on a terminal where a file is replayed, without how long it took."""
    shutil.copy(EXPORTS / name, folder / name)
    ended = commands.run("strategic-memory-server", "replay", name, folder=folder)
    assert ended.code == 0, ended.err
    said = SECONDS.sub("replayed in 0.1 s", ended.out)
    return f"```console\n$ strategic-memory-server replay {name}\n{said}```\n"


def screens(folder: Path) -> str:
    return "\n" + "\n".join(screen_of(name, folder) for name in SHOWN) + "\n"


def test_the_screens_are_what_the_command_prints(tmp_path: Path) -> None:
    (documented,) = SCREENS.findall(DOCS.read_text())
    assert documented == screens(tmp_path), f"write them anew: python {Path(__file__).relative_to(REPOSITORY)}"


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        written = screens(Path(folder))
    DOCS.write_text(SCREENS.sub(lambda _: written, DOCS.read_text()))
    sys.stdout.write(written)
