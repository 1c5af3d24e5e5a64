"""The edge: environment variables to frozen settings, and a clear message for each that is wrong.

Flags of the command are given as overrides under the same names, so there is one set of checks for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.advice.hysteresis import HysteresisSettings
from strategic_memory_server.configuration.contradictions import VALIDITY_IN_INTERVALS, contradictions
from strategic_memory_server.configuration.environment_values import (
    MOST_WORKERS,
    Address,
    Count,
    HeldResults,
    HeldSeconds,
    MinimumWeight,
    Rate,
    RequiredProbability,
    RiskAversion,
    RulesName,
    Seconds,
    Switch,
    Window,
    lower,
    read_event_loop,
    read_group,
    read_hosts,
    read_public,
    read_workers,
    upper,
    what_is_wrong,
)
from strategic_memory_server.configuration.exposure import exposure_problems
from strategic_memory_server.configuration.portfolios_environment import PortfoliosEnvironment
from strategic_memory_server.configuration.service_settings import Role, ServiceSettings
from strategic_memory_server.configuration.shadow_environment import ShadowEnvironment
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.window_settings import MAX_REGIMES, MAX_WINDOW, WindowSettings
from strategic_memory_server.monitoring.http_settings import HttpSettings
from strategic_memory_server.redis_access.redis_settings_check import redis_problems
from strategic_memory_server.revisions.heartbeat_pace import LONGEST_HEARTBEAT_S, SHORTEST_HEARTBEAT_S
from strategic_memory_server.revisions.log_settings import RECENT_REVISIONS, LogSettings
from strategic_memory_server.rpc.grpc_settings import (
    LARGEST_REQUEST_MIB,
    MAX_IN_HAND_BYTES,
    MAX_REQUEST_BYTES,
    MIB,
    MOST_CONNECTIONS,
    MOST_ENCRYPTED_CONNECTIONS,
    GrpcSettings,
)
from strategic_memory_server.sync.sync_settings import SyncSettings
from strategic_memory_server.tls.tls_settings import TlsSettings

_PREFIX = "STRATEGIC_MEMORY_"

LARGEST_IN_HAND_MIB = 1_024
LEASE_S = 5.0
SHORTEST_DEFAULT_LEASE_S = 1.0


class SettingsError(Exception):
    """One or more settings are wrong; the text names each with what is wrong, and holds no secret."""


class Environment(ShadowEnvironment, PortfoliosEnvironment):
    """Environment variables; each is described in `docs/configuration.md`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    interval: Annotated[float, Field(ge=0.05, le=86_400, allow_inf_nan=False)] = Field(
        60.0, validation_alias="MEMORY_SYNC_INTERVAL"
    )
    role: Annotated[Literal["sync", "serve"], BeforeValidator(lower)] = "sync"
    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS), AfterValidator(read_workers)] = 1
    lease: Annotated[float, Field(ge=0.5, le=3_600, allow_inf_nan=False)] | None = None
    event_loop: Annotated[
        Literal["auto", "asyncio", "uvloop"], BeforeValidator(lower), AfterValidator(read_event_loop)
    ] = "auto"
    lead_anyway: Switch = "off"
    rules: RulesName = "reference"
    evidence_decay: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.998
    evidence_required_probability: RequiredProbability = 0.8
    evidence_minimum_trades: MinimumWeight = 20.0
    evidence_risk_aversion: RiskAversion = 0.03
    evidence_change: Switch = "off"
    evidence_group: Annotated[str, AfterValidator(read_group)] = ""
    evidence_exploration: Switch = "off"
    evidence_exploration_width: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 1.0
    evidence_exploration_hold: Annotated[int, Field(ge=1, le=MAX_WINDOW)] = 20
    hysteresis_results: HeldResults = 0
    hysteresis_seconds: HeldSeconds = 0.0
    leverage_guard: Switch = "off"
    max_regimes: Annotated[int, Field(ge=4, le=250)] = MAX_REGIMES
    trade_id_horizon: Annotated[int, Field(ge=0, le=MAX_WINDOW)] = 10_000
    validity: Seconds | None = None
    regime_window: Window = 50
    portfolio_window: Window = 50
    trade_window: Window = 30
    sync_mode: Annotated[Literal["reactive", "periodic"], BeforeValidator(lower)] = "reactive"
    sync_debounce: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.0
    sync_floor: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 0.05
    minimum_samples: Count = 3
    minimum_policy_trades: Count = 3
    retained_revisions: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    recent_revisions: Annotated[int, Field(ge=1, le=100_000)] | None = None
    grpc_address: Address = "127.0.0.1:50051"
    http_address: Address = "127.0.0.1:8001"
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_client_ca: str | None = None
    access_file: Path | None = None
    public: Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_public)] = ()
    insecure_listen: Switch = "off"
    http_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_hosts)] = ()
    heartbeat_interval: Annotated[float, Field(ge=SHORTEST_HEARTBEAT_S, le=LONGEST_HEARTBEAT_S)] = 15.0
    max_subscribers: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    peer_share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.5
    caller_rate: Rate = 5_000.0
    http_caller_rate: Rate = 100.0
    caller_analyses: Annotated[int, Field(ge=1, le=1_000)] = 64
    caller_in_hand_mib: Annotated[int, Field(ge=1, le=LARGEST_IN_HAND_MIB)] | None = None
    max_request_mib: Annotated[int, Field(ge=1, le=LARGEST_REQUEST_MIB)] = MAX_REQUEST_BYTES // MIB
    max_in_hand_mib: Annotated[int, Field(ge=1, le=LARGEST_IN_HAND_MIB)] | None = None
    max_connections: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    connection_calls: Annotated[int, Field(ge=1, le=1_000_000)] = 250
    max_connection_age: Annotated[float, Field(ge=1, le=86_400)] = 3_600.0
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(upper)] = "INFO"
    log_format: Annotated[Literal["json", "console"], BeforeValidator(lower)] = "json"

    @model_validator(mode="after")
    def _settings_agree(self) -> Self:
        settings = self.service_settings()
        found = [*contradictions(settings, self.model_fields_set)]
        found += exposure_problems(settings, is_insecure_meant=self.insecure_listen == "on")
        found += self.portfolios_problems(settings)
        if found := [*found, *redis_problems(self.redis_settings())]:
            raise ValueError("\n".join(found))
        return self

    def _in_hand_bytes(self) -> int:
        """What a process may have of requests in hand: its part, where what all may have is set."""
        if not self.max_in_hand_mib:
            return self.max_request_mib * MAX_IN_HAND_BYTES * MIB // MAX_REQUEST_BYTES
        part_mib = max(self.max_in_hand_mib // self.workers, min(self.max_in_hand_mib, self.max_request_mib))
        return part_mib * MIB

    def service_settings(self) -> ServiceSettings:
        """The settings of the service."""
        validity_s = self.validity or VALIDITY_IN_INTERVALS * self.interval
        in_hand_bytes = self._in_hand_bytes()
        advice = self.advice_settings()
        settings = ServiceSettings(
            role=Role(self.role),
            redis=self.redis_settings(),
            shadow=self.shadow_of(advice),
            sync=SyncSettings(
                interval_s=self.interval,
                reactive=self.sync_mode == "reactive",
                debounce_s=self.sync_debounce,
                floor_s=self.sync_floor,
                validity_s=validity_s,
                # An advice must outlive the change of a leader.
                lease_s=self.lease or max(min(LEASE_S, validity_s / 3), SHORTEST_DEFAULT_LEASE_S),
                lead_anyway=self.lead_anyway == "on",
                advice=advice,
            ),
            log=LogSettings(
                self.retained_revisions, self.recent_revisions or min(RECENT_REVISIONS, self.retained_revisions)
            ),
            grpc=GrpcSettings(
                address=self.grpc_address,
                heartbeat_s=self.heartbeat_interval,
                max_subscribers=self.max_subscribers,
                peer_share=self.peer_share,
                max_request_bytes=self.max_request_mib * MIB,
                caller_rate=self.caller_rate,
                caller_analyses=self.caller_analyses,
                max_in_hand_bytes=in_hand_bytes,
                caller_in_hand_bytes=min((self.caller_in_hand_mib or LARGEST_IN_HAND_MIB) * MIB, in_hand_bytes),
                max_connections=self.max_connections
                or (MOST_CONNECTIONS if self.tls_settings() is None else MOST_ENCRYPTED_CONNECTIONS),
                connection_calls=self.connection_calls,
                max_connection_age_s=self.max_connection_age,
                is_port_shared=self.workers > 1,
                is_reflection_open="reflection" in self.public,
                is_admin_open="admin" in self.public,
            ),
            http=HttpSettings(
                self.http_address,
                self.http_hosts,
                is_metrics_open="metrics" in self.public,
                caller_rate=self.http_caller_rate,
                is_port_shared=self.workers > 1,
            ),
            tls=self.tls_settings(),
            access_file=self.access_file,
            shard=self.shard,
        )
        return replace(settings, portfolios=self.portfolios_settings(settings))

    def advice_settings(self) -> AdviceSettings:
        """Upon what the service advises."""
        return AdviceSettings(
            rules=Rules[self.rules.upper()],
            evidence=EvidenceSettings(
                decay=self.evidence_decay,
                required_probability=self.evidence_required_probability,
                minimum_weight=self.evidence_minimum_trades,
                risk_aversion=self.evidence_risk_aversion,
                change=self.evidence_change == "on",
                explore=self.evidence_exploration == "on",
                exploration_width=self.evidence_exploration_width,
                exploration_hold=self.evidence_exploration_hold,
            ),
            max_regimes=self.max_regimes,
            trade_id_horizon=self.trade_id_horizon,
            hysteresis=HysteresisSettings(self.hysteresis_results, self.hysteresis_seconds),
            leverage_guard=self.leverage_guard == "on",
            group=self.evidence_group,
            minimum_samples=self.minimum_samples,
            minimum_policy_trades=self.minimum_policy_trades,
            windows=WindowSettings(self.regime_window, self.portfolio_window, self.trade_window),
        )

    def tls_settings(self) -> TlsSettings | None:
        """The files of TLS; None where none is set."""
        if not (self.tls_cert or self.tls_key or self.tls_client_ca):
            return None
        return TlsSettings(self.tls_cert or "", self.tls_key or "", self.tls_client_ca)


def read_environment(overrides: Mapping[str, Any] | None = None, *, listens: bool = True) -> Environment:
    """Read the environment once.

    Args:
        overrides: of flags; those that are not None take precedence.
        listens: whether the command opens the listeners; to another it is no matter who could reach them.

    Raises:
        SettingsError: something is wrong; the message has one line for each setting.
    """
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    if not listens:
        given["insecure_listen"] = "on"
    try:
        return Environment(**given)
    except ValidationError as error:
        lines = [f"{_name(entry['loc'], given)}{what_is_wrong(entry)}" for entry in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def unknown_variables(names: Iterable[str]) -> dict[str, str]:
    """The names that look like a setting of this service and are none, each with the one that it is most like."""
    known = {_variable(name) for name in Environment.model_fields}
    unknown = sorted(name for name in names if name.upper().startswith(_PREFIX) and name.upper() not in known)
    return {name: "".join(get_close_matches(name.upper(), known, 1, 0.9)) for name in unknown}


def _name(location: tuple[int | str, ...], flags: Iterable[str]) -> str:
    """The flag that a validation error is about, where it was given, or else the variable, as one would set it."""
    if not location:
        return ""
    name = str(location[0])
    for field in flags:
        if name in {field, _variable(field)}:
            return f"--{field.replace('_', '-')}: "
    return f"{_variable(name) if name in Environment.model_fields else name}: "


def _variable(field_name: str) -> str:
    """The variable of a field of `Environment`."""
    alias = Environment.model_fields[field_name].validation_alias
    return alias if isinstance(alias, str) else f"{_PREFIX}{field_name.upper()}"
