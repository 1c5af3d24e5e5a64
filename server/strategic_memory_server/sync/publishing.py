"""Publishing: what a cycle of the server that leads says, once everything is read and worked out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial

from strategic_memory_server.advice.drawdown_guard import GuardReading, GuardState
from strategic_memory_server.advice.feedback import Advice, Times
from strategic_memory_server.advice.guarded_advice import advised_policy, guarded, said_ms
from strategic_memory_server.advice.held_advice import Flap, HeldAdvice
from strategic_memory_server.advice.hysteresis import Moment
from strategic_memory_server.advice.intervention import Intervention, intervene
from strategic_memory_server.advice.probe import Completed
from strategic_memory_server.advice.reinforcement_feedback import NoAdvice
from strategic_memory_server.analysis.analysis import Analysis
from strategic_memory_server.basis.basis_writer import BasisWriter
from strategic_memory_server.evidence.group import Group
from strategic_memory_server.inputs.refused_inputs import explained
from strategic_memory_server.long_memory.long_memory import Gathered
from strategic_memory_server.long_memory.memory_note import Note
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME, StrategicMemory
from strategic_memory_server.revisions.beside import Beside
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.sync.risk_waits import held_back
from strategic_memory_server.sync.sync_parts import SyncParts
from strategic_memory_server.sync.sync_settings import SyncSettings
from strategic_memory_server.sync.sync_status import SyncStatus
from strategic_memory_server.tracing.tracing import Cycle


@dataclass(frozen=True, slots=True)
class Known:
    """What a cycle has read and worked out.

    Attributes:
        claim: what is written under.
        now_ms: the time, milliseconds since 1970-01-01 UTC.
        memory: the windows and values.
        analysis: what follows from them.
        gathered: the long memory.
        intervention: what operators say just now.
        guard: how the drawdown guard stands; None: it is off.
        group: the other portfolios from which this one borrows; None: it stands alone.
    """

    claim: Claim
    now_ms: int
    memory: StrategicMemory
    analysis: Analysis
    gathered: Gathered
    intervention: Intervention
    guard: GuardState | None
    group: Group | None = None

    @property
    def reading(self) -> GuardReading | None:
        """What the guard says of it; None: it is off."""
        return None if self.guard is None else self.guard.reading()


class Publishing:
    """Publishes what the rules advise, under what operators, the guard and hysteresis make of it.

    Args:
        parts: what to publish by.
        settings: upon what is advised, and for how long.
    """

    def __init__(self, parts: SyncParts, settings: SyncSettings) -> None:
        self._parts = parts
        self._settings = settings
        self._basis = BasisWriter(settings.advice)
        self._flaps: Counter[Flap] = Counter()
        self._unanswered: tuple[Advice, tuple[Flap, ...]] | None = None
        """What was written last, with its flaps, while it is not known whether it was written."""

    async def say(self, recommended: Advice | NoAdvice, known: Known, status: SyncStatus, trace: Cycle) -> SyncStatus:
        """Publish, or withdraw where there is nothing to say; return what came of it.

        Args:
            recommended: what the reference rules advise.
            known: what it rests on.
            status: of the cycle so far.
            trace: is told of the work.

        Raises:
            DeposedError, MemoryMovedError, LogContestedError: another server writes.
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        if not isinstance(recommended, NoAdvice):
            completed = self._completed(recommended, known)
            note = known.gathered.note_with(completed.exploration)
            held = await self._held_back(completed, known)
            return await self._publish(held, known, note, status, trace)
        if known.intervention.frozen is not None:
            # What is held is held whatever the inputs say.
            held = HeldAdvice(known.intervention.frozen)
            return await self._publish(held, known, known.gathered.note, status, trace)
        return await self._withdraw(recommended, known, status, trace)

    def _completed(self, advice: Advice, known: Known) -> Completed:
        """Add what all trades so far say; where the evidence is in charge, it gives the advice."""
        return self._parts.evidence.complete(
            advice,
            known.analysis,
            known.gathered.kept.sums,
            self._settings.advice.rules,
            known.gathered.stored.exploration,
            may_begin=known.gathered.is_complete,
            group=known.group,
        )

    async def _held_back(self, completed: Completed, known: Known) -> HeldAdvice:
        """Let the guard lower it, and risk that is added wait."""
        if (unanswered := self._unanswered) is not None:
            said = await self._parts.publisher.in_force(known.claim, known.now_ms)
            self._unanswered = None
            if said == unanswered[0]:
                self._flaps.update(unanswered[1])
        if (reading := known.reading) is not None:
            completed = replace(completed, advice=guarded(completed.advice, reading))
        moment = Moment(known.now_ms, known.memory.trades.time_ms)
        return await held_back(completed, self._parts.publisher, self._settings.advice.hysteresis, known.claim, moment)

    async def _publish(
        self, held: HeldAdvice, known: Known, note: Note | None, status: SyncStatus, trace: Cycle
    ) -> SyncStatus:
        parts, analysis, now_ms, guard = self._parts, known.analysis, known.now_ms, known.guard
        advice = intervene(held.advice, known.intervention, analysis.leverage_caps, known.reading)
        valid_until_ms = known.intervention.bounded(now_ms + round(self._settings.validity_s * 1000))
        times = Times(now_ms, analysis.data_as_of_ms, valid_until_ms)
        if guard is not None:
            guard = guard.saying(advised_policy(advice), said_ms(times, now_ms))
        trace.begins("write")
        rests_on = partial(self._basis.text_of, parts.loader.stretches, analysis, known.gathered)
        beside = Beside(note, known.intervention, guard)
        self._unanswered = (advice, held.flaps) if held.flaps else None
        publication = await parts.publisher.publish(known.claim, advice, times, now_ms, beside, rests_on)
        self._unanswered = None
        if publication.is_new:
            parts.published(publication.feedback)
        parts.long_memory.written(note)
        self._flaps.update(held.flaps)
        return replace(
            status,
            outcome="published" if publication.is_new else "confirmed",
            explanation="",
            best_regime=advice.preferred_regime,
            policy=advice.updated_policy,
            confidence=advice.confidence_boost,
            flaps=dict(self._flaps),
            is_overridden=advice.is_overridden,
        )

    async def _withdraw(self, nothing: NoAdvice, known: Known, status: SyncStatus, trace: Cycle) -> SyncStatus:
        """Open the log all the same, so that whoever subscribes now can resume later.

        What it last said was said upon entries that are no longer there.
        """
        note, intervention = known.gathered.note, known.intervention
        trace.begins("write")
        beside = Beside(note, intervention, known.guard)
        await self._parts.publisher.withdraw(known.claim, known.now_ms, known.analysis.leverage_caps, beside)
        self._parts.long_memory.written(note)
        return replace(
            status,
            outcome=nothing.reason.code,
            explanation=explained(nothing.reason.sentence, known.memory.sources),
            best_regime=UNKNOWN_REGIME,
            policy=Policy.CONSERVATIVE,
            confidence=0.0,
            is_overridden=intervention.ends_ms is not None,
        )
