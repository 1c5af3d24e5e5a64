"""Reading the fields of an input entry: each function gives the value, or raises RejectionError with the reason.

Producers are other people's programs. A reason is a short stable name (it becomes a metric label and a count in
every report) and the offending text is kept apart from it, cut to a bounded length, for the log.
"""

from __future__ import annotations

import functools
import math
import re

from strategic_memory_server.faults.given_twice import GIVEN_AGAIN
from strategic_memory_server.memory.policy import Policy

MAX_MAGNITUDE = 1e15
"""Largest absolute value taken for a number: sums of squares of a million such values are still finite."""

MAX_NAME_LENGTH = 64
"""Longest regime or strategy name, in characters."""

MAX_NUMBER_LENGTH = 1_100
"""Longest number, in bytes: no 64-bit float needs more, written out exactly."""

JSON_IN_ONE_FIELD = "json_in_one_field"
"""Reason: the fields of the entry are inside JSON that is the value of one field."""

WRITTEN_FOR_NONE = frozenset(
    (
        *("None", "none", "NONE", "nan", "NaN", "NAN", "null", "Null", "NULL", "nil", "<nil>", "(null)", "undefined"),
        *("<NA>", "NaT", "NA", "N/A", "n/a", "#N/A"),
    )
)
"""What programs write for a name that they do not have."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PLAIN_NUMBER = re.compile(rb"-?[0-9]{1,15}(\.[0-9]{1,20})?")
_NUMPY_NUMBER = re.compile(r"(?:np|numpy)\.(?:float|u?int|longdouble)\d*\(([^()]*)\)", re.ASCII)
_NUMPY_NAME = re.compile(r"""(?:np|numpy)\.str_\((['"])([^'"\\]*)\1\)""")
_JSON_BEGINS = (b"{", b"[", b'"')
_NAMES_REMEMBERED = 4_096
_EXCERPT_LENGTH = 80

Fields = dict[bytes, bytes]


class RejectionError(Exception):
    """An input was not used.

    `reason` is stable and machine-readable; `excerpt` shows the beginning of the offending input in printable ASCII,
    so that it can do nothing to the terminal that it is shown on.
    """

    def __init__(self, reason: str, excerpt: bytes | str = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        shown = ascii(excerpt[:_EXCERPT_LENGTH])
        self.excerpt = shown[2:-1] if isinstance(excerpt, bytes) else shown[1:-1]


def parse_number(field: str, raw: bytes) -> float:
    """Read a finite decimal number of bounded size. `field` names it in the reason."""
    if _PLAIN_NUMBER.fullmatch(raw):
        # Nearly every number; it is in bounds by its length, and there are many to read.
        return float(raw)
    _check_given_once(field, raw)
    if len(raw) > MAX_NUMBER_LENGTH:
        raise RejectionError(f"{field}_too_long", raw)
    try:
        text = raw.decode("ascii").strip()
    except UnicodeDecodeError:
        raise RejectionError(f"{field}_not_a_number", raw) from None
    if written := _NUMPY_NUMBER.fullmatch(text):
        # What numpy 2 gives for the repr() of its scalars, which clients of Redis write for what they take for a float.
        text = written[1]
    if _NUMBER.fullmatch(text):
        value = float(text)
        if math.isinf(value) or abs(value) > MAX_MAGNITUDE:
            raise RejectionError(f"{field}_out_of_range", raw)
        return value
    if text.lower().lstrip("+-") in {"nan", "inf", "infinity"}:
        raise RejectionError(f"{field}_not_finite", raw)
    raise RejectionError(f"{field}_not_a_number", raw)


def _check_given_once(field: str, raw: bytes) -> None:
    if GIVEN_AGAIN in raw:
        raise RejectionError(f"{field}_given_twice", raw)


def numpy_scalar(fields: Fields) -> str:
    """Return one field that is written as numpy writes a scalar, printable and cut; empty where there is none."""
    for name, value in fields.items():
        if value.lstrip().startswith((b"np.", b"numpy.")):
            text = value.decode(errors="replace").strip()
            if _NUMPY_NUMBER.fullmatch(text) or _NUMPY_NAME.fullmatch(text):
                return RejectionError("", b"%b=%b" % (name, value)).excerpt
    return ""


def required_number(fields: Fields, field: str) -> float:
    """Read a number that the entry must have."""
    raw = fields.get(field.encode())
    if raw is None or _is_blank(raw):
        raise _missing(fields, field)
    return parse_number(field, raw)


def _missing(fields: Fields, field: str) -> RejectionError:
    """Say that a field is missing, and which there are, or that it is inside JSON that is the value of another one.

    A list of one object is that too, text of it that was written as JSON again, and what Python's str() makes of it.
    """
    wanted = field.encode()
    for name, value in fields.items():
        if value.lstrip()[:1] in _JSON_BEGINS and wanted in value and _as_key(wanted).search(value):
            return RejectionError(JSON_IN_ONE_FIELD, b"%b=%b" % (name, value))
    return RejectionError(
        f"{field}_missing", b", ".join(name for name, value in fields.items() if not _is_blank(value))
    )


def _as_key(field: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"""["']%b\\*["']\s*:""" % re.escape(field))


def _is_blank(value: bytes) -> bool:
    return not value or value.isspace()


def optional_number(fields: Fields, field: str) -> float:
    """Read a number that the entry may have; NaN where it is absent or empty."""
    raw = fields.get(field.encode())
    if raw is None or _is_blank(raw):
        return math.nan
    return parse_number(field, raw)


def normalise_name(field: str, text: str) -> str:
    """Strip a name and check its length and characters."""
    name = text.strip()
    if len(name) > MAX_NAME_LENGTH:
        raise RejectionError(f"{field}_too_long", name)
    if not name.isprintable():
        raise RejectionError(f"{field}_not_printable", name)
    return name


def without_numpy(text: str) -> str:
    """Return what a text says that numpy 2 writes for one of its scalars; any other as it is."""
    if written := _NUMPY_NAME.fullmatch(text.strip()):
        return written[2]
    written = _NUMPY_NUMBER.fullmatch(text.strip())
    return written[1] if written else text


def optional_name(fields: Fields, field: str) -> str:
    """Read a name that the entry may have; empty where it is absent."""
    raw = fields.get(field.encode())
    return read_name(field, raw) if raw else ""


@functools.lru_cache(_NAMES_REMEMBERED)
def read_name(field: str, raw: bytes) -> str:
    """Read a name that is not empty."""
    _check_given_once(field, raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise RejectionError(f"{field}_not_utf8", raw) from None
    return normalise_name(field, without_numpy(text))


def optional_regime(fields: Fields, field: str) -> str:
    """Read a regime name, upper-cased and stripped; empty where it is absent."""
    return optional_name(fields, field).upper()


def required_regime(fields: Fields, field: str) -> str:
    """Read a regime name that the entry must have, upper-cased and stripped."""
    regime = optional_regime(fields, field)
    if not regime:
        raise _missing(fields, field)
    return regime


def policy_of(name: str) -> Policy | None:
    """The policy of a name, upper- or lower-case; None where it is none of the three."""
    return Policy.__members__.get(name.strip().upper())
