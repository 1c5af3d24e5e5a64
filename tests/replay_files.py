"""Records for replays: made-up rows, the files that hold them, and what is expected of them, by plain means."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brute_force import ExpectedRegime, PortfolioRow, RegimeRow, Rows, TradeRow, expected_regimes

POLICIES = ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")
POLICY_PNL = ("pnl_conservative", "pnl_balanced", "pnl_aggressive")
COLUMNS = ("time", "kind", "regime", "pnl", "policy", "confidence", "strategy", *POLICY_PNL)
KINDS = ("regime", "portfolio", "trade")


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One row; empty or None: not given."""

    time_ms: int
    kind: str
    regime: str
    pnl: float
    policy: str = ""
    confidence: float | None = None
    strategy: str = ""
    policy_pnl: tuple[float, float, float] | None = None

    def cells(self) -> dict[str, object]:
        """What a file holds of it."""
        shown = dict.fromkeys(COLUMNS, "") | {
            "time": str(self.time_ms), "kind": self.kind, "regime": self.regime, "pnl": repr(self.pnl),
            "policy": self.policy, "strategy": self.strategy,
            "confidence": "" if self.confidence is None else repr(self.confidence),
        }  # fmt: skip
        if self.policy_pnl is not None:
            shown |= {name: repr(pnl) for name, pnl in zip(POLICY_PNL, self.policy_pnl, strict=True)}
        return dict(shown)


def random_rows(seed: int, count: int) -> list[RecordRow]:
    """Rows of all kinds in order of time: several at one time, some without a regime or a policy."""
    source = random.Random(seed)
    rows = []
    time_ms, regime = 1_700_000_000_000, "BULL"
    for _ in range(count):
        time_ms += source.choice((0, 0, 1, 250, 60_000))
        if source.random() < 0.15:
            regime = source.choice(("BULL", "BEAR", "RANGE", "VOLATILE"))
        kind = source.choice(KINDS)
        given = regime if kind == "regime" or source.random() < 0.6 else ""
        pnl = round(source.gauss(0.3 if regime == "BULL" else 0.0, 1.0), 3)
        if kind != "trade":
            rows.append(RecordRow(time_ms, kind, given, pnl, confidence=round(source.random(), 2)))
            continue
        by_policy = tuple(round(pnl * factor + source.gauss(0.0, 0.1), 3) for factor in (0.3, 1.0, 1.8))
        policy = source.choice((*POLICIES, ""))
        rows.append(
            RecordRow(
                time_ms, kind, given, by_policy[POLICIES.index(policy)] if policy else pnl, policy,
                strategy=source.choice(("", "one", "other")), policy_pnl=(by_policy[0], by_policy[1], by_policy[2]),
            )
        )  # fmt: skip
    return rows


def write_csv(path: Path, rows: Iterable[RecordRow]) -> Path:
    """Write rows as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(row.cells() for row in rows)
    return path


def write_json_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write objects, one a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def in_order(rows: Sequence[RecordRow]) -> list[RecordRow]:
    """Order rows by time; at one time observations first, then portfolio entries, then trades."""
    return sorted(rows, key=lambda row: (row.time_ms, KINDS.index(row.kind)))


def joined_regime(row: RecordRow, rows: Sequence[RecordRow]) -> str:
    """Return the regime of a row: its own, or that of the last observation at or before its time."""
    seen = [each for each in rows if each.kind == "regime" and each.time_ms <= row.time_ms]
    return row.regime or (seen[-1].regime if seen else "UNKNOWN")


def windows_before(time_ms: int, rows: Sequence[RecordRow], lengths: tuple[int, int, int]) -> Rows:
    """Take by hand the newest rows of each kind from before a time."""
    known = [row for row in rows if row.time_ms < time_ms]
    regimes, portfolio, trades = (
        [row for row in known if row.kind == kind][-length:] for kind, length in zip(KINDS, lengths, strict=True)
    )
    return Rows(
        [RegimeRow(row.time_ms, row.regime, row.pnl, row.confidence) for row in regimes],
        [PortfolioRow(row.time_ms, joined_regime(row, rows), row.pnl) for row in portfolio],
        [TradeRow(row.time_ms, joined_regime(row, rows), row.pnl, row.policy, row.strategy) for row in trades],
    )


def expected_advice(windows: Rows) -> tuple[str, str, float] | None:
    """Return preferred regime, policy and confidence by the reference rules; None without advice."""
    ranked = [each for each in expected_regimes(windows) if each.regime != "UNKNOWN"]
    if len(windows.all()) < 3 or not ranked:
        return None
    best = ranked[0]
    return best.regime, _policy(best), _confidence(best)


def _policy(best: ExpectedRegime) -> str:
    win_rate, avg_pnl = best.win_rate or 0.0, best.avg_pnl
    if best.regime == "BULL" and win_rate > 0.6 and avg_pnl > 0.2:
        return "AGGRESSIVE"
    if (best.regime == "BULL" and win_rate > 0.5 and avg_pnl > 0.1) or (best.regime == "RANGE" and win_rate > 0.55):
        return "BALANCED"
    return "CONSERVATIVE"


def _confidence(best: ExpectedRegime) -> float:
    score = 0.6 * min(max(best.avg_pnl, -1.0), 1.0) + 0.4 * 2.0 * ((best.win_rate or 0.0) - 0.5)
    return round(min(max((score * min(1.0, best.sample_count / 20) + 1.0) / 2.0, 0.0), 1.0), 4)
