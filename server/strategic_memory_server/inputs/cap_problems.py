"""What an operator is told of the caps on leverage: that one was lifted, or that one holds which cannot be read."""

from __future__ import annotations

from strategic_memory_server.entries.input_keys import EXPOSURE_SUMMARY, LEVERAGE_LIMITS
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.leverage_caps import HeldCaps
from strategic_memory_server.inputs.misspelt_cap import FIELD
from strategic_memory_server.memory.leverage_cap import by_source

_MEND_IT = "mend the value, or delete the key to lift the cap"
_CURES = {"no_permission": "permit the user of REDIS_URL to read it, see docs/redis.md, User and password"}
"""What to do where it is no fault of the value, by the reason."""

_NAMES = {EXPOSURE_SUMMARY: "exposure_cap", LEVERAGE_LIMITS: "leverage_limits_cap"}


def unreadable_sources(held: HeldCaps) -> frozenset[str]:
    """Return the sources that cannot be read and whose cap holds all the same."""
    return frozenset(
        source for source in by_source(held.caps) if (reading := held.readings.get(source)) and reading.rejected
    )


def report_caps(problems: Problems, held: HeldCaps) -> None:
    """State what there is to tell after a reading, and withdraw the rest."""
    caps, lifted = by_source(held.caps), held.lifted
    for source, name in _NAMES.items():
        if source in lifted:
            problems.state(f"{name}_lifted", lifted[source].sentence, for_s=held.reported_for_s(lifted[source]))
        else:
            problems.withdraw(f"{name}_lifted")
        reading = held.readings.get(source)
        if reading and reading.nearest and source not in caps and source not in lifted:
            problems.state(
                f"{name}_misspelt",
                f"{source} holds no cap: it has no {FIELD}, but {reading.nearest!a}. If that is meant to be one, "
                f'write it as a number in the field {FIELD} of the object itself, {{"{FIELD}": 0.5}}',
            )
        else:
            problems.withdraw(f"{name}_misspelt")
        if reading and reading.rejected and source in caps:
            problems.state(
                f"{name}_unreadable",
                f"{source} cannot be read ({reading.rejected.reason}), so its cap of {caps[source]:g} holds; "
                f"{_CURES.get(reading.rejected.reason, _MEND_IT)}",
            )
        else:
            problems.withdraw(f"{name}_unreadable")
