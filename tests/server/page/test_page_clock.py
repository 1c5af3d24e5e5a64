"""The page counts what it is told from when that was heard, whatever stands still between two of its lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from server.page.page_in_node import said_by

pytestmark = pytest.mark.processes

VALID_MS = 10_000
STANDS_MS = 5_000

SCRIPT = """
import { readFileSync } from "node:fs";

const [said, validMs, standsMs] = JSON.parse(readFileSync(0));

globalThis.location = { search: "" };
globalThis.sessionStorage = { getItem: () => null };
globalThis.window = { matchMedia: () => new Node(), addEventListener: () => {} };
const timers = [];
globalThis.setInterval = (look) => timers.push(look);

// Clocks that stand until they are moved. Once the time of day was read, the process stands still.
let [passed, stands] = [0, 0];
const pass = (ms) => (passed += ms);
performance.now = () => 1_000 + passed;
Date.now = () => {
  const now = 1_767_607_200_000 + passed;
  pass(stands);
  stands = 0;
  return now;
};

let controller;
const body = new ReadableStream({ start: (own) => (controller = own) });
const tell = (text) => controller.enqueue(new TextEncoder().encode(text));
globalThis.fetch = (path) => (path === "/page/now" ? Promise.resolve({ ok: true, body }) : new Promise(() => {}));
await import("./page.js");

async function heard(name, said, isHeard) {
  tell(`event: ${name}\\ndata: ${JSON.stringify(said)}\\n\\n`);
  while (!isHeard()) await new Promise(setImmediate);
}

const clock = () => ({ now_ms: passed, valid_for_ms: validMs });
await heard("now", { now: said, clock: clock() }, () => places.status?.textContent === "ACTIVE");
pass(1_000);
stands = standsMs;
await heard("clock", clock(), () => stands === 0);
const seen = [validMs - standsMs, 1].map((ms) => {
  pass(ms);
  timers.forEach((look) => look());
  return places.status.textContent;
});
console.log(JSON.stringify(seen));
process.exit(0);
"""


def test_what_stands_still_while_it_hears_prolongs_nothing(tmp_path: Path) -> None:
    feedback = {"status": "FEEDBACK_STATUS_ACTIVE", "updated_policy": "POLICY_AGGRESSIVE", "leverage_hint": 1.5}
    health = {"metrics": {"sync": {}, "replication": {}, "inputs": {}, "feedback": {}}, "problems": []}
    asked = [{"health": health, "feedback": feedback}, VALID_MS, STANDS_MS]
    modules = ("charts", "page", "portfolios", "sections", "writing")
    assert said_by(SCRIPT, modules, asked, tmp_path) == ["ACTIVE, no contact", "STALE, no contact"]
