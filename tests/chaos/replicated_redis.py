"""Redis with a replica that can take over: found by sentinels, or as the owner of a slot of a cluster."""

from __future__ import annotations

from typing import Protocol

from faults.cluster import ClusterDeployment
from faults.redis_process import RedisProcess
from faults.sentinel import MASTER_NAME, SentinelDeployment


class Deployment(Protocol):
    """What both kinds of deployment can do."""

    @property
    def master(self) -> RedisProcess:
        """The server that has the keys now."""
        ...

    @property
    def replica(self) -> RedisProcess:
        """The other one."""
        ...

    def wait_for_replication(self) -> None:
        """Wait until the replica has everything that its master has now."""
        ...

    def failover(self) -> None:
        """Make the replica the master, in order."""
        ...

    def kill_master(self) -> RedisProcess:
        """Kill the master, wait until it was replaced, and give the killed server."""
        ...

    def wait_until_replaced(self, port: int) -> None:
        """Wait until the master on a port, which was killed, was replaced."""
        ...

    def close(self) -> None:
        """End everything."""
        ...


class ReplicatedRedis:
    """A deployment as the servers, the producer and the observers reach it.

    Args:
        deployment: what runs.
        service_url: `REDIS_URL` of the servers.
        prefix: what every key starts with.
    """

    proxy_target = None

    def __init__(self, deployment: Deployment, service_url: str, prefix: str) -> None:
        self.deployment = deployment
        self.service_url = service_url
        self.prefix = prefix

    def master_url(self) -> str:
        """Ask for the master. Raises RedisError or OSError while nobody knows it."""
        return self.deployment.master.url

    def close(self) -> None:
        """End everything."""
        self.deployment.close()


def sentinel_redis() -> ReplicatedRedis:
    """Start a master, a replica and three sentinels."""
    deployment = SentinelDeployment()
    sentinels = ",".join(f"{host}:{port}" for host, port in deployment.sentinel_addresses)
    return ReplicatedRedis(deployment, f"redis+sentinel://{sentinels}/{MASTER_NAME}", "quantum")


def cluster_redis() -> ReplicatedRedis:
    """Start three masters, and a replica for the one that has the keys."""
    deployment = ClusterDeployment("{quantum}")
    nodes = ",".join(f"{host}:{port}" for host, port in deployment.startup_addresses)
    return ReplicatedRedis(deployment, f"redis+cluster://{nodes}", "{quantum}")
