"""Names of portfolios; their groups, and whoever may call, have names of the same kind."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections.abc import Sequence

DEFAULT = ""
"""The name of the portfolio that every service has."""

DEFAULT_WRITTEN = "(default)"
"""How it is written where a name that was left out by mistake must give nothing."""

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
WANTED = "1 to 64 letters, digits, dots, dashes and underscores"

_COMPARED = 32
"""Names that one which is unknown is compared with, at most: whoever asks for unknown ones must not take much time."""


def nearest(asked: str, names: Sequence[str]) -> str:
    """Return the name that one looks to be meant for; empty: none is like it.

    Args:
        asked: a name that is not among them.
        names: those that there are, sorted.
    """
    middle = bisect_left(names, asked)
    near = names[max(middle - _COMPARED // 2, 0) : middle + _COMPARED // 2]
    by_folded = {name.casefold(): name for name in near if name}
    found = difflib.get_close_matches(asked.casefold(), by_folded, n=1)
    return by_folded[found[0]] if found else ""
