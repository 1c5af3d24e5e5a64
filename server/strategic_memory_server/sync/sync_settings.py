"""SyncSettings: when and upon what to advise."""

from __future__ import annotations

from dataclasses import dataclass, field

from strategic_memory_server.advice.advice_settings import AdviceSettings


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """When and upon what to advise.

    Attributes:
        interval_s: longest time from the start of a sync to the start of the next, seconds.
        reactive: whether new entries of the input streams start a sync too.
        debounce_s: wait for more after the first new entry, seconds; it joins what arrives together.
        floor_s: shortest time from the start of a sync to the start of one that new entries cause, seconds.
        validity_s: how long an advice holds after the sync that confirmed it, seconds.
        lease_s: how long the right to publish outlives a server that has gone away, seconds.
        lead_anyway: whether to publish though the feedback log was written under other settings.
        retry_s: wait before the first retry of a failed sync, seconds; it doubles up to the interval or 5 s.
        advice: upon what to advise.
    """

    interval_s: float = 60.0
    reactive: bool = True
    debounce_s: float = 0.0
    floor_s: float = 0.05
    validity_s: float = 180.0
    lease_s: float = 5.0
    lead_anyway: bool = False
    retry_s: float = 0.25
    advice: AdviceSettings = field(default_factory=AdviceSettings)
