"""How traces are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsFloat, SupportsIndex

from strategic_memory_producer.entry import Entry

_MOST = 2**63 - 1
"""Largest count that Redis takes."""


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """Settings of a writer. Raises ValueError, which names the setting."""

    prefix: str = "quantum"
    """What every key begins with, with or without its colon; as STRATEGIC_MEMORY_KEY_PREFIX of the service."""
    maxlen: int | None = 100_000
    """About how many entries each stream keeps (MAXLEN ~); None keeps all."""
    timeout_s: float = 5.0
    """How long a call tries, over all attempts."""
    page: int = 500
    """How many entries go in one round trip."""

    def __post_init__(self) -> None:
        if not _is_prefix(self.prefix):
            raise ValueError("prefix: give the beginning of the keys, such as 'quantum'")
        if self.maxlen is not None and not _is_count(self.maxlen):
            raise ValueError("maxlen: give a number of entries from 1 up, or None to keep all")
        if not _is_seconds(self.timeout_s):
            raise ValueError("timeout_s: give seconds above 0, at most 3600")
        if not _is_count(self.page):
            raise ValueError("page: give a number of entries from 1 up")
        # redis-py and the clock take numbers of Python alone, not those of numpy.
        object.__setattr__(self, "timeout_s", float(self.timeout_s))
        object.__setattr__(self, "page", self.page.__index__())
        object.__setattr__(self, "maxlen", None if self.maxlen is None else self.maxlen.__index__())

    def key(self, entry: Entry) -> str:
        """Return the key of the stream that an entry goes to."""
        return f"{self.prefix.rstrip(':')}:stream:{entry.stream}"


def checked_settings(settings: object) -> WriterSettings:
    """Return settings, those that hold by themselves for None; raise ValueError for anything else."""
    if settings is None:
        return WriterSettings()
    if not isinstance(settings, WriterSettings):
        raise ValueError(f"settings: {settings!r:.60} are none; give WriterSettings(prefix=...) or leave them out")
    return settings


def _is_prefix(value: object) -> bool:
    return isinstance(value, str) and bool(value.rstrip(":")) and value.isprintable() and value == value.strip()


def _is_count(value: object) -> bool:
    return isinstance(value, SupportsIndex) and value is not True and 1 <= value.__index__() <= _MOST


def _is_seconds(value: object) -> bool:
    return isinstance(value, SupportsFloat) and value is not True and 0.0 < float(value) <= 3_600.0
