"""What a call of an operator asks for, held against what holds: nothing that they have not seen is replaced.

What holds can be what they ask for: an answer was lost, and so a client goes to another server, a proxy sends the call
once more, a person repeats the command. They are told of it, and of no conflict with themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.memory.override import Freeze, Override

AGAIN_WITHIN_MS = 60_000
"""Whoever asks for the same later than this means it anew: it is to last longer, milliseconds."""

ANONYMOUS = "anonymous ("
"""Begins how somebody is called who is not known; the address follows."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a call asks for.

    Attributes:
        replaces: number of what the caller has seen; 0: that nothing holds.
        is_there: tells whether it holds.
        lifted: parts that it lifts; empty: it sets something.
    """

    replaces: int
    is_there: Callable[[Intervention], bool]
    lifted: Collection[str] = ()

    def has_seen(self, held: Intervention) -> bool:
        """Tell whether the caller has seen what holds."""
        return self.replaces == held.number or (not self.replaces and held.ends_ms is None)

    def lifts_nothing(self, held: Intervention) -> bool:
        """Tell whether it is to lift what does not hold: another call has taken the number that it would have."""
        return bool(self.lifted) and not self.replaces and has_none(self.lifted, held)

    def is_done(self, held: Intervention) -> bool:
        """Tell whether it was carried out already. Whoever names what holds means to replace it, be it by the same."""
        return self.replaces != held.number and self.is_there(held)


def to_set(asked: Override | Freeze, replaces: int) -> Asking:
    """Return what is asked by who sets something."""

    def is_there(held: Intervention) -> bool:
        return _is_said_again(asked, held.freeze if isinstance(asked, Freeze) else held.override)

    return Asking(replaces, is_there)


def to_lift(parts: Collection[str], replaces: int) -> Asking:
    """Return what is asked by who lifts these parts of what holds."""

    def is_there(held: Intervention) -> bool:
        return replaces > 0 and held.number == replaces + 1 and has_none(parts, held)

    return Asking(replaces, is_there, parts)


def has_none(parts: Collection[str], held: Intervention) -> bool:
    """Tell whether none of these parts holds."""
    return all(getattr(held, part) is None for part in parts)


def _is_said_again(asked: Override | Freeze, held: Override | Freeze | None) -> bool:
    """Tell whether the same caller has set the same a moment ago, for as long or until the same time."""
    if held is None or not _is_one_caller(asked.set_by, held.set_by):
        return False
    has_same_end = asked.until_ms == held.until_ms or _length_ms(asked) == _length_ms(held)
    is_lately = abs(asked.set_at_ms - held.set_at_ms) <= AGAIN_WITHIN_MS
    return is_lately and has_same_end and _what(asked) == _what(held)


def _length_ms(said: Override | Freeze) -> int:
    return said.until_ms - said.set_at_ms


def _what(said: Override | Freeze) -> tuple[object, ...]:
    # Which revision a freeze has found in force was not asked for.
    return (said.reason,) if isinstance(said, Freeze) else (said.policy, said.leverage, said.is_forced, said.reason)


def _is_one_caller(one: str, other: str) -> bool:
    if one.startswith(ANONYMOUS):
        # Each connection has a port of its own.
        one, other = one.rpartition(":")[0], other.rpartition(":")[0]
    return one == other
