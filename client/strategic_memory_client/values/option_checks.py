"""Checks of what a program gives as settings. What cannot work is a ValueError that names the setting."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable
from ipaddress import ip_address
from numbers import Integral, Real

SHORTEST_HEARTBEAT_S, LONGEST_HEARTBEAT_S = 0.1, 3600.0
"""What the service accepts as a heartbeat interval."""

LONGEST_S = 365 * 86_400.0
"""Longest time that any setting may be; what is longer is a mistake of unit."""


LONGEST_TOKEN = 512
_PORTFOLIO = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_IN_A_TOKEN = frozenset(map(chr, range(0x21, 0x7F)))


def checked_number(name: str, value: object) -> float:
    """Return a finite number as a float; raise ValueError for anything else."""
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, Real) else float(value)
    except OverflowError:
        raise ValueError(f"{name} must be a finite number, is too large for one") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number, is {value!r}")
    return number


def checked_seconds(name: str, value: object, *, lowest_s: float = 0.0, highest_s: float = LONGEST_S) -> float:
    """Return a time in seconds; raise ValueError unless it is above 0 and within the limits."""
    seconds = checked_number(name, value)
    if lowest_s > 0 and not lowest_s <= seconds <= highest_s:
        raise ValueError(f"{name} must be from {lowest_s:g} to {highest_s:g} s, is {seconds:g}")
    if not 0 < seconds <= highest_s:
        raise ValueError(f"{name} must be above 0 and at most {highest_s:g} s, is {seconds:g}")
    return seconds


def checked_text(name: str, value: object) -> str:
    """Return a text; raise ValueError for anything else."""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text, is {value!r}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{name} must be a text that can be sent as UTF-8, is {value!r}")
    return value


def checked_file(name: str, value: object) -> None:
    """Raise ValueError for what is no path of a file, such as the content of one; None is none."""
    if value is None or isinstance(value, os.PathLike) or (isinstance(value, str) and "\0" not in value):
        return
    raise ValueError(f"{name} must be the path of a file, is {type(value).__name__}")


def checked_flag(name: str, value: object) -> bool:
    """Return True or False; raise ValueError for anything else."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, is {value!r}")
    return value


def checked_count(name: str, value: object, *, lowest: int = 1, highest: int = 2**31 - 1) -> int:
    """Return a whole number; raise ValueError unless it is within the limits."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not lowest <= int(value) <= highest:
        raise ValueError(f"{name} must be a whole number from {lowest} to {highest}, is {value!r}")
    return int(value)


def checked_heartbeat_interval(value: object) -> float:
    """Return the interval in seconds; raise ValueError for one that the service would not accept."""
    return checked_seconds("heartbeat_interval_s", value, lowest_s=SHORTEST_HEARTBEAT_S, highest_s=LONGEST_HEARTBEAT_S)


def checked_token(name: str, value: object) -> str:
    """Return a token; raise ValueError, which does not show it, for what cannot be one."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TOKEN or not set(value) <= _IN_A_TOKEN:
        raise ValueError(f"{name} must be 1 to {LONGEST_TOKEN} printable ASCII characters without a space")
    return value


def checked_portfolio(name: str, value: object) -> str:
    """Return the name of a portfolio, or nothing for the default one; raise ValueError for anything else."""
    if not isinstance(value, str) or not (value == "" or _PORTFOLIO.fullmatch(value)):
        raise ValueError(
            f"{name} must be 1 to 64 letters, digits, dots, dashes and underscores, or empty for the default one, "
            f"is {value!r}"
        )
    return value


def is_this_machine(address: str) -> bool:
    """Tell whether an address is of the machine itself, so that nobody is on the way there."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def checked_addresses(address: object) -> tuple[str, ...]:
    """Return the addresses, of one or of several; raise ValueError for none, or for one that is not `host:port`."""
    if isinstance(address, str | bytes) or not isinstance(address, Iterable):
        address = (address,)
    addresses = tuple(address)
    if not addresses:
        raise ValueError("address: give at least one, for example 127.0.0.1:50051")
    for each in addresses:
        if not _is_address(each):
            raise ValueError(
                f"address: {each!r} is not one: write host:port, for example 127.0.0.1:50051 or [::1]:50051"
            )
    return addresses


def _is_address(address: object) -> bool:
    if not isinstance(address, str):
        return False
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdigit()) or len(port) > 5 or not 0 < int(port) < 2**16:
        return False
    if host.startswith("[") and host.endswith("]"):
        return len(host) > 2
    # A colon is part of an address of IPv6 that needs brackets; a slash, of a URL.
    return bool(host) and host.isprintable() and not set(host) & set(":/@[] ,")
