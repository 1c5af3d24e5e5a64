"""The composition root: opens every resource of the service in one place, in order, and closes them in reverse."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from strategic_memory_server.configuration.portfolio_settings import PortfolioSettings
from strategic_memory_server.configuration.service_portfolio import of_service
from strategic_memory_server.configuration.service_settings import Role, ServiceSettings
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.identity.access import Access, access_asked
from strategic_memory_server.inputs.cap_comparison import CapComparison
from strategic_memory_server.memory.portfolio_name import DEFAULT
from strategic_memory_server.monitoring.http_server import MOST_ENCRYPTED, http_app, open_http_server
from strategic_memory_server.monitoring.metrics import SyncMetrics
from strategic_memory_server.monitoring.pages import OwnPages, Pages
from strategic_memory_server.monitoring.portfolios_report import PortfoliosMetrics, with_portfolios
from strategic_memory_server.monitoring.process_metrics import register_process
from strategic_memory_server.page.opening import routes_of_page
from strategic_memory_server.page.page_routes import OPEN_TO_ALL
from strategic_memory_server.portfolios.groups import Groups
from strategic_memory_server.portfolios.listed_portfolios import Listed, ListedPortfolios
from strategic_memory_server.portfolios.making import make_portfolio
from strategic_memory_server.portfolios.open_portfolios import OpenPortfolios
from strategic_memory_server.portfolios.portfolio import Portfolio
from strategic_memory_server.portfolios.shared_resources import RedisServer, SharedResources, reach
from strategic_memory_server.portfolios.unnamed_portfolios import UnnamedPortfolios
from strategic_memory_server.portfolios.unsynced_portfolios import UnsyncedPortfolios
from strategic_memory_server.process.descriptors import raise_descriptor_limit, report_exhaustion, shares_of
from strategic_memory_server.process.event_loop import running_loop_name
from strategic_memory_server.process.server_name import server_name
from strategic_memory_server.redis_access.redis_connection import connect, shown_url
from strategic_memory_server.redis_access.redis_location import Deployment, read_location
from strategic_memory_server.redis_access.redis_risks import RedisRisks
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.rpc.admin.servicer import StrategicMemoryAdminServicer
from strategic_memory_server.rpc.analyses.analysis_threads import AnalysisThreads
from strategic_memory_server.rpc.analyses.reception import AnalysisReception
from strategic_memory_server.rpc.analyses.requests_in_hand import RequestsInHand
from strategic_memory_server.rpc.permitted_portfolios import PermittedPortfolios
from strategic_memory_server.rpc.rpc_metrics import RpcMetrics
from strategic_memory_server.rpc.server import GrpcServer, open_grpc_server
from strategic_memory_server.rpc.servicer import StrategicMemoryServicer
from strategic_memory_server.sync.memory_sync_service import StrategicMemorySync
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
    settings: ServiceSettings,
    log_failure: Callable[[], str | None] = lambda: None,
    tracing: Tracing = OFF,
    pages_of: Callable[[OwnPages], Pages] = lambda own: own,
) -> AsyncIterator[RunningService]:
    """Run the whole service until the context is left.

    Redis need not be there: the service answers with the safe values and syncs once it is.

    Args:
        settings: what to run.
        log_failure: tells why the log cannot be written just now; None while it can.
        tracing: is told of the work; whoever opened it closes it.
        pages_of: gives what `/health` and `/metrics` say, for one of several processes those of all.

    Raises:
        ListenError: an address cannot be listened on.
    """
    registry = CollectorRegistry()
    register_process(registry, running_loop_name())
    problems, broken = Problems(), asyncio.Event()
    report_exhaustion(problems)
    certificates = None if settings.tls is None else ServedCertificates(settings.tls, problems)
    asks_clients = settings.tls is not None and settings.tls.client_ca_file is not None
    access = access_asked(settings.access_file, problems, asks_clients=asks_clients)
    redis = reach(settings.redis, problems, is_shared=not _is_cluster(settings.redis))
    shared = SharedResources(
        server=server_name(),
        may_lead=partial(_may_lead, settings),
        problems=problems,
        caps=CapComparison(redis.clock.now_ms),
        threads=AnalysisThreads(),
        sync_metrics=SyncMetrics(registry),
        tracing=tracing,
        portfolios=lambda: portfolios.count,
        broken=broken,
        http_refused=Counter(),
        log_failure=log_failure,
        certificates=certificates,
        groups=Groups(of_service(settings)),
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(redis.close)
        portfolio = make_portfolio(DEFAULT, of_service(settings), redis, shared, problems)
        make = partial(_another_portfolio, settings, redis, shared)
        asked = settings.portfolios
        portfolios = OpenPortfolios(portfolio, make, partial(_may_lead, settings), awaits_names=asked is not None)
        told = problems if access is None else UnnamedPortfolios(problems)
        listed = None if asked is None else ListedPortfolios(asked, settings.redis.key_prefix, redis.commands, told)
        # The addresses come first: a service that cannot be reached must not publish.
        grpc_server, http_address = await stack.enter_async_context(
            _listening(settings, shared, portfolios, access, pages_of, registry)
        )
        await stack.enter_async_context(_looked_after(settings, redis, shared, access))
        await stack.enter_async_context(portfolio.running())
        stack.push_async_callback(portfolios.close)
        await stack.enter_async_context(_others(settings, redis, shared, portfolios, listed))
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
            event_loop=running_loop_name(),
            **({"shard": str(settings.shard)} if settings.shard else {}),
        )
        yield RunningService(grpc_server.address, http_address, portfolio.sync, broken)
        logger.info("Service stopping")


@asynccontextmanager
async def _listening(
    settings: ServiceSettings,
    shared: SharedResources,
    portfolios: OpenPortfolios,
    access: Access | None,
    pages_of: Callable[[OwnPages], Pages],
    registry: CollectorRegistry,
) -> AsyncIterator[tuple[GrpcServer, str]]:
    """Answer over gRPC and, at the address that is given beside it, over HTTP. Raises ListenError."""

    def report(name: str) -> dict[str, Any]:
        found = portfolios.state(name).report()
        if name != DEFAULT:
            return {"portfolio": name, **found}
        # `/health` needs no identity: where callers are known, it names nothing that takes one.
        return with_portfolios(found, portfolios.others, portfolios.count - 1, names_them=access is None)

    grpc, certificates = settings.grpc, shared.certificates
    descriptors = shares_of(raise_descriptor_limit())
    most_labelled = settings.portfolios.most_labelled if settings.portfolios else 0
    metrics = PortfoliosMetrics(
        portfolios.state(DEFAULT), lambda: portfolios.others, lambda: portfolios.named, most_labelled
    )
    pages = pages_of(OwnPages(report, registry, portfolios.find, metrics.gathered))
    asked_for = portfolios if access is None else PermittedPortfolios(portfolios)
    in_hand = RequestsInHand(grpc.max_request_bytes, grpc.max_in_hand_bytes, grpc.caller_in_hand_bytes)
    most_pages = (descriptors.http if certificates is None else MOST_ENCRYPTED) // 4
    async with (
        open_grpc_server(
            StrategicMemoryServicer(asked_for, AnalysisReception(in_hand, shared.threads), grpc),
            StrategicMemoryAdminServicer(asked_for),
            RpcMetrics(registry),
            grpc,
            descriptors.grpc,
            certificates,
            access,
            shared.tracing,
        ) as grpc_server,
        open_http_server(
            http_app(
                pages,
                settings.http,
                access,
                lambda: grpc_server.health.is_serving,
                lambda: portfolios.state(DEFAULT).hub.was_read,
                shared.http_refused,
                routes_of_page(asked_for, pages.seen, most_pages),
                OPEN_TO_ALL,
            ),
            settings.http.address,
            descriptors.http,
            certificates,
            is_port_shared=settings.http.is_port_shared,
        ) as http_address,
    ):
        yield grpc_server, http_address


@asynccontextmanager
async def _others(
    settings: ServiceSettings,
    redis: RedisServer,
    shared: SharedResources,
    portfolios: OpenPortfolios,
    listed: ListedPortfolios | None,
) -> AsyncIterator[None]:
    """Open and close portfolios as they are listed, and look after those that other servers are to sync."""

    async def take(newest: Listed) -> None:
        shared.groups.take(newest)
        await portfolios.take(newest)

    async with AsyncExitStack() as stack:
        if listed is not None:
            await stack.enter_async_context(running(listed.run(take), "portfolios", shared.broken))
        if settings.role is not Role.SYNC or settings.shard is not None:
            nothing: Listed = {}
            unsynced = _unsynced(settings, redis, shared.problems, lambda: nothing if listed is None else listed.newest)
            await stack.enter_async_context(running(unsynced.run(), "unsynced-portfolios", shared.broken))
        yield


def _another_portfolio(
    settings: ServiceSettings,
    redis: RedisServer,
    shared: SharedResources,
    name: str,
    told: PortfolioSettings,
    stack: AsyncExitStack,
) -> Portfolio:
    """Put a portfolio together beside the default one; in a cluster its keys may be on another node."""
    problems, history = Problems(), settings.redis.history_file
    if history is not None:
        told = replace(told, history_file=history.with_name(f"{history.name}-{name}"))
    if _is_cluster(settings.redis):
        redis = reach(replace(settings.redis, key_prefix=told.key_prefix), problems)
        stack.push_async_callback(redis.close)
    return make_portfolio(name, told, redis, shared, problems)


def _unsynced(
    settings: ServiceSettings, redis: RedisServer, problems: Problems, listed: Callable[[], Listed]
) -> UnsyncedPortfolios:
    """Return what looks after the portfolios that others are to sync."""

    def redis_of(prefix: str) -> AbstractAsyncContextManager[Redis]:
        if _is_cluster(settings.redis):
            return connect(replace(settings.redis, key_prefix=prefix))
        return nullcontext(redis.commands)

    shards = settings.shard.shards if settings.role is Role.SYNC and settings.shard else None
    may_lead, prefix = partial(_may_lead, settings), settings.redis.key_prefix
    is_cluster = _is_cluster(settings.redis)
    return UnsyncedPortfolios(listed, prefix, may_lead, redis_of, problems, shards, is_cluster=is_cluster)


def _may_lead(settings: ServiceSettings, portfolio: str) -> bool:
    return settings.role is Role.SYNC and (settings.shard is None or settings.shard.has(portfolio))


def _is_cluster(settings: RedisSettings) -> bool:
    return read_location(settings.url).deployment is Deployment.CLUSTER


@asynccontextmanager
async def _looked_after(
    settings: ServiceSettings, redis: RedisServer, shared: SharedResources, access: Access | None
) -> AsyncIterator[None]:
    """Look at files and at the settings of Redis again and again, until the context is left."""
    async with AsyncExitStack() as stack:
        if shared.certificates is not None:
            await stack.enter_async_context(running(shared.certificates.run(), "tls-files", shared.broken))
        if access is not None:
            await stack.enter_async_context(running(access.run(), "access-file", shared.broken))
        await stack.enter_async_context(running(shared.caps.run(), "caps", shared.broken))
        risks = RedisRisks(
            redis.commands,
            shared.problems,
            asks_config=read_location(settings.redis.url).username in (None, "default"),
            is_in_memory=settings.redis.is_in_memory,
            now_s=lambda: redis.clock.now_ms() / 1000,
        )
        await stack.enter_async_context(running(risks.run(), "redis-risks", shared.broken))
        yield
