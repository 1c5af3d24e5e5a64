"""The one reader of caps on leverage: what an input says about its cap, and which cap is in force then.

Two inputs can hold one, each in the field `max_leverage_hint` of a JSON object: `risk:leverage_limits` and
`exposure:summary`. A cap is lifted by deleting the key, or by an object without the field, and by nothing else:
whatever cannot be read is rejected, and the last cap that could be read holds.
"""

from __future__ import annotations

import contextlib
import json
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.entries.entry_fields import MAX_MAGNITUDE, RejectionError, parse_number
from strategic_memory_server.entries.rejections import RejectedInput, refusal
from strategic_memory_server.inputs.json_inputs import MAX_BYTES, read_object
from strategic_memory_server.inputs.misspelt_cap import FIELD, nearest_field
from strategic_memory_server.memory.json_types import JsonObject, JsonValue
from strategic_memory_server.memory.leverage_cap import HIGHEST_LEVERAGE, NO_CAPS, LeverageCap, LeverageCaps, in_order
from strategic_memory_server.memory.strategic_memory import CLOCK_TOLERANCE_MS
from strategic_memory_server.redis_access.round_trip import Reply, packed

CAP_SOURCES = (keys.EXPOSURE_SUMMARY, keys.LEVERAGE_LIMITS)
"""Inputs that can hold a cap, in the order in which they are read."""

CAP_VALUES = len(CAP_SOURCES)
"""How many of the commands that `cap_commands` gives read values; they come first."""

CAP_COMMANDS = 2 * CAP_VALUES
"""How many commands `cap_commands` gives."""


@dataclass(frozen=True, slots=True)
class CapReading:
    """What one reading of an input says about its cap.

    Attributes:
        value: the cap; where the input was rejected, one that can be made out in it all the same. None: there is none.
        rejected: why the input cannot be read; None: it can.
        document: the object; None where there is none, or it was rejected.
        nearest: path of a field that looks like a cap in another spelling or place, where there is none; else empty.
    """

    value: float | None = None
    rejected: RejectedInput | None = None
    document: JsonObject | None = None
    nearest: str = ""


NO_KEY = CapReading()


def cap_commands(prefix: str) -> list[bytes]:
    """Return the commands that read the caps: no more of each input than is needed to see that it is too large."""
    of_sources = [keys.key_of(prefix, source) for source in CAP_SOURCES]
    return [
        *(packed("GETRANGE", key, 0, MAX_BYTES) for key in of_sources),
        *(packed("EXISTS", key) for key in of_sources),
    ]


def read_caps(replies: Sequence[Reply]) -> dict[str, CapReading]:
    """Read the replies to `cap_commands`, by source; errors as for `read_cap`."""
    pairs = zip(CAP_SOURCES, replies[:CAP_VALUES], replies[CAP_VALUES:], strict=True)
    return {source: read_cap(source, reply, exists) for source, reply, exists in pairs}


def read_cap(source: str, reply: Reply, exists: Reply) -> CapReading:
    """Return what an input says about its cap: a value, none, or one that cannot be read.

    Args:
        source: the input.
        reply: the beginning of the value, or an error. Redis gives an empty one for a key that is not there, too.
        exists: whether there is a key: 1, 0 or an error.

    Raises:
        redis.exceptions.RedisError: an error that no producer has caused.
    """
    for error in (reply, exists):
        if isinstance(error, Exception):
            return CapReading(rejected=refusal(source, error))
    if not reply and exists == 0:
        return NO_KEY
    try:
        document, value = _read_strictly(reply)
    except RejectionError as refused:
        rejected = RejectedInput(source, refused.reason, refused.excerpt, content_hash=hash(reply))
        return CapReading(_make_out(reply), rejected)
    return CapReading(value, document=document, nearest="" if FIELD in document else nearest_field(document))


