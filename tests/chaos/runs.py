"""The fault runs."""

from __future__ import annotations

from chaos.failover_faults import (
    failover_that_loses_revisions,
    failover_that_loses_revisions_and_the_leader,
    master_killed,
    master_killed_and_back_at_once,
    ordered_failover,
)
from chaos.history_faults import (
    clock_of_redis_set_back,
    clock_of_redis_set_forward,
    databases_swapped,
    lease_that_outlives,
    log_set_back,
    log_set_back_and_leader_killed,
    stray_entries,
)
from chaos.link_faults import (
    answers_to_leader_lost,
    connections_reset,
    leader_refused,
    leader_slowed,
    leader_stalled,
    requests_of_leader_held_back,
    requests_of_leader_late,
    standby_stalled,
)
from chaos.moved_clock import MovedClockRedis, why_no_clock
from chaos.operator_faults import (
    database_flushed,
    each_key_deleted,
    keys_evicted,
    keys_evicted_and_leader_killed,
    redis_busy,
    redis_full,
    redis_full_and_leader_killed,
    some_keys_deleted,
)
from chaos.redis_faults import (
    redis_frozen,
    redis_killed,
    redis_older,
    redis_older_and_all_killed,
    redis_older_and_leader_killed,
    redis_stutters,
)
from chaos.redis_under_test import SingleRedis
from chaos.replicated_redis import cluster_redis, sentinel_redis
from chaos.run import Epochs, Run
from chaos.server_faults import (
    leader_ended,
    leader_frozen,
    leader_killed,
    other_killed,
    rolling_restart,
    standby_killed,
)
from chaos.stage_settings import StageSettings
from chaos.version_faults import other_version_rolled_out
from chaos.worker_faults import (
    leading_worker_ended,
    leading_worker_frozen,
    leading_worker_killed,
    other_worker_killed,
    supervisor_killed,
)
from previous_version import why_not_there

from strategic_memory_server.embedded.embedded_redis import Persistence


def _durable() -> SingleRedis:
    return SingleRedis(Persistence.ALWAYS)


def _forgetful() -> SingleRedis:
    return SingleRedis(Persistence.NONE)


_OTHER = (("STRATEGIC_MEMORY_EVIDENCE_DECAY", "0.9"), ("STRATEGIC_MEMORY_MINIMUM_POLICY_TRADES", "5"))

_FAILOVERS = (ordered_failover, failover_that_loses_revisions_and_the_leader, leader_killed)

_CLOCKS: tuple[Run, ...] = (
    ()
    if why_no_clock()
    else (
        Run(
            "clock of Redis moved",
            StageSettings(MovedClockRedis),
            (clock_of_redis_set_back, clock_of_redis_set_forward),
            (clock_of_redis_set_back, leader_killed),
        ),
    )
)

_VERSIONS: tuple[Run, ...] = (
    ()
    if why_not_there()
    else (
        Run(
            "two versions",
            StageSettings(_durable, begins_with_previous=True),
            (other_version_rolled_out, other_version_rolled_out),
            (leader_frozen, redis_killed, rolling_restart),
        ),
    )
)

