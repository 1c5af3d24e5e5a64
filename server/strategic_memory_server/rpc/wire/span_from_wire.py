"""The moment and the age that an analysis is asked about, from the wire."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from strategic_memory.v1 import analysis_pb2
from strategic_memory_server.faults.errors import Violation

_NANOS = 1_000_000_000
_NANOS_OF_MS = 1_000_000
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
_LONGEST_S = 315_576_000_000


def as_of_ms(settings: analysis_pb2.AnalysisSettings, violations: list[Violation]) -> int | None:
    """Return the moment in milliseconds since 1970-01-01 UTC; None: now. What is wrong is added to `violations`."""
    if not settings.HasField("as_of"):
        return None
    given: Timestamp = settings.as_of
    if not (_FIRST_SECOND <= given.seconds <= _LAST_SECOND and 0 <= given.nanos < _NANOS):
        violations.append(
            Violation("settings.as_of", "is not a Timestamp: give the years 1 to 9999, with nanos from 0 to 999999999")
        )
        return None
    return given.seconds * 1_000 + given.nanos // _NANOS_OF_MS


def max_age_ms(settings: analysis_pb2.AnalysisSettings, violations: list[Violation]) -> int | None:
    """Return the age in whole milliseconds; None: however old. What is wrong is added to `violations`."""
    if not settings.HasField("max_age"):
        return None
    given = settings.max_age
    if not is_well_formed(given):
        violations.append(
            Violation("settings.max_age", "is not a Duration: nanos is 0 to 999999999, with the sign of seconds")
        )
        return None
    age_ms = given.seconds * 1_000 + given.nanos // _NANOS_OF_MS
    if not (age_ms >= 1 and given.seconds <= _LONGEST_S):
        seconds = given.seconds + given.nanos / _NANOS
        violations.append(Violation("settings.max_age", f"is {seconds:g} s; give 0.001 s to {_LONGEST_S} s"))
        return None
    return age_ms


def is_well_formed(duration: Duration) -> bool:
    """Tell whether the parts of a duration fit each other."""
    return abs(duration.nanos) < _NANOS and duration.seconds * duration.nanos >= 0
