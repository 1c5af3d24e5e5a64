"""A real Redis server that belongs to this process: for the demo, `serve --embedded-redis` and the tests."""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from strategic_memory_server.embedded.guarded_process import GuardedProcess
from strategic_memory_server.embedded.loopback_port import HOST, is_free
from strategic_memory_server.embedded.private_files import write_private
from strategic_memory_server.embedded.process_behind import process_id_behind
from strategic_memory_server.embedded.redis_binary import find_redis_server

# Below the range from which the kernel takes outgoing ports: a client that keeps trying to reconnect to a
# killed Redis could otherwise be given the very port as its own and occupy it (or connect to itself).
_PORTS = range(20_000, 32_000)
_PORT_ATTEMPTS = 10
_CONFIGURATION = "redis.conf"
_POLL_S = 0.01
_LOG_TAIL_LINES = 15
_NEWER_DATA_MARKS = ("Can't handle RDB format version", "Wrong signature trying to load DB")
_OF_ANOTHER_VERSION = (
    "Its data were written by another or a newer Redis or Valkey: start it with that program on PATH. "
)
_PORT_TAKEN_MARKS = ("Address already in use", "Failed listening on port")


class EmbeddedRedisError(RuntimeError):
    """The embedded Redis did not start; the message carries the end of its log."""


class Persistence(Enum):
    """What an embedded Redis keeps on disk."""

    NONE = "none"
    """Nothing: a restart begins empty."""
    EVERY_SECOND = "everysec"
    """An append-only file, flushed every second: a power failure loses up to a second of writes.

    SIGKILL of Redis loses none, but where the disk takes more than a second to flush: it keeps some two seconds back
    then.
    """
    ALWAYS = "always"
    """An append-only file, flushed before each answer: no acknowledged write is lost."""


