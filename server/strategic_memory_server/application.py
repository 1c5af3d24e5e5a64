"""The composition root: opens every resource of the service in one place, in order, and closes them in reverse."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import redis.asyncio as redis
import structlog
from prometheus_client import CollectorRegistry

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.evidence_feedback import EvidenceFeedback
from strategic_memory_server.advice.override import without_override
from strategic_memory_server.advice.reinforcement_feedback import ReinforcementFeedback
from strategic_memory_server.advice.rules import reference_rules
from strategic_memory_server.advice.rules.override_reasons import said_by_operators
from strategic_memory_server.advice.settings_by_variable import settings_by_variable
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.configuration.service_settings import Role, ServiceSettings
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.identity.access import access_asked
from strategic_memory_server.inputs.input_watcher import LONGEST_BLOCK_S, InputWatcher
from strategic_memory_server.inputs.leverage_caps import HeldCaps
from strategic_memory_server.inputs.memory_loader import VALUES_S, MemoryLoader
from strategic_memory_server.long_memory.long_memory import LongMemory
from strategic_memory_server.long_memory.memory_loss import MemoryLoss
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.monitoring.http_server import MOST_ENCRYPTED, http_app, open_http_server
from strategic_memory_server.monitoring.metrics import StateCollector, SyncMetrics, exposition
from strategic_memory_server.monitoring.process_metrics import register_process
from strategic_memory_server.monitoring.service_state import ServiceState
from strategic_memory_server.page.opening import routes_of_page
from strategic_memory_server.page.page_routes import OPEN_TO_ALL
from strategic_memory_server.process.descriptors import raise_descriptor_limit, shares_of, tell_of_exhaustion
from strategic_memory_server.process.server_name import server_name
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.redis_access.redis_connection import connect, shown_url
from strategic_memory_server.redis_access.redis_location import read_location
from strategic_memory_server.redis_access.redis_risks import RedisRisks
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.feedback_publisher import FeedbackPublisher
from strategic_memory_server.revisions.feedback_tail import BLOCK_MS, FeedbackTail
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
from strategic_memory_server.rpc.admin.servicer import AdminSources, StrategicMemoryAdminServicer
from strategic_memory_server.rpc.analyses.analyst import AnalysisSources, Analyst
from strategic_memory_server.rpc.analyses.requests_in_hand import RequestsInHand
from strategic_memory_server.rpc.rpc_metrics import RpcMetrics
from strategic_memory_server.rpc.server import open_grpc_server
from strategic_memory_server.rpc.servicer import Sources, StrategicMemoryServicer
from strategic_memory_server.sync.memory_sync_service import StrategicMemorySync
from strategic_memory_server.sync.running_sync import release, syncing
from strategic_memory_server.sync.shadow import Shadow
from strategic_memory_server.sync.sync_parts import SyncParts
from strategic_memory_server.tls.served_certificates import ServedCertificates
from strategic_memory_server.tracing.tracing import OFF, Tracing
from strategic_memory_server.waiting.running_tasks import running

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunningService:
    """An open service.

    Attributes:
        grpc_address: where it listens for gRPC.
        http_address: where it listens for HTTP.
        sync: the loop inside it.
        broken: set when one of its tasks has ended by a fault of the program: it cannot go on as a whole.
    """

    grpc_address: str
    http_address: str
    sync: StrategicMemorySync
    broken: asyncio.Event


@asynccontextmanager
async def open_service(
    settings: ServiceSettings, log_failure: Callable[[], str | None] = lambda: None, tracing: Tracing = OFF
) -> AsyncIterator[RunningService]:
    """Run the whole service until the context is left.

    Redis need not be there: the service answers with the safe values and syncs once it is.

    Args:
        settings: what to run.
        log_failure: tells why the log cannot be written just now; None while it can.
        tracing: is told of the work; whoever opened it closes it.

    Raises:
        ListenError: an address cannot be listened on.
    """
    registry = CollectorRegistry()
    register_process(registry)
    changed = ChangeSignal()
    broken = asyncio.Event()
    problems = Problems()
    clock = RedisClock(problems)
    clock_ms = clock.now_ms
    tell_of_exhaustion(problems)
    shares = shares_of(raise_descriptor_limit())
    certificates = None if settings.tls is None else ServedCertificates(settings.tls, problems)
    asks_clients = settings.tls is not None and settings.tls.client_ca_file is not None
    access = access_asked(settings.access_file, problems, asks_clients=asks_clients)
    advice = settings.sync.advice
    heard = KnownHistory() if settings.redis.history_file is None else KeptHistory(settings.redis.history_file)
    http_refused = Counter[str]()
    hub = FeedbackHub(reference_rules.VERSION, settings.log.recent_revisions, clock, heard)
    async with AsyncExitStack() as stack:
        commands = await stack.enter_async_context(connect(settings.redis))
        blocking = await stack.enter_async_context(connect(settings.redis, longest_block_s=BLOCK_MS / 1000))
        watching = await stack.enter_async_context(connect(settings.redis, longest_block_s=LONGEST_BLOCK_S))
        log = FeedbackLog(
            commands, settings.redis.key_prefix, settings.log.retained_revisions, problems, clock, tracing
        )
        caps = HeldCaps(clock_ms, told_ms=round(settings.sync.validity_s * 1000))
        loader = MemoryLoader(
            commands,
            settings.redis.key_prefix,
            advice.windows,
            caps,
            max_regimes=advice.max_regimes,
            values_s=VALUES_S,
            clock=clock,
        )
        sync_metrics = SyncMetrics(registry)
        lease = Lease(commands, settings.redis.key_prefix, server_name(), round(settings.sync.lease_s * 1000))
        agreement = SettingsAgreement(
            commands,
            settings.redis.key_prefix,
            lease.holder,
            settings_by_variable(advice),
            lease.length_ms,
            problems,
            lead_anyway=settings.sync.lead_anyway,
        )
        permissions = Permissions(commands, settings.redis.key_prefix)
        leadership = Leadership(lease, problems=problems, permissions=permissions, agreement=agreement)
        memory_store = MemoryStore(
            commands,
            settings.redis.key_prefix,
            advice.evidence.decay,
            advice.trade_id_horizon,
            advice.max_regimes,
        )
        memory_loss = MemoryLoss(problems)
        trade_reader = TradeReader(commands, settings.redis.key_prefix)
        tail = FeedbackTail(log, blocking, hub, changed, settings.log.recent_revisions, problems)
        analyst = Analyst(
            AnalysisSources(
                loader,
                memory_store,
                trade_reader,
                log,
                clock_ms,
                lambda: hub.leverage_caps,
                lambda: without_override(hub.in_force(hub.now_ms()).advice),
            ),
            advice,
            RequestsInHand(
                settings.grpc.max_request_bytes, settings.grpc.max_in_hand_bytes, settings.grpc.caller_in_hand_bytes
            ),
        )

        def standing() -> Mapping[str, str]:
            return {**problems.standing, **said_by_operators(hub.in_force(hub.now_ms()).advice.reasons)}

        servicer = StrategicMemoryServicer(Sources(hub, changed, log, hub.now_ms, standing), analyst, settings.grpc)
        shadow = None if settings.shadow is None else _shadow(settings, settings.shadow, commands, clock, problems)
        sync = StrategicMemorySync(
            SyncParts(
                loader=loader,
                watcher=InputWatcher(watching, settings.redis.key_prefix),
                analyzer=PatternAnalyzer(advice.minimum_policy_trades),
                feedback=ReinforcementFeedback(advice.minimum_samples),
                publisher=FeedbackPublisher(log, heard=lambda: hub.heard, problems=problems, expecting=servicer.expect),
                leadership=leadership,
                long_memory=LongMemory(memory_store, trade_reader, advice.max_regimes, problems, memory_loss),
                evidence=EvidenceFeedback(advice.evidence),
                interventions=Interventions(commands, settings.redis.key_prefix, problems, clock_ms),
                problems=problems,
                published=tail.published,
                tracing=tracing,
                shadow=shadow,
            ),
            settings.sync,
            observe=sync_metrics.observe,
            clock_ms=clock_ms,
        )
        admin = StrategicMemoryAdminServicer(
            AdminSources(hub, changed, SaidLog(commands, settings.redis.key_prefix), clock_ms)
        )

        state = ServiceState(
            hub=hub,
            sync=sync,
            tail=tail,
            loader=loader,
            leadership=leadership,
            may_lead=settings.role is Role.SYNC,
            memory_loss=memory_loss,
            problems=problems,
            clock=clock,
            subscribers=lambda: servicer.subscribers,
            http_refused=http_refused,
            log_failure=log_failure,
            certificates=certificates,
            shadow=shadow,
        )
        registry.register(StateCollector(state.gauges()))
        # The addresses come first: a service that cannot be reached must not publish.
        grpc_server = await stack.enter_async_context(
            open_grpc_server(
                servicer, admin, RpcMetrics(registry), settings.grpc, shares.grpc, certificates, access, tracing
            )
        )
        most_pages = (shares.http if certificates is None else MOST_ENCRYPTED) // 4
        http_address = await stack.enter_async_context(
            open_http_server(
                http_app(
                    state.report,
                    lambda: exposition(registry),
                    settings.http,
                    access,
                    lambda: grpc_server.health.is_serving,
                    http_refused,
                    routes_of_page(hub, changed, log, analyst, state.report, hub.now_ms, most_pages),
                    OPEN_TO_ALL,
                ),
                settings.http.address,
                shares.http,
                certificates,
            )
        )
        if certificates is not None:
            await stack.enter_async_context(running(certificates.run(), "tls-files", broken))
        if access is not None:
            await stack.enter_async_context(running(access.run(), "access-file", broken))
        await stack.enter_async_context(running(tail.run(), "feedback-tail", broken))
        asks_config = read_location(settings.redis.url).username in (None, "default")
        risks = RedisRisks(
            commands,
            problems,
            asks_config=asks_config,
            is_in_memory=settings.redis.is_in_memory,
            now_s=lambda: clock_ms() / 1000,
        )
        await stack.enter_async_context(running(risks.run(), "redis-risks", broken))
        await stack.enter_async_context(running(LapseWatch(log, hub, hub.now_ms).run(), "lapse-watch", broken))
        if settings.role is Role.SYNC:
            stack.push_async_callback(release, leadership)
            await stack.enter_async_context(running(leadership.run(), "leadership", broken))
            if shadow is not None:
                await stack.enter_async_context(running(shadow.run(), "shadow", broken))
            await stack.enter_async_context(syncing(sync, broken))
        # Subscribers are told first, so that they go elsewhere while the sync in hand is finished.
        stack.callback(grpc_server.drain)
        logger.info(
            "Service ready",
            grpc_address=grpc_server.address,
            http_address=http_address,
            redis=shown_url(settings.redis.url),
            key_prefix=settings.redis.key_prefix,
            interval_s=settings.sync.interval_s,
            validity_s=round(settings.sync.validity_s, 3),
            role=settings.role.value,
        )
        yield RunningService(grpc_server.address, http_address, sync, broken)
        logger.info("Service stopping")


def _shadow(
    settings: ServiceSettings, advice: AdviceSettings, commands: redis.Redis, clock: RedisClock, problems: Problems
) -> Shadow:
    """Return the shadow of the service, which advises upon `advice`."""
    prefix, retained = settings.redis.key_prefix, settings.log.retained_revisions
    publisher = ShadowPublisher(commands, prefix, retained, settings_by_variable(advice), clock)
    return Shadow(advice, publisher, round(settings.sync.validity_s * 1000), problems)
