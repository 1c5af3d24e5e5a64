"""How traces are written."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_producer.entry import Entry


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """Settings of a writer. Raises ValueError, which names the setting."""

    prefix: str = "quantum"
    """What every key begins with; as STRATEGIC_MEMORY_KEY_PREFIX of the service."""
    maxlen: int | None = 100_000
    """About how many entries each stream keeps (MAXLEN ~); None keeps all."""
    timeout_s: float = 5.0
    """How long a call tries, over all attempts."""
    page: int = 500
    """How many entries go in one round trip."""

    def __post_init__(self) -> None:
        if not self.prefix or not self.prefix.isprintable() or self.prefix != self.prefix.strip():
            raise ValueError("prefix: give the beginning of the keys, such as 'quantum'")
        if self.maxlen is not None and self.maxlen < 1:
            raise ValueError("maxlen: give a number of entries from 1 up, or None to keep all")
        if not 0.0 < self.timeout_s <= 3_600.0:
            raise ValueError("timeout_s: give seconds above 0, at most 3600")
        if self.page < 1:
            raise ValueError("page: give a number of entries from 1 up")

    def key(self, entry: Entry) -> str:
        """Return the key of the stream that an entry goes to."""
        return f"{self.prefix}:stream:{entry.stream}"
