"""The folder in which an embedded Redis keeps its data from one start of the service to the next."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import threading
import time
from pathlib import Path
from typing import Self

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedisError
from strategic_memory_server.embedded.private_files import new_password, write_private

_LOCK, _PASSWORD, _URL, _PORT, _LAST, _RUN = "lock", "password", "redis.env", "port", "last-run", "redis-run"
_NOT_IN_IT = "\"'/?#%[]"
"""Signs that mean something else in the configuration of Redis, or in a URL."""
_USABLE = re.compile(rf"(?:(?![{re.escape(_NOT_IN_IT)}])[!-~]){{1,512}}")
_HIGHEST_PORT = 65_535
_IN_ORDER = "stopped in order"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_LEFT_WITHIN_S = 30.0
"""Much longer than a Redis is given to end in order, once its service is gone: what ends it may stand still as well."""
_POLL_S = 0.05


class KeptFolder:
    """A folder that one service at a time uses, with the password of its Redis.

    The lock is a file that is locked, not one that is there: it ends with the processes that hold it, however they end.
    The Redis holds it as well, so that no second one is started on files that a first one has yet to let go of.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: int | None = None
        self.given_up = threading.Event()
        """Set: `open` waits no longer for whoever has it."""
        self.password = ""
        self.lost_nothing = False
        """Whether Redis holds what it had acknowledged: it was stopped in order, or the machine has run on since.

        Redis hands each write to the kernel before it answers, and the kernel outlives every process; what it keeps
        back while a slow disk flushes is gone with it. `said` tells whether anything of that was served.
        """

    @property
    def history_file(self) -> Path:
        """Where the service keeps what it has said, see `KeptHistory`; `said-alpha` is of the portfolio alpha."""
        return self.path / "said"

    @property
    def lock(self) -> int:
        """The file descriptor of the lock, for the Redis to inherit. Raises EmbeddedRedisError before `open`."""
        if self._lock is None:
            raise EmbeddedRedisError(f"{self.path} is not open.")
        return self._lock

    def open(self) -> Self:
        """Make the folder if there is none, take it, and read its password or make one. May take seconds.

        Raises EmbeddedRedisError when another service has it, or when it cannot be written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._take(self._lock)
            self.password = self._password() or new_password()
            self.lost_nothing = self._line_of(_LAST) in {_IN_ORDER, _boot_id() or _IN_ORDER}
            if not self.lost_nothing:
                # It may have lost as much as Redis has. This start may come no further than the note, and the next one
                # finds that the machine has run on since: nothing may be left by which it would vouch for the logs.
                for vouches in (self.path / _RUN, *self.path.glob(f"{self.history_file.name}*")):
                    vouches.unlink(missing_ok=True)
            self._note(_boot_id())
        except OSError as error:
            self.close()
            raise EmbeddedRedisError(
                f"{self.path} cannot hold the data of an embedded Redis: {error.strerror or error}. "
                "Give a folder that can be written to: --embedded-redis FOLDER"
            ) from None
        except EmbeddedRedisError:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Let the folder go. May be called again."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def stopped_in_order(self) -> None:
        """Note that Redis has ended by itself, all on disk."""
        self._note(_IN_ORDER)

    def write_address(self, url: str, port: int) -> None:
        """Write the URL of the running Redis where the owner alone can read it, as a line that a shell can source.

        The port stands beside it, for the next start.
        """
        write_private(self.path / _URL, f"REDIS_URL={shlex.quote(url)}")
        write_private(self.path / _PORT, str(port))

    def earlier_port(self) -> int | None:
        """Return the port of the start before, by which producers may still know it; None where there is none."""
        written = self._line_of(_PORT)
        return int(written) if written.isdecimal() and 0 < int(written) <= _HIGHEST_PORT else None

    def runs_in(self, run_id: str) -> frozenset[str]:
        """Note the id of the Redis that runs now; give those under which its logs may have been written before.

        All of them stay noted until `logs_are_of`: a start may end while it writes the new one into the logs.
        """
        earlier = frozenset(self._line_of(_RUN).split())
        write_private(self.path / _RUN, " ".join(sorted({*earlier, run_id})))
        return earlier

    def logs_are_of(self, run_id: str) -> None:
        """Note that no log that goes on is under another id any more."""
        write_private(self.path / _RUN, run_id)

    def shell_line(self, port: int) -> str:
        """Return a line that sets REDIS_URL in a shell of the owner, without the password in it."""
        password = shlex.quote(str(self.path / _PASSWORD))
        return f'export REDIS_URL="redis://default:$(cat {password})@127.0.0.1:{port}/0"'

    def _note(self, last_run: str) -> None:
        write_private(self.path / _LAST, last_run)

    def _password(self) -> str:
        """Return the password that is kept; empty for none. What Redis cannot take it would show in its refusal."""
        password = self._line_of(_PASSWORD)
        if password and not _USABLE.fullmatch(password):
            raise EmbeddedRedisError(
                f"{self.path / _PASSWORD} holds what can be no password here: one line of at most 512 letters, digits "
                f"and signs of ASCII, without spaces and none of {_NOT_IN_IT}. Delete the file for a new one."
            )
        return password

    def _line_of(self, name: str) -> str:
        try:
            return (self.path / name).read_text(errors="replace").strip()
        except FileNotFoundError:
            return ""

    def _take(self, lock: int) -> None:
        deadline = time.monotonic() + _LEFT_WITHIN_S
        while not _locked(lock):
            holder = os.pread(lock, 32, 0).decode(errors="replace").strip()
            # A Redis whose service was killed is about to end, and so is what forks of one that this process had hold.
            is_over = time.monotonic() > deadline or self.given_up.is_set()
            if is_over or (holder != str(os.getpid()) and _is_there(holder)):
                raise EmbeddedRedisError(
                    f"{self.path} is in use by another strategic-memory-server, process {holder or 'unknown'}. "
                    "Stop that one, or give another folder; several services share one Redis by REDIS_URL."
                )
            self.given_up.wait(_POLL_S)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _boot_id() -> str:
    """Return what names the present run of the kernel; empty where it does not tell."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _locked(lock: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _is_there(process_id: str) -> bool:
    if not process_id.isdigit():
        return False
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
