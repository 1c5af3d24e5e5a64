"""Columns of names in a request, as codes: sent as the names themselves, or packed as a table of names and codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.entries.entry_fields import RejectionError, normalise_name, policy_of
from strategic_memory_server.memory.policy import NO_POLICY
from strategic_memory_server.waiting.checkpoint import Checkpoint
from strategic_memory_server.windows.name_table import NameTable

MAX_DISTINCT_NAMES = 10_000
"""Most different names in one column: each has figures of its own in the answer."""

NOT_GIVEN = -1
"""Code of an entry without a name."""

NAMES_AT_ONCE = 65_536

CodeOf = Callable[[str], int]
"""Gives the code of a stripped name; raises `UnusableNameError` for one that cannot be used."""


class UnusableNameError(Exception):
    """A name cannot be used; the message says why and what to do."""


class WrongColumnError(Exception):
    """A column is wrong: `path` is its field, with an index where one value is to blame."""

    def __init__(self, path: str, description: str) -> None:
        super().__init__(description)
        self.path = path
        self.description = description


@dataclass(frozen=True, slots=True)
class SentNames:
    """A column of names as it was sent.

    Attributes:
        column: its field; those of the packed form are called after it.
        values: the names; empty where they are packed.
        table: the different names of the packed form.
        codes: places in the table.
    """

    column: str
    values: Sequence[str]
    table: Sequence[str]
    codes: Sequence[int]

    @property
    def leading(self) -> str:
        """The field that holds the column."""
        return f"{self.column}_code" if self.codes and not self.values else self.column

    def __len__(self) -> int:
        return len(self.values) or len(self.codes)


def regime_codes(regimes: NameTable, *, required: bool) -> CodeOf:
    """Code regimes, upper-cased, by their place in a table of names."""

    def code_of(name: str) -> int:
        if name:
            return regimes.index(name.upper())
        if required:
            raise UnusableNameError("is empty; name a regime")
        return NOT_GIVEN

    return code_of


def strategy_codes(strategies: NameTable) -> CodeOf:
    """Code strategies by their place in a table of names."""
    return lambda name: strategies.index(name) if name else NOT_GIVEN


def policy_code(name: str) -> int:
    """Code a policy by its value."""
    policy = policy_of(name)
    if name and policy is None:
        raise UnusableNameError("is none of CONSERVATIVE, BALANCED, AGGRESSIVE")
    return NO_POLICY if policy is None else int(policy)


def codes_of_names(sent: SentNames, code_of: CodeOf, checkpoint: Checkpoint) -> IndexColumn:
    """Return the codes of a column that holds the names themselves.

    Raises:
        WrongColumnError: a name cannot be used, or there are too many.
    """
    known = _KnownNames(sent.column, code_of)
    codes = np.empty(len(sent.values), dtype=np.int64)
    for start in range(0, codes.size, NAMES_AT_ONCE):
        checkpoint()
        names = sent.values[start : start + NAMES_AT_ONCE]
        known.newest = ""
        try:
            codes[start : start + len(names)] = np.fromiter(map(known.__getitem__, names), np.int64, len(names))
        except UnusableNameError as unusable:
            index = start + list(names).index(known.newest)
            raise WrongColumnError(f"{sent.column}[{index}]", str(unusable)) from None
    return codes


def codes_of_table(sent: SentNames, code_of: CodeOf) -> IndexColumn:
    """Return the codes of a packed column. A name that no entry has is not looked at.

    Raises:
        WrongColumnError: an entry refers to no name, or to one that cannot be used, or there are too many names.
    """
    table, column = f"{sent.column}_names", f"{sent.column}_code"
    if len(sent.table) > MAX_DISTINCT_NAMES:
        raise WrongColumnError(table, f"has {len(sent.table)} names; send at most {MAX_DISTINCT_NAMES}")
    places = np.array(sent.codes, dtype=np.int64)
    beyond = places >= len(sent.table)
    if beyond.any():
        index = int(np.argmax(beyond))
        fix = f"give 0 to {len(sent.table) - 1}" if sent.table else "give the names"
        raise WrongColumnError(f"{column}[{index}]", f"is {places[index]} and {table} has {len(sent.table)}; {fix}")
    codes = np.full(len(sent.table), NOT_GIVEN, dtype=np.int64)
    used = np.bincount(places, minlength=len(sent.table))
    unusable: dict[int, str] = {}
    for place in np.flatnonzero(used).tolist():
        try:
            codes[place] = code_of(_normalised(sent.column, sent.table[place]))
        except UnusableNameError as error:
            unusable[place] = str(error)
    if unusable:
        index = int(np.argmax(np.isin(places, list(unusable))))
        place = int(places[index])
        raise WrongColumnError(f"{column}[{index}]", f"refers to {table}[{place}]: {unusable[place]}")
    return codes[places]


class _KnownNames(dict[str, int]):
    """The codes of the names of a column by the text that was sent; `newest` is the one that came up last."""

    def __init__(self, column: str, code_of: CodeOf) -> None:
        super().__init__()
        self.newest = ""
        self._column = column
        self._code_of = code_of

    def __missing__(self, text: str) -> int:
        self.newest = text
        code = self._code_of(_normalised(self._column, text))
        if len(self) == MAX_DISTINCT_NAMES:
            raise UnusableNameError(f"is one name too many; send at most {len(self)} different")
        self[text] = code
        return code


def _normalised(column: str, text: str) -> str:
    try:
        return normalise_name(column, text)
    except RejectionError as refused:
        raise UnusableNameError(refused.reason.replace("_", " ")) from None
