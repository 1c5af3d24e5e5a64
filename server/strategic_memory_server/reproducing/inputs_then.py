"""The inputs of a revision as they were, as far as Redis still holds them, and what of them it does not."""

from __future__ import annotations

from dataclasses import replace

import redis.asyncio as redis

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.analysis.analysis import Analysis
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.basis.basis import (
    Basis,
    digest_of_analysis,
    digest_of_settings,
    digest_of_sums,
    windows_of,
)
from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.entries.input_keys import STREAM_SOURCES, TRADE_RESULTS, key_of
from strategic_memory_server.evidence.sums import EvidenceSums, nothing_summed
from strategic_memory_server.inputs.memory_apart import with_regimes_apart
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.span_reader import SpanReader
from strategic_memory_server.inputs.stretch import Stretch
from strategic_memory_server.long_memory.kept_trades import NOTHING_READ, KeptTrades, add_page
from strategic_memory_server.long_memory.known_ids import KnownIds
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.memory.leverage_cap import LeverageCaps
from strategic_memory_server.memory.memory_tallies import totals_of
from strategic_memory_server.memory.strategic_memory import Context
from strategic_memory_server.memory.time_span import ALL_TIME
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.reproducing.reproduction import Gone

_NOTHING = Stretch("", NOTHING_READ, 0)


class InputsThen:
    """Reads the inputs as they were.

    Args:
        client: how Redis is reached; it must return bytes.
        prefix: what the keys start with.
        settings: upon what to advise.
        basis: what the revision rests on.
    """

    def __init__(self, client: redis.Redis, prefix: str, settings: AdviceSettings, basis: Basis) -> None:
        self._client = client
        self._prefix = prefix
        self._settings = settings
        self._basis = basis
        self.gone: list[Gone] = []
        """What is not as it was, as far as it was read."""
        if digest_of_settings(settings) != basis.settings:
            sentence = "the settings of this command, or the version of the rules, are not those that it was made under"
            self.gone.append(Gone("settings", f"{sentence}: give it the variables of the service"))

    async def windows(self, caps: LeverageCaps) -> tuple[Analysis, IndexColumn]:
        """Analyse the windows as they were, and give the times of their trades; the caps are those of the revision.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        then = dict(zip(STREAM_SOURCES, self._basis.windows, strict=True))
        settings = self._settings
        reader = SpanReader(
            self._client,
            self._prefix,
            settings.windows,
            ALL_TIME,
            ReadingLimits(),
            settings.max_regimes,
            RedisClock(),
            up_to={source: NOTHING_READ if stretch is None else stretch.last for source, stretch in then.items()},
        )
        reading = await reader.read(Context(leverage_caps=caps))
        memory = reading.memory
        if memory.totals is None:
            memory = with_regimes_apart(memory, settings.max_regimes)
            memory = replace(memory, totals=totals_of(memory))
        analysis = PatternAnalyzer(settings.minimum_policy_trades).analyze(memory)
        found = dict(zip(STREAM_SOURCES, windows_of(reading.stretches), strict=True))
        self._compare(then, found)
        if not self.gone and digest_of_analysis(analysis) != self._basis.figures:
            sentence = (
                "they hold entries of the same ids, and other figures follow from them: observations from before "
            )
            sentence += "them are gone, or a stream was written anew"
            self.gone.append(Gone("windows", sentence))
        return analysis, memory.trades.time_ms

    async def sums(self) -> EvidenceSums:
        """Return the sums of the long memory as they were: those in Redis, or those of the trades in the stream.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        settings, then = self._settings, self._basis.memory
        horizon, evidence = settings.trade_id_horizon, settings.evidence
        store = MemoryStore(
            self._client, self._prefix, evidence.decay, horizon, settings.max_regimes, change=evidence.change
        )
        kept, _ = await store.look()
        if digest_of_sums(kept, change=evidence.change) == then.digest:
            return kept
        summed = await self._summed(then.read_up_to)
        if digest_of_sums(summed, change=evidence.change) != then.digest:
            key = key_of(self._prefix, TRADE_RESULTS)
            self.gone.append(
                Gone(
                    "long memory",
                    f"it has moved on since it had {then.trades} trades up to {then.read_up_to}, and the trades up to "
                    f"there that {key} still holds, {summed.observations}, give other sums",
                )
            )
        return summed

    async def _summed(self, read_up_to: str) -> EvidenceSums:
        reader, known_ids = TradeReader(self._client, self._prefix), KnownIds(self._settings.trade_id_horizon)
        evidence = self._settings.evidence
        nothing = nothing_summed(evidence.decay, change=evidence.change)
        kept, start, is_last = KeptTrades(nothing), NOTHING_READ, False
        while not is_last:
            page = await reader.read_after(start, read_up_to)
            added = await add_page(kept, page.trades, page.read_up_to, known_ids, self._settings.max_regimes)
            known_ids.add(added.trade_ids)
            kept, start, is_last = added.kept, page.read_up_to, page.is_last
        return kept.sums

    def _compare(self, then: dict[str, Stretch | None], found: dict[str, Stretch | None]) -> None:
        for source, stretch in then.items():
            held = found[source] or _NOTHING
            if stretch is not None and held != stretch:
                self.gone.append(Gone(source, f"{key_of(self._prefix, source)} {_lost(stretch, held)}"))


def _lost(then: Stretch, held: Stretch) -> str:
    was = f"{then.entries} entries from {then.first} to {then.last}"
    if held.entries < then.entries:
        return f"was trimmed, or has lost entries: of {was} it holds {held.entries}"
    return f"has lost entries within its window: {was} are now {held.entries} from {held.first or 'nowhere'}"
