"""Replication: what this server is among the servers on one Redis, as one value for health and metrics."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class ReplicaRole(enum.Enum):
    """What a server does just now."""

    LEADER = "leader"
    STANDBY = "standby"
    SERVE = "serve"


@dataclass(frozen=True, slots=True)
class Replication:
    """This server among the others.

    Attributes:
        role: what it does just now.
        server: its name.
        leader: name of the server that leads, as far as this one knows; empty: not known.
        fencing_token: the token that it writes under; None while it does not lead.
        terms: how often it has become the leader.
        failure: why the lease cannot be asked for just now; None while it can.
    """

    role: ReplicaRole
    server: str
    leader: str = ""
    fencing_token: int | None = None
    terms: int = 0
    failure: str | None = None
