"""Flags of where Redis is, for the commands that take the settings of the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_REDIS_URL = click.option(
    "--redis-url", metavar="URL", help="Where Redis is. [env: REDIS_URL; default: redis://redis:6379/0]"
)
_KEY_PREFIX = click.option(
    "--key-prefix", metavar="PREFIX", help="What every Redis key starts with. [default: quantum]"
)


def redis_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags to a command, which takes them among the settings that replace those of the environment."""
    return _REDIS_URL(_KEY_PREFIX(command))
