"""The command lines that a demo offers to try, with the ports it really has."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from strategic_memory_server.embedded.redis_binary import find_redis_cli

_SERVICE = "strategic_memory.v1.StrategicMemoryService"
_GET_GRPCURL = (
    "grpcurl is not on PATH. Get it with `brew install grpcurl`, or with Go: "
    "`go install github.com/fullstorydev/grpcurl/cmd/grpcurl@latest`."
)
_GET_REDIS_CLI = "redis-cli was not found. Get it with `apt install redis-tools` or `brew install redis`."


@dataclass(frozen=True, slots=True)
class DemoAddresses:
    """Where the parts of a running demo listen."""

    grpc: str
    """Host and port."""
    http: str
    """Host and port."""
    redis_port: int
    prefix: str
    """Prefix of the keys in Redis."""
    redis_password: str | None = field(default=None, repr=False)
    """Lives no longer than the demo."""


def command_lines(addresses: DemoAddresses) -> list[str]:
    """Return the commands to try, each ready to be pasted into another terminal."""
    login = f" -a {shlex.quote(addresses.redis_password)} --no-auth-warning" if addresses.redis_password else ""
    found = find_redis_cli()
    redis_cli = f"{found.name if found else 'redis-cli'} -p {addresses.redis_port}{login}"
    grpcurl = f"grpcurl -plaintext {addresses.grpc} {_SERVICE}"
    return [
        f"{grpcurl}/GetFeedback",
        f"{grpcurl}/StreamFeedback",
        f"{grpcurl}/Analyze",
        f"{redis_cli} GET {addresses.prefix}:feedback:strategic_memory",
        f"{redis_cli} XREVRANGE {addresses.prefix}:stream:strategic_feedback + - COUNT 3",
        f"{redis_cli} SUBSCRIBE {addresses.prefix}:events:strategic_feedback",
        f"curl -s http://{addresses.http}/health",
        f"{_own_command('strategic-memory')} watch --address {addresses.grpc}",
    ]


def missing_tools() -> list[str]:
    """Say for each tool of the command lines that is not there how to get it."""
    missing = []
    if shutil.which("grpcurl") is None:
        missing.append(_GET_GRPCURL)
    if find_redis_cli() is None:
        missing.append(_GET_REDIS_CLI)
    return missing


def _own_command(name: str) -> str:
    beside_python = Path(sys.executable).parent / name
    if shutil.which(name) is None and beside_python.exists():
        return str(beside_python)
    return name
