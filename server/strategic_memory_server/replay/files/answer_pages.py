"""One page of an answer of an interface: what stands beside its list says that others follow."""

from __future__ import annotations

import functools
from collections.abc import Mapping

_NEXT = frozenset((
    "nextpagecursor", "nextcursor", "nextpagetoken", "nexttoken", "nextpage", "nexturl", "hasmore", "hasnext",
    "hasnextpage", "next", "cursor",
))  # fmt: skip
"""Plain names of what asks for the next page; empty, no or null: there is none."""

_ALL = frozenset(("totaltrades", "totalcount", "totalnum", "totalelements", "totalitems", "totalrecords"))
_OF_PAGES = frozenset(("page", "pageno", "pagenumber", "currentpage", "pagesize", "perpage", "limit", "offset"))
"""Beside one of these a `total` is a number of rows too."""

_NO = ("", "0", "false", "no", "none", "null")
_MOST_SHOWN = 24


@functools.lru_cache(256)
def may_tell_of_pages(name: str) -> bool:
    """Tell whether a value of this name is worth a look."""
    plain = _plain(name)
    return plain in _NEXT or plain in _ALL or plain in _OF_PAGES or plain == "total"


def pages_told(said: Mapping[str, object], rows: int) -> str:
    """Return what is worth telling of an object that holds a list; empty where nothing says that it is a part.

    Args:
        said: its single values of such names.
        rows: number of rows of the longest list in it; 0 without one.
    """
    if not rows:
        return ""
    for name, value in said.items():
        if _plain(name) in _NEXT and str(value).casefold() not in _NO:
            return f"may be one page of several, since {name} is {str(value)[:_MOST_SHOWN]!r}"
    is_paged = any(_plain(name) in _OF_PAGES for name in said)
    for name, value in said.items():
        counts = _plain(name) in _ALL or (is_paged and _plain(name) == "total")
        if counts and type(value) is int and rows < value:
            return f"may be one page of several, since {name} is {value:,} and {rows:,} are here"
    return ""


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").casefold()