RUNS: tuple[Run, ...] = (
    Run("killed servers", StageSettings(_durable, servers=3), (leader_killed, standby_killed), (leader_frozen,)),
    Run(
        "frozen leader",
        StageSettings(_durable, proxied=True, command_timeout_s=30.0),
        (leader_frozen, leader_frozen, requests_of_leader_held_back),
        (leader_stalled, requests_of_leader_held_back),
    ),
    Run(
        "leader cut off",
        StageSettings(_durable, proxied=True),
        (leader_stalled, answers_to_leader_lost, leader_refused),
        (leader_slowed, connections_reset),
    ),
    Run(
        "bad links",
        StageSettings(_durable, servers=3, proxied=True, validity_s=1.5),
        (connections_reset, leader_slowed, standby_stalled),
        (leader_stalled, leader_killed, redis_frozen),
    ),
    Run("Redis restarted", StageSettings(_durable), (redis_killed, redis_killed, redis_frozen)),
    Run(
        "Redis emptied",
        StageSettings(_forgetful),
        (redis_killed, redis_killed),
        (leader_killed, redis_frozen),
        Epochs.SEVERAL,
        keeps_tokens=False,
    ),
    Run(
        "Redis older",
        StageSettings(_forgetful),
        (redis_older, redis_older_and_leader_killed, redis_older_and_all_killed),
        (leader_killed,),
        Epochs.SEVERAL,
        keeps_tokens=False,
    ),
    Run(
        "Redis in trouble",
        StageSettings(_durable, proxied=True, lease_s=2.0, command_timeout_s=0.2, validity_s=2.5),
        (redis_stutters, requests_of_leader_late, redis_busy, redis_full),
        (redis_full_and_leader_killed, leader_frozen),
    ),
    Run(
        "keys deleted",
        StageSettings(_durable),
        (each_key_deleted, some_keys_deleted, database_flushed),
        (leader_killed,),
        Epochs.SEVERAL,
        keeps_memory=False,
    ),
    Run(
        "keys evicted",
        StageSettings(_durable),
        (keys_evicted, keys_evicted),
        (keys_evicted_and_leader_killed, leader_killed),
        Epochs.ANY,
        keeps_tokens=False,
        keeps_memory=False,
    ),
    Run(
        "ids in microseconds",
        StageSettings(_durable, counts_microseconds=True),
        (leader_killed, redis_killed),
        (standby_killed, leader_frozen, redis_frozen),
    ),
    Run(
        "other settings",
        # One with other settings that has just been started leads where nobody takes the lease for its whole length: on
        # a busy machine two servers may both stand still for half a second.
        StageSettings(_durable, lease_s=2.0, other_settings=_OTHER),
        (leader_killed, leader_killed, other_killed),
        (leader_frozen, redis_killed, other_killed),
    ),
    Run(
        "other settings that lead",
        StageSettings(_durable, servers=1, other_settings=_OTHER, lead_anyway=True),
        (leader_killed, leader_killed, other_killed),
        (leader_frozen, redis_killed),
        keeps_memory=False,
        other_leads=True,
    ),
    Run(
        "history replaced",
        StageSettings(_durable, servers=3),
        (log_set_back, databases_swapped, stray_entries, lease_that_outlives),
        (log_set_back_and_leader_killed, leader_killed, stray_entries),
        Epochs.SEVERAL,
        keeps_tokens=False,
        keeps_memory=False,
    ),
    *_CLOCKS,
    Run(
        "unread streams",
        StageSettings(_durable, proxied=True, unread=4, retained_revisions=30),
        (leader_killed, leader_stalled, rolling_restart),
        (redis_killed, connections_reset),
    ),
    *_VERSIONS,
    Run(
        "workers",
        StageSettings(_durable, servers=1, workers=2),
        (leading_worker_killed, other_worker_killed, leading_worker_ended),
        (leading_worker_frozen, supervisor_killed, redis_killed),
    ),
    Run("draining", StageSettings(_durable), (leader_ended, rolling_restart)),
    Run(
        "sentinels",
        StageSettings(sentinel_redis),
        (failover_that_loses_revisions,),
        (*_FAILOVERS, master_killed, master_killed_and_back_at_once),
        Epochs.SEVERAL,
        keeps_tokens=False,
    ),
    Run(
        "cluster",
        StageSettings(cluster_redis),
        (master_killed,),
        (*_FAILOVERS, failover_that_loses_revisions, master_killed_and_back_at_once),
        Epochs.ANY,
        keeps_tokens=False,
    ),
)


def run_named(name: str) -> Run:
    """Return the run of a name."""
    return next(run for run in RUNS if run.name == name)
