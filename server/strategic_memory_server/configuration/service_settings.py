"""Settings of the service as frozen values. They are read from environment and flags in `environment.py`, once."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.configuration.portfolio_settings import PortfoliosSettings
from strategic_memory_server.memory.shard import Shard
from strategic_memory_server.monitoring.http_settings import HttpSettings
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.revisions.log_settings import LogSettings
from strategic_memory_server.rpc.grpc_settings import GrpcSettings
from strategic_memory_server.sync.sync_settings import SyncSettings
from strategic_memory_server.tls.tls_settings import TlsSettings


class Role(enum.Enum):
    """What a server does: sync whenever it leads, and serve; or serve alone."""

    SYNC = "sync"
    SERVE = "serve"


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Everything the service can be told."""

    role: Role = Role.SYNC
    redis: RedisSettings = field(default_factory=RedisSettings)
    sync: SyncSettings = field(default_factory=SyncSettings)
    log: LogSettings = field(default_factory=LogSettings)
    grpc: GrpcSettings = field(default_factory=GrpcSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    tls: TlsSettings | None = None
    access_file: Path | None = None
    shadow: AdviceSettings | None = None
    portfolios: PortfoliosSettings | None = None
    shard: Shard | None = None
