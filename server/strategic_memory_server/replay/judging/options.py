"""What a replay is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.replay.courses.rules import BY_DEFAULT, Rule
from strategic_memory_server.replay.formats.column_map import ColumnMap
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.written.ways import Declared

REFERENCE_DECISIONS = 30_000
"""Most decisions of the reference rules by default: about a sixth of a millisecond each."""

EVIDENCE_DECISIONS = 8_000
"""Most decisions upon evidence by default: some half a millisecond each, more with many regimes."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What one replay reads, advises and compares, and where its results go.

    Attributes:
        files: the record, in any number of files.
        out: folder of the report.
        names: the files' names of columns.
        default_kind: what a row is that does not say it; None: what its columns say.
        rules: the rules to compare.
        reference_every: entries from one decision of the reference rules to the next; None: as few as is affordable.
        evidence_every: the same of the evidence.
        strategy: whose trades are read, where a freqtrade export holds those of several.
        accept_refused: share of the rows that may be refused, 0 to 1; None: few, and no more losses than gains.
        within_ms: the times that can be meant, milliseconds since 1970 UTC; None: all.
        declared: what is known of how numbers and times are written.
        advice: upon what to advise; which rules are in charge counts for `advice_out` alone.
        advice_out: file for the advice as a data set; None: none is written.
    """

    files: tuple[Path, ...]
    out: Path = Path("replay-report")
    names: ColumnMap = field(default_factory=ColumnMap)
    default_kind: Kind | None = None
    rules: tuple[Rule, ...] = BY_DEFAULT
    reference_every: int | None = None
    evidence_every: int | None = None
    strategy: str | None = None
    accept_refused: float | None = None
    within_ms: tuple[int, int] | None = None
    declared: Declared = field(default_factory=Declared)
    advice: AdviceSettings = field(default_factory=AdviceSettings)
    advice_out: Path | None = None
