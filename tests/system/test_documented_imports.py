"""The screen of docs/producers.md is what an import prints; run as a program, this writes it anew."""

from __future__ import annotations

import os
import random
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import commands
import pytest
from patient_redis import PATIENT
from processes import REPOSITORY

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

DOCS = REPOSITORY / "docs" / "producers.md"
SCREEN = re.compile(r"(?<=<!-- screen of an import -->\n).*(?=<!-- end of the screen -->)", re.DOTALL)
START = datetime(2025, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.system


def write_past(folder: Path) -> None:
    """Write a year of regimes, one a day, and some trades within it."""
    source = random.Random(1)
    days = [f"{START + timedelta(days=day):%Y-%m-%d},{'BULL' if day // 30 % 2 else 'BEAR'}" for day in range(365)]
    (folder / "regimes.csv").write_text("\n".join(["date,regime", *days]) + "\n")
    rows = []
    for number in range(250):
        opened = START + timedelta(hours=34 * number + 10)
        closed = opened + timedelta(hours=source.randint(1, 20))
        policy = source.choice(("CONSERVATIVE", "BALANCED", "AGGRESSIVE"))
        rows.append(f"{number + 1},{opened:%Y-%m-%d %H:%M},{closed:%Y-%m-%d %H:%M},{source.gauss(0.1, 1):.2f},{policy}")
    (folder / "trades.csv").write_text("\n".join(["trade_id,opened,time,pnl,policy", *rows]) + "\n")


def screen_of(redis_url: str, folder: Path) -> str:
    """What is seen on a terminal where the past is imported, once without writing it."""
    write_past(folder)
    said = []
    for flags in (["--dry-run"], []):
        command = ["strategic-memory-server", "import", "trades.csv", "regimes.csv", *flags]
        ended = commands.run(*command, "--redis-url", redis_url, environment={**os.environ, **PATIENT}, folder=folder)
        assert ended.code == 0, ended.err
        said.append(f"$ {' '.join(command)}\n{ended.out}")
    return f"```console\n{''.join(said)}```\n"


def test_the_screen_is_what_the_command_prints(fresh_redis: EmbeddedRedis, tmp_path: Path) -> None:
    (documented,) = SCREEN.findall(DOCS.read_text())
    again = f"write it anew: python {Path(__file__).relative_to(REPOSITORY)} redis://..., an empty Redis"
    assert documented == screen_of(fresh_redis.url, tmp_path), again


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        written = screen_of(sys.argv[1], Path(folder))
    DOCS.write_text(SCREEN.sub(lambda _: written, DOCS.read_text()))
    sys.stdout.write(written)
