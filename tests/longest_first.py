"""The order of the files: those that take long come first, so that no process is left with one at the end of a run."""

from __future__ import annotations

import pytest

_FIRST = (
    "tests/packaging/test_installation",
    "tests/chaos/test_redis_in_trouble",
    "tests/chaos/test_faults",
    "tests/chaos/test_two_versions",
    "tests/soak",
    "tests/scale",
    "tests/languages",
    "tests/packaging/test_create_venv",
    "tests/packaging/test_site",
    "tests/system",
    "tests/client",
    "tests/history",
    "tests/faults",
    "tests/browser",
    "tests/server/doctor",
    "tests/server/embedded",
    "tests/server/evidence",
    "tests/server/inputs",
    "tests/server/sync",
    "tests/server/workers",
)


def put_longest_first(items: list[pytest.Item]) -> None:
    """Sort the files; the tests of each stay in order."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, start in enumerate(_FIRST) if item.nodeid.startswith(start)), len(_FIRST))
