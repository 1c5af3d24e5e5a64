"""EachChange: runs a program for each advice, one at a time; of those that come meanwhile the newest alone is told."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC
from time import monotonic
from types import TracebackType
from typing import Self

from strategic_memory_client.cli.json_lines import delivered_feedback_json, json_line
from strategic_memory_client.streams.disconnections import Disconnections
from strategic_memory_client.values.results import Feedback

_LONG_RUN_S = 60.0


class EachChange:
    """Use as a context: at its end the advice that came last has been told.

    Args:
        command: the program with its arguments, quoted as for a shell; no shell runs it.
        complain: is told of a program that fails, or runs for long when newer advice comes.

    Raises:
        ValueError: there is no such program.
    """

    def __init__(self, command: str, complain: Callable[[str], None]) -> None:
        self._command = shlex.split(command)
        if not self._command or shutil.which(self._command[0]) is None:
            raise ValueError(f"{command!r} is no program that can be found")
        self._complain = complain
        self._waiting: Feedback | None = None
        self._running: Feedback | None = None
        self._began_s = 0.0
        self._outage = Disconnections()
        self._is_over = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="each-change", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify()
        if kind is not KeyboardInterrupt:
            self._thread.join()

    def notify(self, advice: Feedback) -> None:
        """Have the program run with this advice once it is done with the one before."""
        with self._changed:
            self._waiting = advice
            self._changed.notify()
        self._tell_of_long_run()

    def _tell_of_long_run(self) -> None:
        """Tell where newer advice waits for a run that has lasted for long, at most once an hour."""
        with self._changed:
            running, now_s = self._running, monotonic()
            is_long = self._waiting is not None and now_s - self._began_s >= _LONG_RUN_S
            is_told = running is not None and is_long and self._outage.is_to_be_told(now_s)
        if running is not None and is_told:
            self._complain(
                f"{self._command[0]} still runs with revision {running.revision}, and newer advice waits for its end"
            )

    def _run(self) -> None:
        while True:
            with self._changed:
                self._running = None
                if self._waiting is None:
                    self._outage.heard()
                self._changed.wait_for(lambda: self._is_over or self._waiting is not None)
                advice, self._waiting = self._waiting, None
                self._running, self._began_s = advice, monotonic()
            if advice is None:
                return
            # What came before it was long is told of then; nothing else may come.
            timer = threading.Timer(_LONG_RUN_S, self._tell_of_long_run)
            timer.daemon = True
            timer.start()
            try:
                self._run_with(advice)
            finally:
                timer.cancel()
                timer.join()

    def _run_with(self, advice: Feedback) -> None:
        line = json_line(delivered_feedback_json(advice)) + "\n"
        try:
            done = subprocess.run(  # noqa: S603 - it is the user's own, and no shell reads it
                self._command, input=line, text=True, env=os.environ | variables_of(advice), check=False
            )
        except BrokenPipeError:
            return  # it reads no input, which it need not
        except OSError as error:
            self._complain(f"{self._command[0]} cannot be run: {error.strerror or error}")
            return
        except ValueError as error:
            # The environment of a process takes no text that the locale cannot write.
            self._complain(f"{self._command[0]} cannot be told of revision {advice.revision}: {error}")
            return
        if done.returncode:
            self._complain(f"{self._command[0]} ended with {done.returncode} at revision {advice.revision}")


def variables_of(advice: Feedback) -> dict[str, str]:
    """Return what the program finds in its environment; what is not known is empty."""
    until = advice.valid_until
    return {
        "SM_PORTFOLIO": advice.portfolio,
        "SM_STATUS": advice.status.value,
        "SM_POLICY": advice.updated_policy.value,
        "SM_LEVERAGE": repr(advice.leverage_hint),
        "SM_CONFIDENCE": repr(advice.confidence_boost),
        "SM_PREFERRED_REGIME": advice.preferred_regime,
        "SM_CURRENT_REGIME": advice.current_regime,
        "SM_REVISION": str(advice.revision),
        "SM_EPOCH": advice.epoch,
        "SM_VALID_UNTIL": "" if until is None else until.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
