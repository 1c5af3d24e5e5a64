"""RedisProcess: one redis-server in any of its roles, with a configuration file of its own, on loopback."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from faults.free_ports import HOST
from redis.backoff import NoBackoff
from redis.retry import Retry

from strategic_memory_server.embedded.guarded_process import GuardedProcess
from strategic_memory_server.embedded.redis_binary import find_redis_server

_POLL_S = 0.01
_CONFIGURATION = "redis.conf"
_LOG = "redis.log"
_TAIL_LINES = 15


class RedisProcessError(ConnectionError):
    """A Redis is not there, or did not do what it was told in time; the message carries the end of its log."""


class RedisProcess:
    """Starts at once, and lives no longer than this process.

    Args:
        folder: for its configuration, its data and its log; made when it is not there.
        port: where it listens on loopback.
        configuration: lines of its configuration, besides the port.
        arguments: arguments of the program after the configuration file, such as "--sentinel".
        start_within_s: how long it may take to answer, seconds.
        program: the server program; without it, the one that `find_redis_server` finds.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        configuration: Sequence[str] = (),
        arguments: Sequence[str] = (),
        start_within_s: float = 30.0,
        program: Path | None = None,
    ) -> None:
        self.port = port
        self._folder = folder
        self._arguments = tuple(arguments)
        self._start_within_s = start_within_s
        self._program = program
        self._process: GuardedProcess | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"bind {HOST}", f"port {port}", f'dir "{folder}"', "protected-mode yes", *configuration]
        (folder / _CONFIGURATION).write_text("\n".join(lines) + "\n")
        self.start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return HOST, self.port

    @property
    def url(self) -> str:
        """URL of its first database."""
        return f"redis://{HOST}:{self.port}/0"

    @property
    def pid(self) -> int:
        """The process id. Raises RedisProcessError while there is no process."""
        if self._process is None:
            raise RedisProcessError(f"the Redis on port {self.port} does not run: start it first")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.exit_code() is None

    def start(self) -> None:
        """Start it again after `kill`, with the configuration that it has left, and wait until it answers.

        Does nothing when it runs.

        Raises:
            RedisProcessError: it ended, or did not answer in time.
        """
        if self.running:
            return
        program = [str(find_redis_server(self._program)), str(self._folder / _CONFIGURATION), *self._arguments]
        self._process = GuardedProcess(
            program, log_path=self._folder / _LOG, directory=self._folder, remove_with_parent=False
        )
        try:
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End it with SIGKILL and wait. May be called again."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def client(self) -> redis.Redis:
        """Return a client that answers in text and fails at once instead of trying again."""
        return redis.Redis(
            host=HOST,
            port=self.port,
            socket_timeout=10.0,
            socket_connect_timeout=10.0,
            decode_responses=True,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
        )

    def log_tail(self) -> str:
        """Return the end of its log, for messages."""
        lines = (self._folder / _LOG).read_text(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:]) or "(it wrote nothing)"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _wait_until_it_answers(self, process: GuardedProcess) -> None:
        deadline = time.monotonic() + self._start_within_s
        while process.exit_code() is None:
            if self._answers(process.pid):
                return
            if time.monotonic() > deadline:
                why = f"did not answer within {self._start_within_s:g} s"
                raise RedisProcessError(f"the Redis on port {self.port} {why}:\n{self.log_tail()}")
            time.sleep(_POLL_S)
        raise RedisProcessError(
            f"the Redis on port {self.port} ended with exit code {process.exit_code()}:\n{self.log_tail()}"
        )

    def _answers(self, pid: int) -> bool:
        """Whether it is this process that answers, and no stranger that has taken the port.

        One that still reads its data from the disk answers INFO, and refuses everything else.
        """
        try:
            with self.client() as client:
                return bool(client.ping()) and int(client.info("server")["process_id"]) == pid
        except (redis.RedisError, OSError):
            return False
