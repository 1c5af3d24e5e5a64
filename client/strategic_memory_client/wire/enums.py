"""Enums of the wire and of this library: a member goes by one name in both."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from enum import StrEnum
from time import monotonic
from typing import TypeVar

from google.protobuf.descriptor import EnumDescriptor

_Member = TypeVar("_Member", bound=StrEnum)
_DAY_S = 86_400.0
_log = logging.getLogger("strategic_memory_client")


@functools.cache
def members(kind: type[_Member], on_wire: EnumDescriptor) -> Mapping[int, _Member]:
    """Return the members of an enum by their numbers on the wire; those that are not known here are left out."""
    prefix = on_wire.values_by_number[0].name.removesuffix("UNSPECIFIED")
    known = kind.__members__
    return {value.number: known[name] for value in on_wire.values if (name := value.name.removeprefix(prefix)) in known}


def warn_unknown(field: str, number: int) -> None:
    """Tell in the log, once a day, that a server says what this library has no name for.

    A program runs on for months, and the server that says so may be rolled back and come again meanwhile.
    """
    warn_unknown_on(int(monotonic() / _DAY_S), field, number)


@functools.lru_cache(maxsize=64)
def warn_unknown_on(day: int, field: str, number: int) -> None:
    """Tell it, once for each day."""
    _log.warning(
        "the service says %s %d, which this version of the client library does not know: the safe values are read in "
        "its place; bring the library up to date",
        field,
        number,
    )
