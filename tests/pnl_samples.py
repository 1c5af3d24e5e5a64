"""Columns of pnl for tests of figures: seeded random ones, edges, and any that may arrive."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

from strategic_memory_server.columns.columns import FloatColumn, float_column

SEEDS = range(6)
LENGTH = 70


def random_pnl(seed: int, length: int = LENGTH) -> FloatColumn:
    """Pnl of one kind or another: normal, heavy tails, skewed, with ties and zeros, far from 0, dependent."""
    random = np.random.default_rng(seed)
    normal = random.standard_normal(length)
    kinds = (
        normal,
        random.standard_t(2.5, length),
        random.exponential(1.0, length) - 0.8,
        np.round(normal) / 4.0,
        1e6 + normal,
        1e-9 * (normal + np.concatenate(([0.0], normal[:-1]))),
    )
    return float_column(kinds[seed % len(kinds)].tolist())


def prefixes(seed: int) -> Iterator[FloatColumn]:
    """Every prefix of a random column, the empty one first."""
    pnl = random_pnl(seed)
    return (pnl[:length] for length in range(pnl.size + 1))


ONE_ULP_UP = math.nextafter(0.1, 1.0)

EDGES = {
    "empty": [],
    "one win": [2.5],
    "one loss": [-2.5],
    "one zero": [0.0],
    "two": [1.0, -2.0],
    "two equal": [0.1, 0.1],
    "all equal": [0.1] * 30,
    "all equal losses": [-0.1] * 30,
    "all wins": [0.5 + 0.01 * place for place in range(30)],
    "all losses": [-0.5 - 0.01 * place for place in range(30)],
    "zeros": [0.0] * 30,
    "negative zeros": [-0.0] * 30,
    "huge": [1e15, -1e15, 9e14, -1e15, 1e15] * 6,
    "tiny": [1e-300, -1e-300, 3e-300, -2e-300] * 8,
    "huge wins, tiny losses": [1e15, -1e-300] * 15,
    "tiny wins, huge losses": [1e-300, -1e15] * 15,
    "one unit in the last place apart": [0.1, ONE_ULP_UP, 0.1, 0.1, ONE_ULP_UP] * 6,
    "smallest numbers there are": [5e-324, 0.0, -5e-324, 1e-323] * 8,
    "largest taken": [1e100, -1e100, 1e100, 0.0] * 8,
    "alternating": [1.0, -1.0] * 20,
    "one far out": [0.0] * 29 + [1e15],
}

PNL = st.one_of(
    st.floats(-1e15, 1e15, allow_subnormal=False),
    st.floats(-10.0, 10.0),
    st.sampled_from([0.0, 1.0, -1.0, 0.1, -0.1, 1e15, -1e15, 1e-300, -1e-300]),
)
PNL_LISTS = st.lists(PNL, max_size=45)


def edge(name: str) -> FloatColumn:
    """One of the edges as a column."""
    return float_column(EDGES[name])


def assert_no_nan(value: object) -> None:
    """Fail where a figure is NaN or infinite, however deep inside."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            assert_no_nan(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            assert_no_nan(item)
    elif isinstance(value, int | float):
        assert type(value) in (int, float, bool), f"{value!r} is a {type(value)}, which is not plain"
        assert math.isfinite(value), value
    else:
        assert value is None or isinstance(value, str), value


def close(found: float | None, expected: float | None, *, rel: float = 1e-9, size: float = 0.0) -> bool:
    """Whether both are absent, or both are there and differ by no more than a relative or an absolute bound."""
    if found is None or expected is None:
        return found is expected
    return math.isclose(found, expected, rel_tol=rel, abs_tol=size)


def shuffled(pnl: FloatColumn, seed: int) -> FloatColumn:
    """The same values in another order."""
    return pnl[np.random.default_rng(seed).permutation(pnl.size)]
