"""Settings that are each permitted and cannot work together: one sentence for each, which names both."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import reduce

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.configuration.shadow_environment import as_of_service
from strategic_memory_server.rpc.grpc_settings import MIB, GrpcSettings
from strategic_memory_server.sync.sync_settings import SyncSettings

VALIDITY_IN_INTERVALS = 3
"""Default validity in sync intervals: an advice outlives two syncs that failed."""

SHORTEST_VALIDITY_IN_INTERVALS = 1.5
"""Shortest validity: half an interval is there for a sync that takes its time, or fails and is retried."""


def contradictions(settings: ServiceSettings, given: Collection[str]) -> Iterator[str]:
    """Yield the sentences; none where all settings can work together.

    Args:
        settings: all of them.
        given: fields of `Environment` that were set; a default gives way to what was.
    """
    sync = settings.sync
    yield from _of_times(sync)
    if "lease" in given and sync.lease_s >= sync.validity_s:
        yield (
            f"STRATEGIC_MEMORY_LEASE is {sync.lease_s:g} s while STRATEGIC_MEMORY_VALIDITY is {sync.validity_s:g} s "
            f"({VALIDITY_IN_INTERVALS} times MEMORY_SYNC_INTERVAL unless it is set): the advice would turn stale "
            "before another server can take over; make the lease shorter than the validity, at best a third of it"
        )
    yield from _of_counts(sync.advice, given)
    yield from _of_evidence(sync.advice)
    if settings.shadow is not None:
        yield from _of_shadow(settings.shadow, sync.advice, given)
    retained, recent = settings.log.retained_revisions, settings.log.recent_revisions
    if recent > retained:
        yield (
            f"STRATEGIC_MEMORY_RECENT_REVISIONS is {recent} while STRATEGIC_MEMORY_RETAINED_REVISIONS is {retained}: "
            "memory would hold more than Redis does; make the former at most the latter"
        )
    yield from _of_grpc(settings.grpc)
    if _is_one_port(settings.grpc.address, settings.http.address):
        yield (
            f"STRATEGIC_MEMORY_GRPC_ADDRESS is {settings.grpc.address} while STRATEGIC_MEMORY_HTTP_ADDRESS is "
            f"{settings.http.address}: only one of them can listen there; give them different ports"
        )


_EVERYWHERE = frozenset({"0.0.0.0", "[::]"})  # noqa: S104  the hosts are compared
_HERE = frozenset({"localhost", "127.0.0.1"})


def _is_one_port(one: str, other: str) -> bool:
    """Tell whether two addresses are one port of one host; port 0 is any that is free."""
    (host, _, port), (other_host, _, other_port) = one.rpartition(":"), other.rpartition(":")
    hosts = {host.casefold(), other_host.casefold()}
    return port == other_port != "0" and (len(hosts) == 1 or hosts == _HERE or bool(hosts & _EVERYWHERE))


def _of_shadow(shadow: AdviceSettings, advice: AdviceSettings, given: Collection[str]) -> Iterator[str]:
    names = list(as_of_service(given))
    told = {*_of_counts(advice, given), *_of_evidence(advice)}
    for sentence in (*_of_counts(shadow, {*given, *names}), *_of_evidence(shadow)):
        if sentence not in told:
            yield reduce(_as_of_shadow, names, sentence)


def _as_of_shadow(sentence: str, name: str) -> str:
    return sentence.replace(f"STRATEGIC_MEMORY_{name.upper()} ", f"STRATEGIC_MEMORY_SHADOW_{name.upper()} ")


def _of_times(sync: SyncSettings) -> Iterator[str]:
    shortest_s = SHORTEST_VALIDITY_IN_INTERVALS * sync.interval_s
    if sync.validity_s < shortest_s:
        yield (
            f"STRATEGIC_MEMORY_VALIDITY is {sync.validity_s:g} s while MEMORY_SYNC_INTERVAL is {sync.interval_s:g} s: "
            "the advice would turn stale whenever a sync is a little late; make STRATEGIC_MEMORY_VALIDITY at "
            f"least {SHORTEST_VALIDITY_IN_INTERVALS:g} intervals ({shortest_s:g} s), or leave it out, which means "
            f"{VALIDITY_IN_INTERVALS}"
        )
    for name, wait_s in (("DEBOUNCE", sync.debounce_s), ("FLOOR", sync.floor_s)):
        if wait_s > sync.interval_s:
            yield (
                f"STRATEGIC_MEMORY_SYNC_{name} is {wait_s:g} s while MEMORY_SYNC_INTERVAL is {sync.interval_s:g} s: "
                "new entries would wait for longer than they do without; make it at most the interval"
            )


def _of_counts(advice: AdviceSettings, given: Collection[str]) -> Iterator[str]:
    windows = advice.windows
    together = windows.regime + windows.portfolio + windows.trades
    if advice.minimum_samples > together:
        yield (
            f"STRATEGIC_MEMORY_MINIMUM_SAMPLES is {advice.minimum_samples} while STRATEGIC_MEMORY_REGIME_WINDOW, "
            f"STRATEGIC_MEMORY_PORTFOLIO_WINDOW and STRATEGIC_MEMORY_TRADE_WINDOW hold {together} entries together: "
            f"there would never be advice; ask for at most {together}, or make the windows longer"
        )
    if advice.hysteresis.results > windows.trades:
        yield (
            f"STRATEGIC_MEMORY_HYSTERESIS_RESULTS is {advice.hysteresis.results} while STRATEGIC_MEMORY_TRADE_WINDOW "
            f"is {windows.trades}: the results of the window are counted, so that many would never come; ask for at "
            f"most {windows.trades}, or make the window longer"
        )
    if "minimum_policy_trades" in given and advice.minimum_policy_trades > windows.trades:
        yield (
            f"STRATEGIC_MEMORY_MINIMUM_POLICY_TRADES is {advice.minimum_policy_trades} while "
            f"STRATEGIC_MEMORY_TRADE_WINDOW is {windows.trades}: no policy could ever be named the best; ask for "
            f"at most {windows.trades}, or make the window longer"
        )


def _of_evidence(advice: AdviceSettings) -> Iterator[str]:
    evidence = advice.evidence
    if evidence.change and advice.group:
        yield (
            f"STRATEGIC_MEMORY_EVIDENCE_GROUP is {advice.group} while STRATEGIC_MEMORY_EVIDENCE_CHANGE is on: what "
            "looks for change cannot borrow from a group; leave one of them out"
        )
    if advice.rules is not Rules.EVIDENCE:
        if evidence.explore:
            yield (
                "STRATEGIC_MEMORY_EVIDENCE_EXPLORATION is on while STRATEGIC_MEMORY_RULES is "
                f"{advice.rules.name.lower()}: only the evidence explores; set STRATEGIC_MEMORY_RULES=evidence, or "
                "turn exploration off"
            )
        return
    if evidence.forgets_too_fast:
        most = 1.0 / (1.0 - evidence.decay)
        yield (
            f"STRATEGIC_MEMORY_EVIDENCE_MINIMUM_TRADES is {evidence.minimum_weight:g} while "
            f"STRATEGIC_MEMORY_EVIDENCE_DECAY is {evidence.decay:g}: however many trades there are, their weight stays "
            f"below {most:.4g}, so no policy but CONSERVATIVE would ever be recommended; ask for less, or "
            "forget more slowly"
        )


def _of_grpc(grpc: GrpcSettings) -> Iterator[str]:
    if grpc.max_in_hand_bytes < grpc.max_request_bytes:
        yield (
            f"STRATEGIC_MEMORY_MAX_IN_HAND_MIB is {grpc.max_in_hand_bytes // MIB} while "
            f"STRATEGIC_MEMORY_MAX_REQUEST_MIB is {grpc.max_request_bytes // MIB}: there would never be room for a "
            f"request; make the former at least {grpc.max_request_bytes // MIB}, or leave it out"
        )
    elif grpc.caller_in_hand_bytes < grpc.max_request_bytes:
        yield (
            f"STRATEGIC_MEMORY_CALLER_IN_HAND_MIB is {grpc.caller_in_hand_bytes // MIB} while "
            f"STRATEGIC_MEMORY_MAX_REQUEST_MIB is {grpc.max_request_bytes // MIB}: no caller could ever send the "
            f"largest request; make the former at least {grpc.max_request_bytes // MIB}, or leave it out"
        )
