"""Where a wrapper takes its advice from: a service, by its address, or a record, by the time of the environment."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from strategic_memory_client.client import StrategicMemoryClient
from strategic_memory_client.rl.held_advice import HeldAdvice, held_advice
from strategic_memory_client.rl.recorded import Moment, RecordedAdvice
from strategic_memory_client.values.option_checks import checked_addresses, checked_seconds
from strategic_memory_client.values.options import ClientOptions, checked_options
from strategic_memory_client.values.results import UNKNOWN_REGIME, Feedback

Source = str | RecordedAdvice

FIRST_ADVICE_WITHIN_S = 5.0


class Advising(Protocol):
    """What tells the advice, step by step."""

    @property
    def is_closed_elsewhere(self) -> bool:
        """Whether somebody else has closed what this takes its advice from."""

    def at(self, moment: Moment | None) -> HeldAdvice:
        """Return what is held now, or at a moment of the record. Never raises because of a service."""

    def bound(self, leverage: float) -> float:
        """Return a leverage that was seen a while ago, lowered to what is advised by now."""

    def close(self) -> None:
        """Let it go. Any number of times."""


class Recorded:
    """A record, read forwards.

    Args:
        record: the advice.
        of_current: see `held_advice`.
    """

    is_closed_elsewhere = False

    def __init__(self, record: RecordedAdvice, *, of_current: bool) -> None:
        self._cursor = record.cursor(of_current=of_current)

    def at(self, moment: Moment | None) -> HeldAdvice:
        """Return what was held then. Raises ValueError without a moment."""
        if moment is None:
            raise ValueError("recorded advice needs the time of each step: give time=, a key of info or a function")
        return self._cursor.at(moment)

    def bound(self, leverage: float) -> float:
        """Return it as it is: nothing happens between two steps of a record."""
        return leverage

    def close(self) -> None:
        """Do nothing: a record is nothing that is open."""


class Live:
    """A service. The clients of a process for one address share what is open towards it, so one each costs little.

    Args:
        address: where it is.
        of_current: see `held_advice`.
        first_within_s: how long to wait for the first advice, seconds.
        options: of its client: TLS, a token.
    """

    def __init__(
        self,
        address: str,
        *,
        of_current: bool,
        first_within_s: float = FIRST_ADVICE_WITHIN_S,
        options: ClientOptions | None = None,
    ) -> None:
        self._of_current = of_current
        self._known: tuple[Feedback | None, HeldAdvice | None] = None, None
        self._is_left = False
        self._client = StrategicMemoryClient(address.split(","), options=options)
        self._client.follow()
        self._client.wait_for_newest(first_within_s)

    @property
    def is_closed_elsewhere(self) -> bool:
        """Whether somebody else has closed the client."""
        return self._client.is_closed and not self._is_left

    def at(self, moment: Moment | None) -> HeldAdvice:
        """Return what may be acted upon now."""
        newest = self._client.newest
        feedback, held = self._known
        if held is None or newest is not feedback:
            held = held_advice(newest, of_current=self._of_current)
            self._known = newest, held
        return held

    def bound(self, leverage: float) -> float:
        """Return the lower one of it and what is advised now: a cap, and advice that has lapsed, bind at once."""
        return min(leverage, self.at(None).leverage)

    def close(self) -> None:
        """Close the client."""
        self._is_left = True
        self._client.close()


def opening(
    source: Source, *, of_current: bool, first_within_s: float, options: ClientOptions | None = None
) -> Callable[[], Advising]:
    """Return what opens a source, in the process that asks for it.

    Raises:
        TypeError: it is neither an address nor a record.
        ValueError: it is no address, or `first_within_s` or `options` cannot work.
    """
    first_within_s = checked_seconds("first_within_s", first_within_s)
    options = checked_options(options)
    if isinstance(source, RecordedAdvice):
        return partial(Recorded, source, of_current=of_current)
    if not isinstance(source, str):
        raise TypeError(
            f"source must be an address, such as '127.0.0.1:50051', or a RecordedAdvice; a {type(source).__name__} "
            "cannot be copied into the processes of the environments"
        )
    checked_addresses(source.split(","))
    return partial(Live, source, of_current=of_current, first_within_s=first_within_s, options=options)


def check_regimes(regimes: Sequence[str], source: Source, unseen_regimes: str) -> None:
    """Raise ValueError for a regime that never is in a record: a misspelt one would be a feature that is always 0.

    Of a service it cannot be known which regimes there will be.

    Args:
        regimes: names, upper case.
        source: where the advice comes from.
        unseen_regimes: "refuse" such a name, or "allow" it.
    """
    if unseen_regimes == "allow" or not isinstance(source, RecordedAdvice):
        return
    # Before the first advice of a record, and before the first observation, the regime is unknown.
    for name in regimes:
        if name not in source.regimes and name != UNKNOWN_REGIME:
            seen = sorted(source.regimes)
            nearest = difflib.get_close_matches(name, seen, n=1, cutoff=0.0)
            there_is = f"which has {', '.join(seen)}; is it {nearest[0]}?" if nearest else "which has none."
            raise ValueError(
                f"regimes: {name} never occurs in the recorded advice, {there_is} "
                'Where it is to come later: unseen_regimes="allow"'
            )