class EmbeddedRedis:
    """A Redis server on 127.0.0.1 that lives no longer than this process.

    A terminal's Ctrl-C does not reach it; `stop`, `kill` and `close` do, and the end of this process, however
    it comes. Calls block for milliseconds, on a busy machine for seconds: from a running event loop, use
    `asyncio.to_thread`. Not thread-safe.
    """

    def __init__(
        self,
        *,
        binary: str | Path | None = None,
        port: int | None = None,
        earlier_port: int | None = None,
        directory: str | Path | None = None,
        persistence: Persistence = Persistence.NONE,
        password: str | None = None,
        inherited: Sequence[int] = (),
        start_timeout_s: float = 15.0,
    ) -> None:
        """Prepare a server without starting it.

        Without `port` the `earlier_port` is taken at the first start, or a free one where that is not free, and kept.
        Without `directory` a temporary one is made at the first start; `close` removes it, or at the latest the end of
        this process. A `password`, see `private_files.new_password`, is asked of everybody who connects; it is in files
        that nobody else may read. The server keeps the `inherited` files open, such as a lock on the directory, for as
        long as it runs.

        Raises RedisBinaryNotFoundError when there is no server program.
        """
        self._binary = find_redis_server(binary)
        self._port = port
        self._earlier_port = earlier_port
        self._directory = None if directory is None else Path(directory).resolve()
        self._remove_directory: weakref.finalize[..., EmbeddedRedis] | None = None
        self._persistence = persistence
        self.password = password
        """What is asked of everybody who connects; None: nothing."""
        self._inherited = inherited
        self._start_timeout_s = start_timeout_s
        self._process: GuardedProcess | None = None
        self.given_up = threading.Event()
        """Set by another thread: a `start` that waits ends with EmbeddedRedisError, and so does each one after it."""

    @property
    def port(self) -> int:
        """The TCP port, kept through restarts. Raises EmbeddedRedisError before the first start."""
        if self._port is None:
            raise EmbeddedRedisError("The embedded Redis has no port yet: start it first.")
        return self._port

    @property
    def url(self) -> str:
        """The URL for `REDIS_URL`, with the password. Raises EmbeddedRedisError before the first start."""
        # redis-cli takes a login without a user for that of a user without a name.
        login = f"default:{self.password}@" if self.password else ""
        return f"redis://{login}{HOST}:{self.port}/0"

    @property
    def pid(self) -> int:
        """The process id of the server. Raises EmbeddedRedisError while there is none."""
        if self._process is None:
            raise EmbeddedRedisError("The embedded Redis has no process: start it first.")
        return self._process.pid

    @property
    def directory(self) -> Path:
        """The folder of its data and its log. Raises EmbeddedRedisError before the first start."""
        if self._directory is None:
            raise EmbeddedRedisError("The embedded Redis has no directory yet: start it first.")
        return self._directory

    @property
    def log_path(self) -> Path:
        """The file that the server logs to. Raises EmbeddedRedisError before the first start."""
        return self.directory / "redis.log"

    @property
    def password_path(self) -> Path:
        """The file with the password, its only line. Raises EmbeddedRedisError before the first start."""
        return self.directory / "password"

    @property
    def running(self) -> bool:
        """Whether the server's process is there."""
        return self._process is not None and self._process.exit_code() is None

    def start(self) -> Self:
        """Start the server and wait until it answers; after `stop` or `kill`, on the same port and directory.

        Does nothing when it runs. Raises EmbeddedRedisError when it does not answer in time, or when a port
        that was asked for is taken.
        """
        if self.running:
            return self
        self.kill()
        self._prepare_directory()
        if self._port is None:
            self._port = self._start_on_free_port()
        else:
            self._start_on(self._port)
        return self

    def stop(self, timeout_s: float = 10.0) -> bool:
        """End the server in order, by force after `timeout_s`. Its directory stays for the next `start`.

        Returns whether it has ended in order, with all that it keeps on disk.
        """
        if self._process is None:
            return False
        self._process.terminate(timeout_s)
        code, self._process = self._process.exit_code(), None
        return code == 0

    def kill(self) -> None:
        """End the server as a crash would, with SIGKILL. Its directory stays for the next `start`."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def close(self) -> None:
        """Stop the server and remove the temporary directory, if it made one. May be called again."""
        self.stop()
        if self._remove_directory is not None:
            self._remove_directory()
            self._remove_directory = None
            self._directory = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _prepare_directory(self) -> None:
        try:
            if self._directory is None:
                made = tempfile.mkdtemp(prefix="strategic-memory-redis-")
                self._remove_directory = weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
                self._directory = Path(made)
            self._directory.mkdir(parents=True, exist_ok=True)
            if self.password is not None:
                write_private(self._directory / _CONFIGURATION, f"requirepass {self.password}")
                write_private(self._directory / "password", self.password)
            self.log_path.touch()
        except OSError as error:
            raise EmbeddedRedisError(
                "The embedded Redis needs a directory that can be written to, for its data and its log: "
                f"{error.strerror or error} ({self._directory or 'the directory for temporary files'}). "
                "Set TMPDIR to such a directory, or use a Redis that runs elsewhere (REDIS_URL)."
            ) from None

    def _start_on_free_port(self) -> int:
        for attempt in range(_PORT_ATTEMPTS - 1):
            port = self._earlier_port if attempt == 0 and self._earlier_port else _free_port()
            try:
                self._start_on(port)
            except _PortTakenError:
                continue
            return port
        port = _free_port()
        self._start_on(port)
        return port

    def _start_on(self, port: int) -> None:
        if not is_free(port):
            # Whoever listens there would be asked for its process id, and be told the password for that.
            raise _PortTakenError(f"No embedded Redis is started. Port {port} is taken: give another one, or none.")
        log_offset = self.log_path.stat().st_size if self.log_path.exists() else 0
        self._process = GuardedProcess(
            [str(self._binary), *self._arguments(port)],
            log_path=self.log_path,
            directory=self.directory,
            remove_with_parent=self._remove_directory is not None,
            inherited=self._inherited,
        )
        try:
            self._wait_until_it_answers(self._process, port, log_offset)
        except BaseException:
            self.kill()
            raise

    def _arguments(self, port: int) -> list[str]:
        # The password stands in the file: whoever is on this machine can read the arguments of a process.
        configuration = [] if self.password is None else [str(self.directory / _CONFIGURATION)]
        arguments = [*configuration, "--bind", HOST, "--protected-mode", "yes", "--port", str(port)]
        arguments += ["--daemonize", "no", "--save", "", "--dir", str(self.directory)]
        if self._persistence is Persistence.NONE:
            return [*arguments, "--appendonly", "no"]
        return [*arguments, "--appendonly", "yes", "--appendfsync", self._persistence.value]

    def _wait_until_it_answers(self, process: GuardedProcess, port: int, log_offset: int) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while process.exit_code() is None:
            if process_id_behind(HOST, port, self.password) == process.pid:
                return
            if self.given_up.is_set():
                raise EmbeddedRedisError("The embedded Redis was not waited for any longer.")
            if time.monotonic() > deadline and not self._is_loading(process, port):
                raise EmbeddedRedisError(
                    f"The embedded Redis ({self._binary}) did not answer on port {port} within "
                    f"{self._start_timeout_s:g} s. The end of its log:\n{self._log_tail(log_offset)}"
                )
            time.sleep(_POLL_S)
        tail = self._log_tail(log_offset)
        ended = f"The embedded Redis ({self._binary}) ended at once with exit code {process.exit_code()}."
        if any(mark in tail for mark in _PORT_TAKEN_MARKS):
            raise _PortTakenError(f"{ended} Port {port} is taken: give another one, or none. Its log:\n{tail}")
        hint = _OF_ANOTHER_VERSION if any(mark in tail for mark in _NEWER_DATA_MARKS) else ""
        raise EmbeddedRedisError(f"{ended} {hint}The end of its log:\n{tail}")

    def _is_loading(self, process: GuardedProcess, port: int) -> bool:
        """Tell whether it is there and still reads its data, with which it would begin anew at the next start."""
        return process_id_behind(HOST, port, self.password, may_load=True) == process.pid

    def last_words(self) -> str:
        """Say how the process has ended, with the end of its log."""
        code = None if self._process is None else self._process.exit_code()
        return f"It ended with exit code {code}. The end of its log:\n{self._log_tail(0)}"

    def _log_tail(self, offset: int) -> str:
        lines = self.log_path.read_bytes()[offset:].decode(errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL_LINES:]) or "(it wrote nothing)"


class _PortTakenError(EmbeddedRedisError):
    """Something else listens on the port."""


def _free_port() -> int:
    choice = random.SystemRandom()
    for port in (choice.choice(_PORTS) for _ in range(200)):
        if is_free(port):
            return port
    raise EmbeddedRedisError(f"No free port between {_PORTS.start} and {_PORTS.stop} was found on {HOST}.")
