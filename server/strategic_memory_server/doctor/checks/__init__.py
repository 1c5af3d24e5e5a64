"""One check a file: `check` looks at what was examined and yields what is wrong.

Of the same severity, what stands first here does most harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from strategic_memory_server.doctor.checks import (
    certificate_ends,
    clock_skew,
    lease_flaps,
    leverage_caps,
    missing_permissions,
    missing_regimes,
    mixed_units,
    nobody_syncs,
    numpy_text,
    odd_pnl,
    other_settings,
    redis_may_lose,
    refused_inputs,
    short_log,
    silent_streams,
    strange_entries,
    stream_ids,
    takes_no_writes,
    trimmed_too_soon,
    wrong_key_types,
)
from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding

Check = Callable[[Examined], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    leverage_caps.check,
    takes_no_writes.check,
    missing_permissions.check,
    wrong_key_types.check,
    lease_flaps.check,
    mixed_units.check,
    stream_ids.check,
    refused_inputs.check,
    silent_streams.check,
    missing_regimes.check,
    odd_pnl.check,
    nobody_syncs.check,
    clock_skew.check,
    certificate_ends.check,
    redis_may_lose.check,
    other_settings.check,
    trimmed_too_soon.check,
    short_log.check,
    numpy_text.check,
    strange_entries.check,
)

FOUND_BY: Mapping[str, str] = MappingProxyType(
    {
        "inputs_refused": refused_inputs.NAME,
        "exposure_cap_unreadable": leverage_caps.NAME,
        "leverage_limits_cap_unreadable": leverage_caps.NAME,
        "regimes_missing": missing_regimes.NAME,
        "units_mixed": mixed_units.NAME,
        "ids_in_future": stream_ids.NAME,
        "ids_no_times": stream_ids.NAME,
        "settings_differ": other_settings.NAME,
        "tls_certificate_ends": certificate_ends.NAME,
        "tls_files": certificate_ends.NAME,
    }
)
"""Problems that a service tells under another name than the check that finds the same."""
