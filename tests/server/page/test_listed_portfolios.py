"""The list of portfolios shows no advice that has ended while nothing was heard of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from server.page.page_in_node import said_by

pytestmark = pytest.mark.processes

ENDS = "2026-01-05T10:00:00.500Z"
ENDS_MS = 1_767_607_200_500

SCRIPT = """
import { readFileSync } from "node:fs";

globalThis.location = { search: "" };
const { fetchPortfolios, showPortfolios } = await import("./portfolios.js");

const [portfolios, times] = JSON.parse(readFileSync(0));
await fetchPortfolios(async () => ({ json: async () => ({ portfolios, total: portfolios.length }) }));
const text = (node) => node.textContent ?? node.children.map(text).join(" ");
const shown = times.map((now) => (showPortfolios(now), places.portfolios.children[1].children.map(text)));
console.log(JSON.stringify(shown));
"""


def test_a_portfolio_is_stale_from_its_end_on_by_the_clock_of_the_service(tmp_path: Path) -> None:
    advice = {"preferred_regime": "BULL", "updated_policy": "POLICY_AGGRESSIVE", "leverage_hint": 1.5}
    followed = {"name": "alpha", "is_followed": True, "status": "FEEDBACK_STATUS_ACTIVE", "valid_until": ENDS, **advice}
    rows = [followed, {"name": "beta"}]
    asked = [rows, [ENDS_MS - 1, ENDS_MS]]
    before, after = [
        [row.replace("\u2013", "-") for row in shown]
        for shown in said_by(SCRIPT, ("portfolios", "writing"), asked, tmp_path)
    ]
    assert before == ["alpha ACTIVE BULL AGGRESSIVE 1.5 2026-01-05 10:00:00 UTC -", "beta not followed here - - - - -"]
    assert after == ["alpha STALE - - - 2026-01-05 10:00:00 UTC -", before[1]]
