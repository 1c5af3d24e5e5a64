"""Whether the Redis of this machine can be a sentinel or a node of a cluster, found out by trying."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from faults.free_ports import free_port
from faults.redis_process import RedisProcess, RedisProcessError

from strategic_memory_server.embedded.redis_binary import RedisBinaryNotFoundError


@cache
def why_no_sentinel() -> str:
    """Say why this Redis cannot be a sentinel; "" when it can."""
    monitor = f"sentinel monitor probe 127.0.0.1 {free_port()} 1"
    return _why_not((monitor,), ("--sentinel",))


@cache
def why_no_cluster() -> str:
    """Say why this Redis cannot be a node of a cluster; "" when it can."""
    return _why_not(("cluster-enabled yes",), ())


def _why_not(configuration: tuple[str, ...], arguments: tuple[str, ...]) -> str:
    try:
        with TemporaryDirectory() as folder, RedisProcess(Path(folder), free_port(), configuration, arguments):
            return ""
    except (RedisProcessError, RedisBinaryNotFoundError) as error:
        return str(error)
