"""A child process that does not outlive this one, however this one ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

# The shell becomes the program (`exec`), so that the process started is the program itself. What the shell
# leaves behind, the watcher, waits for the end of the pipe that only our process holds open: when we are
# gone, even by SIGKILL, it ends the program: in order where its directory stays, since it may hold writes back.
# Nobody else can be given the number $$ meanwhile: it still names the process group of the watcher.
# The ten seconds are those of a clock, not a number of looks, of which each takes long on a busy machine: whoever takes
# the directory next waits for the watcher, too. 0 names its process group, which is that of the program.
_GUARDED_START = """
exec 3<&0 </dev/null
(
    read -r nothing <&3
    if [ -n "$REMOVE_WITH_PARENT" ]; then
        kill -9 $$
        exec rm -rf -- "$REMOVE_WITH_PARENT"
    fi
    kill -15 $$
    (sleep 10; kill -9 0) &
    while kill -0 $$; do sleep 0.1; done
    kill -9 0
) >/dev/null 2>&1 &
exec 3<&- "$@"
"""


class GuardedProcess:
    """A program that is ended when this process is gone, even when this process was killed itself.

    It gets SIGTERM then, and SIGKILL when it is still there after ten seconds; at once where its directory goes too.

    It has a session of its own, so that a terminal's Ctrl-C does not reach it. No Python code runs between
    fork and exec (no `preexec_fn`), which keeps the start safe in a process that runs gRPC threads.
    """

    def __init__(
        self,
        program: Sequence[str],
        *,
        log_path: Path,
        directory: Path,
        remove_with_parent: bool,
        inherited: Sequence[int] = (),
    ) -> None:
        """Start `program` in `directory`, with its output appended to `log_path` and the `inherited` files open.

        With `remove_with_parent`, the directory is removed too when this process ends without `terminate` or
        `kill`. Raises OSError when `/bin/sh` cannot be started; a program that cannot be run shows as exit
        code 126 or 127.
        """
        removed = str(directory) if remove_with_parent else ""
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  a fixed shell text; the program is an argument of it
                ["/bin/sh", "-c", _GUARDED_START, "guarded-process", *program],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env={**os.environ, "REMOVE_WITH_PARENT": removed},
                start_new_session=True,
                pass_fds=inherited,
            )

    @property
    def pid(self) -> int:
        """The process id of the program."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def terminate(self, timeout_s: float) -> None:
        """Send SIGTERM, and SIGKILL when the program is still there after `timeout_s`. May be repeated."""
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._dismiss_watcher()

    def kill(self) -> None:
        """Send SIGKILL and wait for the end. May be repeated."""
        self._process.kill()
        self._dismiss_watcher()

    def _dismiss_watcher(self) -> None:
        self._process.wait()
        if self._process.stdin is None or self._process.stdin.closed:
            return
        # The watcher has to end before the pipe does: otherwise it would remove the directory.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.stdin.close()
