"""Put a portfolio together: its log, hub, tail, leadership, sync and shadow, and what is served of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.evidence_feedback import EvidenceFeedback
from strategic_memory_server.advice.override import without_override
from strategic_memory_server.advice.reinforcement_feedback import ReinforcementFeedback
from strategic_memory_server.advice.rules import reference_rules
from strategic_memory_server.advice.rules.override_reasons import said_by_operators
from strategic_memory_server.advice.settings_by_variable import settings_by_variable
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.configuration.portfolio_settings import PortfolioSettings
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.input_watcher import InputWatcher
from strategic_memory_server.inputs.leverage_caps import HeldCaps
from strategic_memory_server.inputs.memory_loader import VALUES_S, MemoryLoader
from strategic_memory_server.long_memory.group_memory import GroupMemory
from strategic_memory_server.long_memory.long_memory import LongMemory
from strategic_memory_server.long_memory.memory_loss import MemoryLoss
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.memory.portfolio_name import DEFAULT
from strategic_memory_server.monitoring.service_state import ServiceState
from strategic_memory_server.portfolios.portfolio import Portfolio
from strategic_memory_server.portfolios.shared_resources import RedisServer, SharedResources
from strategic_memory_server.portfolios.watch_pace import WatchPace
from strategic_memory_server.redis_access.shared_trips import SharedTrips, way_to
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher
from strategic_memory_server.revisions.feedback_tail import FeedbackTail
from strategic_memory_server.revisions.interventions import Interventions
from strategic_memory_server.revisions.kept_history import KeptHistory
from strategic_memory_server.revisions.known_history import KnownHistory
from strategic_memory_server.revisions.lapse_watch import LapseWatch
from strategic_memory_server.revisions.leadership import Leadership
from strategic_memory_server.revisions.lease import Lease
from strategic_memory_server.revisions.permissions import Permissions
from strategic_memory_server.revisions.said_log import SaidLog
from strategic_memory_server.revisions.settings_agreement import SettingsAgreement
from strategic_memory_server.revisions.shadow_publisher import ShadowPublisher
from strategic_memory_server.revisions.unpublished_caps import UnpublishedCaps
from strategic_memory_server.rpc.analyses.analyst import AnalysisSources, Analyst
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio, Sources
from strategic_memory_server.sync.memory_sync_service import StrategicMemorySync
from strategic_memory_server.sync.shadow import Shadow
from strategic_memory_server.sync.sync_parts import SyncParts


def make_portfolio(
    name: str, settings: PortfolioSettings, redis: RedisServer, shared: SharedResources, problems: Problems
) -> Portfolio:
    """Put a portfolio together; nothing runs yet.

    Args:
        name: its name.
        settings: what it is told.
        redis: where its keys are.
        shared: what it shares with others.
        problems: what operators are told of it.
    """
    return _Making(name, settings, redis, shared, problems).made()


@dataclass(frozen=True, slots=True)
class _Revisions:
    """What is written to its log, and heard of it."""

    log: FeedbackLog
    hub: FeedbackHub
    changed: ChangeSignal
    tail: FeedbackTail


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What its advice is drawn from."""

    loader: MemoryLoader
    store: MemoryStore
    trades: TradeReader
    group: GroupMemory | None


