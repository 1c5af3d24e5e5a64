"""What tests of overrides share: advice that is bold, an operator's client, and what the key in Redis says."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import redis
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from redis_inputs import add_regime, add_trade

from strategic_memory_client import ClientOptions, StrategicMemoryClient
from strategic_memory_server.revisions.log_keys import LogKeys

KEYS = LogKeys.under("quantum")
OPEN_ADMIN = {"STRATEGIC_MEMORY_PUBLIC": "admin", "STRATEGIC_MEMORY_LEASE": "1", **PATIENT}
HOUR = timedelta(hours=1)
RULES = ("AGGRESSIVE", 1.74)
"""What the rules say of `be_bold`."""


def be_bold(client: redis.Redis) -> None:
    """Add what the rules are bold upon."""
    for _ in range(4):
        add_regime(client, "BULL", 0.4, confidence=0.9)
        add_trade(client, "BULL", 0.5, policy="AGGRESSIVE")


def operator(*services: ServiceProcess, token: str | None = None) -> StrategicMemoryClient:
    return StrategicMemoryClient(
        [each.grpc_address for each in services], options=ClientOptions(token=token, timeout_s=30)
    )


def public_key(client: redis.Redis) -> dict[str, Any]:
    """The key that whoever reads Redis reads; empty where there is none."""
    raw: Any = client.get(KEYS.feedback)
    document: dict[str, Any] = json.loads(raw or b"{}")
    return document


def says(client: redis.Redis) -> tuple[str | None, float | None]:
    """Policy and leverage of that key."""
    document = public_key(client)
    return document.get("updated_policy"), document.get("leverage_hint")


def until_says(client: redis.Redis, policy: str, leverage: float, within_s: float = 30.0) -> None:
    eventually(lambda: says(client) == (policy, leverage), within_s, what=f"{policy} {leverage} in {KEYS.feedback}")
