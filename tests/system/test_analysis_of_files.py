"""`strategic-memory analyze --file`: a file is analysed whole, and where a window cuts, the tables say so."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from client.command_line import run, run_at_terminal
from conftest import StartService

pytestmark = pytest.mark.system

START = datetime(2026, 1, 5, tzinfo=UTC)


def forty_trades() -> pd.DataFrame:
    """Return trades of which the ten oldest lost and all others won."""
    source = random.Random(1)
    return pd.DataFrame(
        {
            "market_regime": ["BULL"] * 40,
            "realized_pnl": [
                source.uniform(-1.2, -0.8) if number < 10 else source.uniform(0.1, 0.4) for number in range(40)
            ],
            "policy": ["BALANCED"] * 39 + [None],
            "time_ms": [START + timedelta(hours=number) for number in range(40)],
        }
    )


def test_a_file_is_analysed_whole_unless_a_window_is_asked_for(start_service: StartService, tmp_path: Path) -> None:
    service, frame = start_service(), forty_trades()
    in_ms = frame.assign(time_ms=frame["time_ms"].astype("datetime64[ms, UTC]").astype("int64"))
    (tmp_path / "trades.json").write_text(json.dumps({"trade_results": in_ms.to_dict("list")}))
    frame.to_csv(tmp_path / "trades.csv", index=False)
    frame.to_parquet(tmp_path / "trades.parquet", index=False)
    told = []
    for name in ("trades.json", "trades.csv", "trades.parquet"):
        command = [
            "analyze",
            "-a",
            service.grpc_address,
            "--file",
            str(tmp_path / name),
            "--as-of",
            "2026-01-07T00:00:00Z",
        ]
        ended = run(*command)
        assert (ended.code, "Traceback" in ended.err) == (0, False)
        told.append(json.loads(ended.out)["analysis"])
        cut = " ".join(run_at_terminal(*command, "--trade-window", "30").out.split())
        for title in (
            "Regimes: 30 of 40 trades",
            "Trades: 30 of 40 trades in the window, P(best) of 39",
            "strategies: 30 of 40 trades",
        ):
            assert title in cut
        assert " of 40" not in run_at_terminal(*command).out
    assert told[0] == told[1] == told[2]
    (regime,) = told[0]["regimes"]
    assert (regime["sample_count"], regime["performance"]["trades"]) == (40, 40)
    assert regime["avg_pnl"] == pytest.approx(frame["realized_pnl"].mean())
    assert regime["avg_pnl"] < 0 < frame["realized_pnl"][10:].mean()