@dataclass(frozen=True, slots=True)
class _Making:
    """A portfolio that is being put together: its name, what it is told, where its keys are, what it shares."""

    name: str
    settings: PortfolioSettings
    redis: RedisServer
    shared: SharedResources
    problems: Problems

    @property
    def prefix(self) -> str:
        return self.settings.key_prefix

    @property
    def advice(self) -> AdviceSettings:
        return self.settings.sync.advice

    def made(self) -> Portfolio:
        pace = WatchPace.of_default() if self.name == DEFAULT else WatchPace.of_many(self.redis, self.shared.portfolios)
        revisions, leadership = self._revisions(pace), self._leadership()
        hub, inputs = revisions.hub, self._inputs(revisions.hub)
        served = self._served(inputs, revisions)
        memory_loss, shadow = MemoryLoss(self.problems), self._shadow()
        caps = UnpublishedCaps(hub, revisions.changed, self.problems)
        parts = SyncParts(
            loader=inputs.loader,
            watcher=InputWatcher(self.redis.watching, self.prefix, pace.inputs, inputs.loader.ask_behind),
            analyzer=PatternAnalyzer(self.advice.minimum_policy_trades),
            feedback=ReinforcementFeedback(self.advice.minimum_samples),
            publisher=self._publisher(revisions, served),
            leadership=leadership,
            long_memory=LongMemory(inputs.store, inputs.trades, self.advice.max_regimes, self.problems, memory_loss),
            evidence=EvidenceFeedback(self.advice.evidence),
            interventions=Interventions(self.redis.commands, self.prefix, self.problems, self.redis.clock.now_ms),
            ask=way_to(self.redis.commands, self._looks),
            problems=self.problems,
            published=revisions.tail.published,
            tracing=self.shared.tracing,
            portfolio=self.name,
            shadow=shadow,
            looks_s=pace.looks_s,
            group=inputs.group,
            heed_caps=caps.heed,
        )
        observe, clock_ms = self.shared.sync_metrics.observe, self.redis.clock.now_ms
        sync = StrategicMemorySync(parts, self.settings.sync, observe=observe, clock_ms=clock_ms)
        state = ServiceState(
            hub=hub,
            sync=sync,
            tail=revisions.tail,
            loader=inputs.loader,
            leadership=leadership,
            may_lead=self.shared.may_lead(self.name),
            memory_loss=memory_loss,
            problems=self.problems,
            clock=self.redis.clock,
            subscribers=lambda: served.streams,
            http_refused=self.shared.http_refused,
            log_failure=self.shared.log_failure,
            certificates=self.shared.certificates,
            shadow=shadow,
        )
        lapse_watch = LapseWatch(revisions.log, hub, hub.now_ms, pace.longest_look_s, revisions.changed)
        return Portfolio(served, state, sync, lapse_watch, caps, self.redis.commands, self.shared)

    @property
    def _looks(self) -> SharedTrips | None:
        """The round trips that portfolios share; the default one makes its own."""
        return None if self.name == DEFAULT else self.redis.looks

    def _revisions(self, pace: WatchPace) -> _Revisions:
        lengths, history_file, clock = self.settings.log, self.settings.history_file, self.redis.clock
        known_history = KnownHistory() if history_file is None else KeptHistory(history_file)
        hub = FeedbackHub(reference_rules.VERSION, lengths.recent_revisions, clock, known_history)
        log = FeedbackLog(
            self.redis.commands,
            self.prefix,
            lengths.retained_revisions,
            self.problems,
            clock,
            self.shared.tracing,
            trips=self._looks,
        )
        changed = ChangeSignal()
        tail = FeedbackTail(
            log,
            self.redis.blocking,
            hub,
            changed,
            lengths.recent_revisions,
            self.problems,
            shared=pace.log,
            block_ms=pace.compared_ms,
        )
        return _Revisions(log, hub, changed, tail)

    def _inputs(self, hub: FeedbackHub) -> _Inputs:
        return _Inputs(self._loader(hub), self._store(), TradeReader(self.redis.commands, self.prefix), self._group())

    def _loader(self, hub: FeedbackHub) -> MemoryLoader:
        clock, reported_ms = self.redis.clock, round(self.settings.sync.validity_s * 1000)
        return MemoryLoader(
            self.redis.commands,
            self.prefix,
            self.advice.windows,
            HeldCaps(clock.now_ms, reported_ms=reported_ms, compared=lambda: hub.unpublished_caps),
            max_regimes=self.advice.max_regimes,
            values_s=VALUES_S,
            clock=clock,
        )

    def _store(self) -> MemoryStore:
        advice, shadow = self.advice, self.settings.shadow
        return MemoryStore(
            self.redis.commands,
            self.prefix,
            advice.evidence.decay,
            advice.trade_id_horizon,
            advice.max_regimes,
            change=advice.evidence.change or (shadow is not None and shadow.evidence.change),
        )

    def _group(self) -> GroupMemory | None:
        """Make what it borrows from; None: it stands alone."""
        advice = self.advice
        if not advice.group:
            return None
        others = partial(self.shared.groups.others, self.name, advice, self.redis.commands)
        return GroupMemory(advice.group, others, self.problems)

    def _served(self, inputs: _Inputs, revisions: _Revisions) -> ServedPortfolio:
        hub = revisions.hub
        read = AnalysisSources(
            inputs.loader,
            inputs.store,
            inputs.trades,
            revisions.log,
            self.redis.clock.now_ms,
            lambda: hub.all_leverage_caps,
            lambda: without_override(hub.in_force(hub.now_ms()).advice),
            inputs.group,
            self.shared.failed_reads,
        )
        analyst = Analyst(read, self.advice, self.shared.threads)
        said = SaidLog(self.redis.commands, self.prefix, self.redis.clock.now_ms)
        standing = partial(_standing, self.problems, hub)
        failed_reads = self.shared.failed_reads
        sources = Sources(hub, revisions.changed, revisions.log, said, analyst, hub.now_ms, standing, failed_reads)
        return ServedPortfolio(sources, self.name)

    def _publisher(self, revisions: _Revisions, served: ServedPortfolio) -> FeedbackPublisher:
        return FeedbackPublisher(
            revisions.log,
            known_history=lambda: revisions.hub.known_history,
            problems=self.problems,
            expecting=served.expect,
            is_guarded=self.advice.leverage_guard,
        )

    def _leadership(self) -> Leadership:
        commands, sync = self.redis.commands, self.settings.sync
        trips = None if self.name == DEFAULT else self.redis.leases
        lease = Lease(commands, self.prefix, self.shared.server, round(sync.lease_s * 1000), trips)
        agreement = SettingsAgreement(
            commands,
            self.prefix,
            lease.holder,
            settings_by_variable(self.advice),
            lease.length_ms,
            self.problems,
            lead_anyway=sync.lead_anyway,
            trips=trips,
        )
        permissions = Permissions(commands, self.prefix)
        return Leadership(lease, problems=self.problems, permissions=permissions, agreement=agreement)

    def _shadow(self) -> Shadow | None:
        """Make what advises beside it; None: nothing does."""
        told = self.settings.shadow
        if told is None:
            return None
        publisher = ShadowPublisher(
            self.redis.commands,
            self.prefix,
            self.settings.log.retained_revisions,
            settings_by_variable(told),
            self.redis.clock,
            is_guarded=told.leverage_guard,
        )
        return Shadow(told, publisher, round(self.settings.sync.validity_s * 1000), self.problems)


def _standing(problems: Problems, hub: FeedbackHub) -> Mapping[str, str]:
    """Return what there is to say of a portfolio beside the advice, sentences by name."""
    return {**problems.standing, **said_by_operators(hub.in_force(hub.now_ms()).advice.reasons)}
