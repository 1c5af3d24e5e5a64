import assert from "node:assert/strict";
import { test } from "node:test";
import { Disconnections } from "../src/streams/disconnections.js";

test("an outage is told as it begins and each hour that it lasts", () => {
  const outage = new Disconnections();
  const told = (minutes: number): boolean => outage.isToBeTold(minutes * 60_000);
  assert.deepEqual([0, 1, 59, 60, 61, 119, 120].filter(told), [0, 60, 120]);
  outage.heard();
  assert.deepEqual([121, 122].filter(told), [121]);
});
