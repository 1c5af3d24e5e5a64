"""How `serve` ends: what a failure is on the command line."""

from __future__ import annotations

from strategic_memory_server.configuration.environment import SettingsError
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedisError
from strategic_memory_server.embedded.redis_binary import RedisBinaryNotFoundError
from strategic_memory_server.faults.errors import BrokenServiceError, ListenError
from strategic_memory_server.workers.worker_process import WorkerFailedError

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_WRONG_SETTING = 2
EXIT_NO_REDIS = 3

FAILURES = (
    SettingsError,
    RedisBinaryNotFoundError,
    ListenError,
    EmbeddedRedisError,
    BrokenServiceError,
    WorkerFailedError,
)
"""What is told in one sentence."""


def exit_code_of(failure: Exception) -> int:
    """Return the exit code for one of `FAILURES`."""
    if isinstance(failure, WorkerFailedError):
        return failure.code
    if isinstance(failure, SettingsError):
        return EXIT_WRONG_SETTING
    return EXIT_NO_REDIS if isinstance(failure, RedisBinaryNotFoundError) else EXIT_FAILED
