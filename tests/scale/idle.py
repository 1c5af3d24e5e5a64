"""Portfolios that nothing comes in for, all of them in one process: what that takes at rest."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from processes import ServiceProcess, service_environment
from redis_inputs import add_portfolio, add_regime, add_trade
from scale.figures import Part
from scale.portfolio_file import PortfolioFile
from scale.taken import Taken, descriptors, resident_mib
from service_calls import get_json, stub_of

from strategic_memory.v1 import service_pb2
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

_AIMED_AT = 10_000
"""The aims are for so many."""
_MOST_OF_A_CORE = 0.3
_MOST_MIB = 1_430.5
"""1.5 GB."""
_READY_WITHIN_S = 120.0
_LOOK_EVERY_S = 2.0
_OWN_NAME = "measuring"
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class IdleSettings:
    """How idle portfolios are measured.

    Attributes:
        portfolios: how many.
        lease_s: length of their leases, seconds.
        synced_within_s: how long all may take to have advice before they are measured as they are, seconds.
        settling_s: how long they are left alone then, seconds.
        measured_s: how long they are measured, seconds; within an interval each is synced once.
        followed: how many of them a server follows that syncs none, measured for a third of that time.
    """

    portfolios: int = _AIMED_AT
    lease_s: float = 60.0
    synced_within_s: float = 420.0
    settling_s: float = 60.0
    measured_s: float = 60.0
    followed: int = 1_000


def measure(settings: IdleSettings, folder: Path) -> Part:
    """Measure; that portfolios have no advice in time is told as a figure, as a missed aim is."""
    part = Part(f"{settings.portfolios:,} idle portfolios in one process, leases of {settings.lease_s:g} s")
    file = PortfolioFile(folder / "portfolios.toml")
    file.write(f"idle-{number:05}" for number in range(settings.portfolios))
    with EmbeddedRedis() as server, redis.Redis.from_url(server.url, client_name=_OWN_NAME) as client:
        _fill(client, sorted(file.names))
        environment = {
            "REDIS_URL": server.url,
            "STRATEGIC_MEMORY_PORTFOLIO_FILE": str(file.path),
            "STRATEGIC_MEMORY_LEASE": f"{settings.lease_s:g}",
        }
        begun_s = time.monotonic()
        with _serving(folder, environment) as service:
            while (active := _active(service)) < settings.portfolios:
                if time.monotonic() > begun_s + settings.synced_within_s:
                    break
                time.sleep(_LOOK_EVERY_S)
            part.tell("looked at until all had advice, for", f"{time.monotonic() - begun_s:.0f} s")
            part.count("had advice then", active, settings.portfolios)
            time.sleep(settings.settling_s)
            _measure(part, settings, service, server.pid, client)
            part.count("have advice in force at the end", _active(service), settings.portfolios)
        (folder / "follower").mkdir()
        with _serving(folder / "follower", {**environment, "STRATEGIC_MEMORY_ROLE": "serve"}) as follower:
            _follow(part, settings, follower, client)
    return part


def _measure(part: Part, settings: IdleSettings, service: ServiceProcess, redis_pid: int, client: redis.Redis) -> None:
    pids = [service.pid]
    taken = Taken(pids, [redis_pid], [client])
    time.sleep(settings.measured_s)
    load, held_mib = taken.load(), resident_mib(pids)
    if settings.portfolios == _AIMED_AT:
        part.compare("the process, of a core", load.servers, _MOST_OF_A_CORE)
        part.compare("its memory", held_mib, _MOST_MIB, "MiB")
    else:
        part.tell("the process, of a core", f"{load.servers:.3f}")
        part.tell("its memory", f"{held_mib:.0f} MiB")
    part.tell("Redis, of a core", f"{load.redis:.3f}")
    part.tell("commands a second, those in scripts too", f"{load.commands:,.0f}")
    part.tell("memory of Redis", f"{resident_mib([redis_pid]):.0f} MiB")
    _tell_connections(part, client)
    part.tell("descriptors of the process", f"{descriptors(pids)}")


def _follow(part: Part, settings: IdleSettings, follower: ServiceProcess, client: redis.Redis) -> None:
    """Measure a server that is alone, and follows some of them since somebody has asked for each."""
    pids = [follower.pid]
    bare_mib = resident_mib(pids)
    with stub_of(follower) as stub:
        for number in range(settings.followed):
            request = service_pb2.GetFeedbackRequest(portfolio=f"idle-{number:05}")
            stub.GetFeedback(request, timeout=60, wait_for_ready=True)
    taken = Taken(pids, [], [client])
    time.sleep(settings.measured_s / 3)
    load, held_mib = taken.load(), resident_mib(pids) - bare_mib
    who = f"a server that only follows {settings.followed:,}"
    part.tell(f"{who}, of a core", f"{load.servers:.3f}")
    part.tell(f"{who}, memory for each", f"{held_mib * 1024 / settings.followed:.0f} KiB")
    part.tell(f"{who}, commands a second for each", f"{load.commands / settings.followed:.2f}")


def _tell_connections(part: Part, client: redis.Redis) -> None:
    """Tell what the connections take in Redis, whose limits for a client's output are of a configuration."""
    others = [each for each in client.client_list() if each["name"] != _OWN_NAME]
    part.tell("connections to Redis", f"{len(others):,}")
    part.tell("memory of all of them there", f"{sum(int(each['tot-mem']) for each in others) / 2**20:.1f} MiB")
    part.tell("output waiting for one of them, the most", f"{max(int(each['omem']) for each in others) / 1024:.1f} KiB")


def _fill(client: redis.Redis, names: Sequence[str]) -> None:
    """Write eight entries for each portfolio, so that it has advice."""
    for first in range(0, len(names), _AT_ONCE):
        with client.pipeline(transaction=False) as pipeline:
            for name in names[first : first + _AT_ONCE]:
                prefix = f"quantum:{name}"
                for regime in ("BULL", "RANGE", "BEAR", "BULL"):
                    add_regime(pipeline, regime, 0.2, prefix=prefix)
                for pnl in (0.1, 0.3):
                    add_trade(pipeline, "BULL", pnl, prefix=prefix)
                    add_portfolio(pipeline, pnl, prefix=prefix)
            pipeline.execute()


@contextmanager
def _serving(folder: Path, environment: dict[str, str]) -> Iterator[ServiceProcess]:
    service = ServiceProcess(folder, service_environment(environment))
    try:
        service.ready_line(_READY_WITHIN_S)
        yield service
    finally:
        service.kill()


def _active(service: ServiceProcess) -> int:
    """Return how many portfolios have advice in force; 0 while the process does not answer."""
    try:
        return int(get_json(service)["portfolios"]["by_status"].get("active", 0))
    except (OSError, KeyError):
        return 0
