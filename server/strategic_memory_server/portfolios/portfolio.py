"""Portfolio: one memory with the advice drawn from it: log, hub, tail, leadership, sync, shadow, and what is served."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
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
from strategic_memory_server.portfolios.shared_resources import RedisServer, SharedResources
from strategic_memory_server.portfolios.watch_pace import WatchPace
from strategic_memory_server.redis_access.shared_trips import way_to
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
from strategic_memory_server.sync.running_sync import release, syncing
from strategic_memory_server.sync.shadow import Shadow
from strategic_memory_server.sync.sync_parts import SyncParts
from strategic_memory_server.waiting.running_tasks import running


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One portfolio; `run` brings it to life.

    Attributes:
        served: what calls about it are answered from.
        state: where health and metrics look.
        sync: the loop.
    """

    served: ServedPortfolio
    state: ServiceState
    sync: StrategicMemorySync
    lapse_watch: LapseWatch
    shared: SharedResources

    @property
    def has_begun(self) -> bool:
        """Whether the first work is done: the memory is read, and where this server leads, something was said."""
        status = self.sync.status
        return status.completed_at_ms is not None and (self.state.leadership.claim is None or status.iteration > 0)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the log, and where this server may lead, lead and sync, until the context is left."""
        broken, state = self.shared.broken, self.state
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(running(state.tail.run(), "feedback-tail", broken))
            await stack.enter_async_context(running(self.lapse_watch.run(), "lapse-watch", broken))
            if state.may_lead:
                stack.push_async_callback(release, state.leadership)
                await stack.enter_async_context(running(state.leadership.run(), "leadership", broken))
                if state.shadow is not None:
                    await stack.enter_async_context(running(state.shadow.run(), "shadow", broken))
                await stack.enter_async_context(syncing(self.sync, broken))
            yield


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
    prefix, advice, clock = settings.key_prefix, settings.sync.advice, redis.clock
    known_history = KnownHistory() if settings.history_file is None else KeptHistory(settings.history_file)
    hub = FeedbackHub(reference_rules.VERSION, settings.log.recent_revisions, clock, known_history)
    changed = ChangeSignal()
    trips, retained = None if name == DEFAULT else redis.looks, settings.log.retained_revisions
    log = FeedbackLog(redis.commands, prefix, retained, problems, clock, shared.tracing, trips=trips)
    loader, store, trades = _loader(settings, redis), _store(settings, redis), TradeReader(redis.commands, prefix)
    pace = WatchPace.of_default() if name == DEFAULT else WatchPace.of_many(redis, shared.portfolios)
    tail = FeedbackTail(
        log,
        redis.blocking,
        hub,
        changed,
        settings.log.recent_revisions,
        problems,
        shared=pace.log,
        block_ms=pace.compared_ms,
    )
    group = _group(name, advice, redis, shared, problems)
    read = AnalysisSources(
        loader,
        store,
        trades,
        log,
        clock.now_ms,
        lambda: hub.leverage_caps,
        lambda: without_override(hub.in_force(hub.now_ms()).advice),
        group,
    )
    analyst, said = Analyst(read, advice, shared.threads), SaidLog(redis.commands, prefix)
    standing = partial(_standing, problems, hub)
    served = ServedPortfolio(Sources(hub, changed, log, said, analyst, hub.now_ms, standing), name)
    leadership = _leadership(name, settings, redis, shared, problems)
    shadow, memory_loss = _shadow(settings, redis, problems), MemoryLoss(problems)
    sync = StrategicMemorySync(
        SyncParts(
            loader=loader,
            watcher=InputWatcher(redis.watching, prefix, pace.inputs),
            analyzer=PatternAnalyzer(advice.minimum_policy_trades),
            feedback=ReinforcementFeedback(advice.minimum_samples),
            publisher=FeedbackPublisher(
                log,
                known_history=lambda: hub.known_history,
                problems=problems,
                expecting=served.expect,
                is_guarded=advice.leverage_guard,
            ),
            leadership=leadership,
            long_memory=LongMemory(store, trades, advice.max_regimes, problems, memory_loss),
            evidence=EvidenceFeedback(advice.evidence),
            interventions=Interventions(redis.commands, prefix, problems, clock.now_ms),
            ask=way_to(redis.commands, trips),
            problems=problems,
            published=tail.published,
            tracing=shared.tracing,
            portfolio=name,
            shadow=shadow,
            looks_s=pace.looks_s,
            group=group,
            heed_caps=UnpublishedCaps(hub, changed, problems).heed,
        ),
        settings.sync,
        observe=shared.sync_metrics.observe,
        clock_ms=clock.now_ms,
    )
    state = ServiceState(
        hub=hub,
        sync=sync,
        tail=tail,
        loader=loader,
        leadership=leadership,
        may_lead=shared.may_lead(name),
        memory_loss=memory_loss,
        problems=problems,
        clock=clock,
        subscribers=lambda: served.streams,
        http_refused=shared.http_refused,
        log_failure=shared.log_failure,
        certificates=shared.certificates,
        shadow=shadow,
    )
    lapse_watch = LapseWatch(log, hub, hub.now_ms, pace.longest_look_s, changed)
    return Portfolio(served, state, sync, lapse_watch, shared)


def _loader(settings: PortfolioSettings, redis: RedisServer) -> MemoryLoader:
    advice, clock = settings.sync.advice, redis.clock
    caps = HeldCaps(clock.now_ms, reported_ms=round(settings.sync.validity_s * 1000))
    return MemoryLoader(
        redis.commands,
        settings.key_prefix,
        advice.windows,
        caps,
        max_regimes=advice.max_regimes,
        values_s=VALUES_S,
        clock=clock,
    )


def _store(settings: PortfolioSettings, redis: RedisServer) -> MemoryStore:
    advice, shadow = settings.sync.advice, settings.shadow
    return MemoryStore(
        redis.commands,
        settings.key_prefix,
        advice.evidence.decay,
        advice.trade_id_horizon,
        advice.max_regimes,
        change=advice.evidence.change or (shadow is not None and shadow.evidence.change),
    )


def _standing(problems: Problems, hub: FeedbackHub) -> Mapping[str, str]:
    """Return what there is to say of a portfolio beside the advice, sentences by name."""
    return {**problems.standing, **said_by_operators(hub.in_force(hub.now_ms()).advice.reasons)}


def _group(
    name: str, advice: AdviceSettings, redis: RedisServer, shared: SharedResources, problems: Problems
) -> GroupMemory | None:
    """Return from whom it borrows; None: it stands alone."""
    if not advice.group:
        return None
    return GroupMemory(advice.group, partial(shared.groups.others, name, advice, redis.commands), problems)


def _leadership(
    name: str, settings: PortfolioSettings, redis: RedisServer, shared: SharedResources, problems: Problems
) -> Leadership:
    prefix, sync = settings.key_prefix, settings.sync
    trips = None if name == DEFAULT else redis.leases
    lease = Lease(redis.commands, prefix, shared.server, round(sync.lease_s * 1000), trips)
    agreement = SettingsAgreement(
        redis.commands,
        prefix,
        lease.holder,
        settings_by_variable(sync.advice),
        lease.length_ms,
        problems,
        lead_anyway=sync.lead_anyway,
        trips=trips,
    )
    permissions = Permissions(redis.commands, prefix)
    return Leadership(lease, problems=problems, permissions=permissions, agreement=agreement)


def _shadow(settings: PortfolioSettings, redis: RedisServer, problems: Problems) -> Shadow | None:
    """Return what advises beside it; None: nothing does."""
    if settings.shadow is None:
        return None
    retained, advises_upon = settings.log.retained_revisions, settings_by_variable(settings.shadow)
    publisher = ShadowPublisher(
        redis.commands,
        settings.key_prefix,
        retained,
        advises_upon,
        redis.clock,
        is_guarded=settings.shadow.leverage_guard,
    )
    return Shadow(settings.shadow, publisher, round(settings.sync.validity_s * 1000), problems)