def in_force(held: LeverageCaps, readings: Mapping[str, CapReading], now_ms: int) -> LeverageCaps:
    """Return the caps in force after a reading.

    Args:
        held: those in force before it.
        readings: what was read, by source. A source that is missing was not read: its cap holds.
        now_ms: the time now, milliseconds since 1970-01-01 UTC.
    """
    before = {cap.source: cap for cap in held}
    after = dict(before)
    for source, reading in readings.items():
        known, value = before.get(source), reading.value
        if reading.rejected and known is not None:
            # What can be made out in a rejected input may lower a cap; it is never trusted to raise one.
            value = known.value if value is None else min(value, known.value)
        if value is None:
            after.pop(source, None)
        elif known is None or value != known.value:
            after[source] = LeverageCap(source, value, now_ms)
    return in_order(after.values())


def as_keys_hold(
    before: LeverageCaps,
    replies: Sequence[Reply],
    now_ms: int,
    said_ms: int | None = None,
    said: LeverageCaps = NO_CAPS,
) -> LeverageCaps:
    """Return the caps that their keys hold, also where the rest of the value is rejected.

    A cap that cannot be read any more is held while whoever leads has neither said anything nor read another one since:
    what is said is under it.

    Args:
        before: those that they held before.
        replies: to the first `CAP_VALUES` of the commands alone: no value is taken for no key.
        now_ms: the time now, milliseconds since 1970-01-01 UTC.
        said_ms: when what holds was last said, likewise; None: nothing was.
        said: the caps that whoever leads has read.

    Raises:
        redis.exceptions.RedisError: as for `read_cap`.
    """
    readings = read_caps([*replies, *(0 for _ in replies)])
    heard_ms = {cap.source: max(cap.since_ms or 0, said_ms or 0) for cap in said}
    held = {cap.source for cap in before if (cap.since_ms or 0) > heard_ms.get(cap.source, said_ms or 0)}
    return in_force(
        before,
        {source: each if source in held else CapReading(each.value) for source, each in readings.items()},
        now_ms,
    )


@dataclass(frozen=True, slots=True)
class LiftedCap:
    """A cap that was lifted, or raised until it caps nothing: what it was, when, and the reading that lifted it."""

    cap: LeverageCap
    at_ms: int
    reading: CapReading

    @property
    def sentence(self) -> str:
        """Say which cap was lifted by what, and what to do."""
        if self.reading.value is not None:
            at_most = f"({HIGHEST_LEVERAGE:g} at most)"
            how = f"it is {self.reading.value:.17g} now, above every leverage that is advised {at_most}"
        elif self.reading.document is None:
            how = "the key is not there any more"
        elif self.reading.nearest:
            how = f"the object has no {FIELD}, but {self.reading.nearest!a}: is that misspelt?"
        else:
            how = f"the object has no {FIELD} any more"
        return (
            f"the cap {FIELD} = {self.cap.value:g} of {self.cap.source} is lifted, since {how}; "
            "write it again if it is to hold"
        )


