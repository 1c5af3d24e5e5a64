"""The list of portfolios shows no advice that has ended while nothing was heard of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest
from processes import require_tool

pytestmark = pytest.mark.processes

ENDS = "2026-01-05T10:00:00.500Z"
ENDS_MS = 1_767_607_200_500

SCRIPT = """
import { readFileSync } from "node:fs";

globalThis.Node = class {
  children = [];
  append(...more) { this.children.push(...more); }
  replaceChildren(...more) { this.children = more; }
  setAttribute() {}
  addEventListener() {}
};
const places = {};
globalThis.location = { search: "" };
globalThis.document = { createElement: () => new Node(), getElementById: (id) => (places[id] ??= new Node()) };
const { fetchPortfolios, showPortfolios } = await import("./portfolios.js");

const [portfolios, times] = JSON.parse(readFileSync(0));
await fetchPortfolios(async () => ({ json: async () => ({ portfolios, total: portfolios.length }) }));
const text = (node) => node.textContent ?? node.children.map(text).join(" ");
const shown = times.map((now) => (showPortfolios(now), places.portfolios.children[1].children.map(text)));
console.log(JSON.stringify(shown));
"""


def test_a_portfolio_is_stale_from_its_end_on_by_the_clock_of_the_service(tmp_path: Path) -> None:
    node = require_tool("node")
    for name in ("portfolios", "writing"):
        shutil.copy(str(resources.files("strategic_memory_server.page") / "static" / f"{name}.js"), tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "say.js").write_text(SCRIPT)
    advice = {"preferred_regime": "BULL", "updated_policy": "POLICY_AGGRESSIVE", "leverage_hint": 1.5}
    followed = {"name": "alpha", "is_followed": True, "status": "FEEDBACK_STATUS_ACTIVE", "valid_until": ENDS, **advice}
    rows = [followed, {"name": "beta"}]
    asked = json.dumps([rows, [ENDS_MS - 1, ENDS_MS]])
    done = subprocess.run([node, tmp_path / "say.js"], input=asked, capture_output=True, text=True, check=True)
    before, after = json.loads(done.stdout.replace("\u2013", "-"))
    assert before == ["alpha ACTIVE BULL AGGRESSIVE 1.5 2026-01-05 10:00:00 UTC -", "beta not followed here - - - - -"]
    assert after == ["alpha STALE - - - 2026-01-05 10:00:00 UTC -", before[1]]
