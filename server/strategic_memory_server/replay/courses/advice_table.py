"""Advice as a data set: one row a decision, as CSV or Parquet. docs/replay.md says what each column means."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from strategic_memory_server.advice.feedback import Advice
from strategic_memory_server.evidence.view import PolicyEvidence
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.courses.served_advice import Served
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.optional_module import optional_module
from strategic_memory_server.replay.files.parquet_writer import ParquetWriter

ADVICE_VERSION = 1
"""Grows when a column changes its meaning or goes; columns that are added come last and change nothing."""

ENDINGS = (".csv", ".parquet")

ROWS_AT_ONCE = 5_000

_INTEGER, _NUMBER, _TEXT, _FLAG, _TIME = "int64", "float64", "string", "bool_", "time"
_NEEDS_PYARROW = (
    "--advice-out: Parquet needs pyarrow, which is not installed: pip install 'strategic-memory[replay]', or give a "
    "name that ends in .csv"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Part = TypeVar("Part")

Value = str | int | float | bool | datetime | None


class Column(NamedTuple):
    """One column: its name, its type, and its value in a row; None where nothing is known."""

    name: str
    kind: str
    of: Callable[[Served], Value]


def _where_known(part: Callable[[Advice], Part | None], of: Callable[[Part], Value]) -> Callable[[Served], Value]:
    def value(served: Served) -> Value:
        found = part(served.feedback.advice)
        return None if found is None else of(found)

    return value


_current = partial(_where_known, lambda advice: advice.current)
_figures = partial(_where_known, lambda advice: advice.regime_performance)
_evidence = partial(_where_known, lambda advice: advice.evidence)


def _of_policies(name: str, of: Callable[[PolicyEvidence], Value], kind: str = _NUMBER) -> list[Column]:
    def column(policy: Policy) -> Column:
        return Column(f"{name}_{policy.name.lower()}", kind, _evidence(lambda view: of(view.policies[policy])))

    return [column(policy) for policy in Policy]


COLUMNS: Sequence[Column] = (
    Column("format_version", _INTEGER, lambda _: ADVICE_VERSION),
    Column("known_at", _TIME, lambda row: _EPOCH + timedelta(milliseconds=row.known_at_ms)),
    Column("revision", _INTEGER, lambda row: row.feedback.revision),
    Column("status", _TEXT, lambda row: row.feedback.status.value),
    Column("rules", _TEXT, lambda row: row.feedback.advice.rules.value),
    Column("policy", _TEXT, lambda row: row.feedback.advice.updated_policy.name),
    Column("confidence", _NUMBER, lambda row: row.feedback.advice.confidence_boost),
    Column("leverage", _NUMBER, lambda row: row.feedback.advice.leverage_hint),
    Column("leverage_bound_by", _TEXT, lambda row: row.feedback.advice.leverage_bound_by),
    Column("is_probe", _FLAG, lambda row: row.feedback.advice.is_probe),
    Column("preferred_regime", _TEXT, lambda row: row.feedback.advice.preferred_regime),
    Column("current_regime", _TEXT, lambda row: row.feedback.advice.current_regime),
    Column("current_policy", _TEXT, _current(lambda now: now.policy.name)),
    Column("current_confidence", _NUMBER, _current(lambda now: now.confidence_boost)),
    Column("current_leverage", _NUMBER, _current(lambda now: now.leverage_hint)),
    Column("best_policy", _TEXT, _where_known(lambda advice: advice.best_policy, lambda best: best.name)),
    Column("regime_samples", _INTEGER, _figures(lambda figures: figures.sample_count)),
    Column("regime_mean_pnl", _NUMBER, _figures(lambda figures: figures.avg_pnl)),
    Column("regime_win_rate", _NUMBER, _figures(lambda figures: figures.win_rate)),
    Column("evidence_regime", _TEXT, _evidence(lambda view: view.regime)),
    Column("evidence_policy", _TEXT, _evidence(lambda view: view.recommended_policy.name)),
    Column("evidence_confidence", _NUMBER, _evidence(lambda view: view.confidence_boost)),
    Column("evidence_leverage", _NUMBER, _evidence(lambda view: view.leverage_hint)),
    Column("evidence_trades", _INTEGER, _evidence(lambda view: view.observations)),
    Column("cautions", _TEXT, _evidence(lambda view: " ".join(view.cautions))),
    *_of_policies("probability_best", lambda each: each.probability_best),
    # That of CONSERVATIVE has no meaning.
    *_of_policies("probability_beats_conservative", lambda each: each.probability_beats_conservative)[1:],
    *_of_policies("probability_mean_positive", lambda each: each.probability_mean_positive),
    *_of_policies("trades", lambda each: each.observations, _INTEGER),
    *_of_policies("effective_trades", lambda each: each.effective_observations),
    *_of_policies("mean_pnl", lambda each: each.mean_pnl),
    *_of_policies("interval_low", lambda each: each.interval_low),
    *_of_policies("interval_high", lambda each: each.interval_high),
    Column("guard_factor", _NUMBER, _where_known(lambda advice: advice.guard, lambda guard: guard.factor)),
)


def require_format(file: Path) -> None:
    """Raise ReplayError for a file whose ending names no format, or one that nothing here writes.

    Raises:
        NotInstalledError: pyarrow is not installed.
        ReplayError: another ending.
    """
    if file.suffix.lower() not in ENDINGS:
        raise ReplayError(f"--advice-out {file}: give a name that ends in {' or '.join(ENDINGS)}")
    if file.suffix.lower() == ".parquet":
        optional_module("pyarrow", _NEEDS_PYARROW)


def write_advice(rows: Iterator[Served], file: Path, ending: str) -> None:
    """Write rows into a new file, some at a time.

    Args:
        rows: the decisions, oldest first.
        file: where to.
        ending: which format.
    """
    with advice_file(file, ending) as write:
        while part := list(islice(rows, ROWS_AT_ONCE)):
            write(part)


@contextmanager
def advice_file(file: Path, ending: str) -> Iterator[Callable[[Sequence[Served]], None]]:
    """Open a new file for advice; give what writes rows into it, oldest first.

    Args:
        file: where to.
        ending: which format.
    """
    if ending.lower() == ".parquet":
        with ParquetWriter(file, {column.name: column.kind for column in COLUMNS}, _NEEDS_PYARROW) as table:
            yield lambda rows: table.write([{column.name: column.of(row) for column in COLUMNS} for row in rows])
        return
    with file.open("x", encoding="utf-8", newline="") as opened:
        lines = csv.writer(opened)
        lines.writerow(column.name for column in COLUMNS)
        yield lambda rows: lines.writerows([_text(column.of(row)) for column in COLUMNS] for row in rows)


def _text(value: Value) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value).lower() if isinstance(value, bool) else str(value)
