"""Real demo processes for tests."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import redis
from commands import start
from processes import eventually, service_environment
from warm_processes import Copied

PORT_OF_REDIS = re.compile(r"redis-cli -p (\d+) -a (\S+) ")


@dataclass
class Demo:
    """A running demo whose output goes to files."""

    process: Copied | subprocess.Popen[bytes]
    folder: Path
    _redis_pid: int | None = None

    def stdout(self) -> str:
        return (self.folder / "stdout").read_text()

    def stderr(self) -> str:
        return (self.folder / "stderr").read_text()

    def shows(self, text: str, within_s: float = 30.0) -> None:
        eventually(lambda: text in self.stdout(), within_s, what=f"{text!r} in\n{self.stdout()}{self.stderr()}")

    def redis_pid(self) -> int:
        """The process id of its Redis, asked while it runs."""
        if self._redis_pid is None:
            # Where two are said before the demo has looked, the newest alone is shown.
            self.shows("  revision ")
            self._redis_pid = self.redis_pid_now()
            assert self._redis_pid is not None
        return self._redis_pid

    def redis_pid_now(self, other_than: int | None = None) -> int | None:
        """The process id of its Redis just now; None while none answers, or still the one that is named."""
        port = PORT_OF_REDIS.search(self.stdout())
        assert port is not None
        try:
            with redis.Redis(port=int(port[1]), password=port[2]) as client:
                found = int(client.info("server")["process_id"])
        except redis.ConnectionError:
            return None
        return None if found == other_than else found

    def ends(self, within_s: float = 30.0) -> int:
        return self.process.wait(within_s)

    def commands(self) -> list[str]:
        lines = self.stdout().split("Try in another terminal:\n")[1].split("\n\n")[0].splitlines()
        return [line.strip() for line in lines if line.startswith("  ")]


class StartDemo:
    """Starts demos and ends what is left of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._demos: list[Demo] = []

    def __call__(self, *arguments: str) -> Demo:
        folder = self._folder / f"demo-{len(self._demos)}"
        folder.mkdir()
        with (
            Path(os.devnull).open("rb") as stdin,
            (folder / "stdout").open("wb") as stdout,
            (folder / "stderr").open("wb") as stderr,
        ):
            streams = (stdin.fileno(), stdout.fileno(), stderr.fileno())
            process = start(("strategic-memory-server", "demo", *arguments), service_environment({}), streams)
        self._demos.append(Demo(process, folder))
        return self._demos[-1]

    def end_all(self) -> None:
        for demo in self._demos:
            demo.process.kill()
            demo.process.wait()


def summary(demo: Demo) -> dict[str, str]:
    lines = demo.stdout().rstrip().splitlines()[-6:]
    return {name: rest for name, _, rest in (re.sub(r"\s{2,}", "  ", line).partition("  ") for line in lines)}
