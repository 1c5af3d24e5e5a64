"""Keeps what a large analysis takes from staying with this process: glibc's allocator holds on to what was freed.

Elsewhere than on glibc both functions do nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import cast

OWN_PAGES_FROM_BYTES = 4 * 1024 * 1024
"""Blocks of this size and more get pages of their own, which go when the block is freed."""

_MMAP_THRESHOLD = -3
"""M_MMAP_THRESHOLD of `malloc.h`."""


def _of_glibc(name: str) -> Callable[..., int] | None:
    try:
        libc = ctypes.CDLL(None)
        return cast("Callable[..., int]", getattr(libc, name)) if hasattr(libc, "gnu_get_libc_version") else None
    except (OSError, TypeError):
        return None


_mallopt, _malloc_trim = _of_glibc("mallopt"), _of_glibc("malloc_trim")


def give_large_blocks_their_own_pages() -> None:
    """Let large blocks go back to the operating system when they are freed, from now on.

    It is so by default, until the first of them is freed: then glibc takes more of its kind for heap.
    """
    if _mallopt is not None:
        _mallopt(_MMAP_THRESHOLD, OWN_PAGES_FROM_BYTES)


def give_back_freed_memory() -> None:
    """Let the operating system have the memory that is free in this process; some milliseconds, others go on."""
    if _malloc_trim is not None:
        _malloc_trim(0)
