"""Columns as programs have them: lists, and arrays and series of numpy, pandas, polars and pyarrow.

What is asked of a column is found out by its methods: none of these packages is needed, and none is imported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from strategic_memory_client.wire.request_values import invalid

_NO_TIME = -(2**63)
"""What numpy has for a time that is not known, as a number."""

_TIMES_OF_POLARS = ("Datetime", "Date")
_TIMES_OF_PYARROW = ("timestamp", "date")


def values_of(given: object, path: str) -> Iterable[Any]:
    """Return the values of a column one by one, as Python has them; InvalidRequestError for what is no column."""
    if isinstance(given, str | bytes):
        raise invalid(path, "must be a column of values, is one text")
    if hasattr(given, "columns"):
        raise invalid(path, "must be a column of values, is a whole table: give one of its columns")
    if isinstance(given, Mapping | set | frozenset):
        raise invalid(path, f"must be a column of values in their order, is a {type(given).__name__}")
    # An array's own conversion is many times faster than going through it item by item.
    conversion = next((name for name in ("tolist", "to_list", "to_pylist") if hasattr(given, name)), None)
    values = given if conversion is None else getattr(given, conversion)()
    if not isinstance(values, Iterable):
        raise invalid(path, f"must be a column of values, is {given!r:.80}")
    return values


def exact_times_ms(given: Any) -> list[int | None] | None:  # noqa: ANN401  an array or series of any package
    """Return the times of a column that is of times by its type, in milliseconds since 1970-01-01 UTC.

    One without a zone is in UTC. None in the list is a time that is not known; no list, a column of another type.
    """
    found: Sequence[int | None] | int
    dtype = getattr(given, "dtype", None)
    if getattr(dtype, "kind", "") == "M":  # numpy and pandas, whose conversion heeds the zone
        as_array = getattr(given, "to_numpy", None)
        array = given if as_array is None else as_array(dtype="datetime64[ms]")
        found = array.astype("datetime64[ms]").astype("int64").tolist()
    elif str(dtype).startswith(_TIMES_OF_POLARS) and hasattr(given, "dt"):
        found = given.dt.epoch("ms").to_list()
    elif str(getattr(given, "type", "")).startswith(_TIMES_OF_PYARROW) and hasattr(given, "cast"):
        found = given.cast("timestamp[ms]", safe=False).cast("int64").to_pylist()
    else:
        return None
    if isinstance(found, int):  # an array without a dimension, which is no column
        return None
    return [None if time_ms == _NO_TIME else time_ms for time_ms in found]