class HeldCaps:
    """The caps in force as they are read one after the other: what cannot be read leaves them as they are.

    Args:
        clock_ms: the time now, milliseconds since 1970-01-01 UTC.
        caps: those in force when it begins.
        reported_ms: how long a cap that was lifted is told of, milliseconds.
        compared: gives caps that this server has read as it compared them, and nobody has published: by the time that
            they are read here they may not be readable any more.
    """

    def __init__(
        self,
        clock_ms: Callable[[], int],
        caps: LeverageCaps = NO_CAPS,
        reported_ms: int = 180_000,
        compared: Callable[[], LeverageCaps] = lambda: NO_CAPS,
    ) -> None:
        self.caps = caps
        self._compared = compared
        self.readings: Mapping[str, CapReading] = {}
        """The last reading, by source."""
        self._clock_ms = clock_ms
        self._reported_ms = reported_ms
        self._lifted: dict[str, LiftedCap] = {}

    @property
    def lifted(self) -> Mapping[str, LiftedCap]:
        """Caps that were lifted lately and not set again since, by source."""
        return {source: each for source, each in self._lifted.items() if self.reported_for_s(each) > 0}

    def reported_for_s(self, lifted: LiftedCap) -> float:
        """Return how long a cap that was lifted is still told of, seconds."""
        return (lifted.at_ms + self._reported_ms - self._clock_ms()) / 1000

    def learn(self, caps: LeverageCaps) -> None:
        """Take over what another server has read: of two caps of a source the later one, of equal ones the older."""
        self.caps = self._with(caps)

    def take(self, readings: Mapping[str, CapReading]) -> LeverageCaps:
        """Take a reading over, and give the caps in force from now on."""
        now_ms, before = self._clock_ms(), self._with(self._compared())
        self.caps, self.readings = in_force(before, readings, now_ms), readings
        after = {cap.source: cap for cap in self.caps}
        for cap in before:
            if cap.source not in after or (cap.can_bind and not after[cap.source].can_bind):
                self._lifted[cap.source] = LiftedCap(cap, now_ms, readings[cap.source])
        for source, cap in after.items():
            if source in self._lifted and (cap.can_bind or self._lifted[source].reading.value is None):
                del self._lifted[source]
        return self.caps

    def would_change(self, readings: Mapping[str, CapReading]) -> bool:
        """Tell whether a reading would change the caps in force."""
        return in_force(self._with(self._compared()), readings, self._clock_ms()) != self.caps

    def _with(self, caps: LeverageCaps) -> LeverageCaps:
        known = {cap.source: cap for cap in self.caps}
        for cap in caps:
            known[cap.source] = _better_known(known.get(cap.source, cap), cap, self._clock_ms())
        return in_order(known.values())


def _better_known(one: LeverageCap, other: LeverageCap, now_ms: int) -> LeverageCap:
    since = (one.since_ms or 0, other.since_ms or 0)
    if one.value == other.value:
        return other if since[1] < since[0] else one
    # One of a time to come was read before the clock was set back: nobody knows which of it and another is the older.
    to_come = [each > now_ms + CLOCK_TOLERANCE_MS for each in since]
    known = [0, 0] if any(to_come) else since
    return other if (known[1], -other.value) > (known[0], -one.value) else one


class _Pairs:
    """Keeps the names and values of the outermost object, which is the last to be complete."""

    def __init__(self) -> None:
        self._outermost: list[tuple[str, JsonValue]] = []

    def made(self, pairs: list[tuple[str, JsonValue]]) -> JsonObject:
        self._outermost = pairs
        return dict(pairs)

    @property
    def caps(self) -> list[JsonValue]:
        """What is given for the cap: JSON lets a name come twice, and Python would take the last."""
        return [value for name, value in self._outermost if name == FIELD]


def _read_strictly(raw: bytes) -> tuple[JsonObject, float | None]:
    """Read an object and the cap in it: a number, or text that is one; not negative."""
    pairs = _Pairs()
    document = read_object(raw, pairs.made)
    if len(pairs.caps) > 1:
        raise RejectionError(f"{FIELD}_given_twice", raw)
    return document, _number(pairs.caps[0], raw) if pairs.caps else None


def _make_out(raw: bytes) -> float | None:
    """Find the lowest cap in an object that was rejected for another reason: a limit holds while it can be read."""
    pairs = _Pairs()
    try:
        document = json.loads(
            raw.removeprefix(BOM_UTF8).decode(errors="replace"),
            parse_constant=lambda _name: None,
            # However many digits something beside it has, and whatever stands in a text.
            parse_int=float,
            strict=False,
            object_pairs_hook=pairs.made,
        )
    except (ValueError, RecursionError):
        return None
    found = []
    for cap in pairs.caps if isinstance(document, dict) else ():
        with contextlib.suppress(RejectionError):
            found.append(_number(cap, raw))
    return min(found, default=None)


def _number(cap: JsonValue, raw: bytes) -> float:
    if isinstance(cap, str):
        cap = parse_number(FIELD, cap.encode(errors="replace"))
    if isinstance(cap, bool) or not isinstance(cap, int | float):
        raise RejectionError(f"{FIELD}_not_a_number", raw)
    if not 0 <= cap <= MAX_MAGNITUDE:
        raise RejectionError(f"{FIELD}_negative" if cap < 0 else f"{FIELD}_out_of_range", raw)
    return float(cap) + 0.0  # no minus zero
