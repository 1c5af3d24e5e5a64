"""Reproduction: what came of computing a revision again."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Outcome(enum.Enum):
    """What came of computing a revision again."""

    IDENTICAL = "identical"
    """The same bytes."""
    INPUT_GONE = "input gone"
    """Other bytes or none, and something that the revision rests on is not what it was."""
    DIFFERS = "differs"
    """Other bytes from the same inputs: the entry was tampered with, or another build computes otherwise."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Something that the revision rests on and that is not what it was: its name, and a sentence about it."""

    input: str
    sentence: str


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field of the document that comes out otherwise; both sides as JSON."""

    field: str
    in_log: str
    computed: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of computing a revision again.

    Attributes:
        outcome: in a word.
        revision: its number.
        epoch: its epoch; empty where the log does not hold it.
        gone: what is not what it was. With the outcome IDENTICAL that has made no difference.
        differences: fields that come out otherwise; none where nothing could be computed.
        length: bytes of the document in the log.
    """

    outcome: Outcome
    revision: int
    epoch: str
    gone: tuple[Gone, ...] = ()
    differences: tuple[FieldDifference, ...] = ()
    length: int = 0
