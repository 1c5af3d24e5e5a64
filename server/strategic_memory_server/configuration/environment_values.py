"""How the text of a variable is read, and what is told where it is none that can be."""

from __future__ import annotations

import re
import sys
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import ErrorDetails

from strategic_memory_server.advice.hysteresis import LONGEST_WAIT_S
from strategic_memory_server.memory.portfolio_name import NAME, WANTED
from strategic_memory_server.memory.shard import read_shard
from strategic_memory_server.memory.window_settings import MAX_WINDOW
from strategic_memory_server.process.event_loop import ASYNCIO, AUTO, UVLOOP, has_uvloop
from strategic_memory_server.redis_access.redis_location import read_location

_SHOWN = 40
"""So many characters of a wrong value are told."""

_ADDRESS = re.compile(r"(?P<host>[^\s:\[\]]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})", re.ASCII)


def read_address(value: str) -> str:
    """Check host:port."""
    matched = _ADDRESS.fullmatch(value)
    if not matched or int(matched["port"]) > 65_535:
        raise ValueError("give host:port, for example 127.0.0.1:50051; port 0 takes a free one")
    return value


def read_hosts(value: object) -> object:
    """Read names of hosts, separated by commas."""
    if not isinstance(value, str):
        return value
    hosts = tuple(host.strip() for host in value.split(",") if host.strip())
    if wrong := [host for host in hosts if not re.fullmatch(r"\*|[A-Za-z0-9._-]{1,253}", host)]:
        raise ValueError(f"{wrong[0]!r} is no name of a host; give names without ports, separated by commas, or *")
    return hosts


PUBLIC = ("metrics", "reflection", "admin")


def read_public(value: object) -> object:
    """Read what needs no identity, separated by commas."""
    if not isinstance(value, str):
        return value
    names = tuple(name.strip().lower() for name in value.split(",") if name.strip())
    if wrong := [name for name in names if name not in PUBLIC]:
        raise ValueError(
            f"{wrong[0]!r} is not known; there are {', '.join(PUBLIC[:-1])} and {PUBLIC[-1]}, separated by commas"
        )
    return names


def read_portfolios(value: object) -> object:
    """Read names of portfolios, separated by commas."""
    if not isinstance(value, str):
        return value
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    if wrong := [name for name in names if not NAME.fullmatch(name)]:
        raise ValueError(f"{wrong[0]!r} is no name of a portfolio; give names of {WANTED}, separated by commas")
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{twice[0]} is named twice")
    return names


def shard_value(value: object) -> object:
    """Read a share of the portfolios."""
    return read_shard(value) if isinstance(value, str) else value


def read_group(value: str) -> str:
    """Check the name of a group of portfolios; empty: none."""
    if value and not NAME.fullmatch(value):
        raise ValueError(f"{value!r} is no name of a group; give {WANTED}, or nothing")
    return value


def read_redis_url(value: str) -> str:
    """Check the location of Redis."""
    read_location(value)
    return value


def read_key_prefix(value: str) -> str:
    """Read the key prefix, with or without its colon."""
    prefix = value.rstrip(":")
    if not re.fullmatch(r"[\x21-\x7e]{1,128}", prefix):
        raise ValueError("give 1 to 128 printable ASCII characters without spaces, for example quantum")
    return prefix


def read_redis_key(value: str) -> str:
    """Check the name of one key."""
    if not re.fullmatch(r"[\x21-\x7e]{1,512}", value):
        raise ValueError("give 1 to 512 printable ASCII characters without spaces, for example quantum:portfolios")
    return value


MOST_WORKERS = 128


def read_workers(value: int) -> int:
    """Check that this machine can have several processes on a port."""
    if value > 1 and not sys.platform.startswith("linux"):
        raise ValueError(
            "more than one worker needs Linux, which spreads connections over the processes of a port; leave it out, "
            "or run several servers, each with addresses of its own"
        )
    return value


def read_event_loop(value: str) -> str:
    """Check that it is installed."""
    if value == UVLOOP and not has_uvloop():
        raise ValueError(
            f"uvloop is not installed: pip install 'strategic-memory[uvloop]', or say {ASYNCIO}, or {AUTO} for uvloop "
            "where it is installed"
        )
    return value


def what_is_wrong(error: ErrorDetails) -> str:
    """Say what is wrong with a value: in our words, which are told as they are, or in pydantic's with what came.

    None of the values that pydantic judges by itself is secret: they are numbers, and words of a list.
    """
    if error["type"] == "value_error":
        return error["msg"].removeprefix("Value error, ")
    given = repr(error["input"])
    return f"{error['msg']}; it is {given if len(given) <= _SHOWN else f'{given[:_SHOWN]}…'}"


def upper(value: object) -> object:
    """Return text in upper case."""
    return value.strip().upper() if isinstance(value, str) else value


def lower(value: object) -> object:
    """Return text in lower case."""
    return value.strip().lower() if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(read_address)]
Window = Annotated[int, Field(ge=1, le=MAX_WINDOW)]
Rate = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=MAX_WINDOW)]
RulesName = Annotated[Literal["reference", "evidence"], BeforeValidator(lower)]
RequiredProbability = Annotated[float, Field(ge=0.5, lt=1, allow_inf_nan=False)]
MinimumWeight = Annotated[float, Field(ge=0, le=MAX_WINDOW, allow_inf_nan=False)]
RiskAversion = Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)]
Switch = Annotated[Literal["off", "on"], BeforeValidator(lower)]
HeldResults = Annotated[int, Field(ge=0, le=MAX_WINDOW)]
HeldSeconds = Annotated[float, Field(ge=0, le=LONGEST_WAIT_S, allow_inf_nan=False)]
