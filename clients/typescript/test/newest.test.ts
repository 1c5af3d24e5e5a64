import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { Arrivals, type Moment, before, moment } from "../src/arrivals.js";
import { type Feedback, WARMING_UP, asStale } from "../src/index.js";
import { NewestFeedback } from "../src/streams/newest.js";
import { SENT, feedback, heartbeat } from "./made_up.js";

const SILENCE_MS = 45_000;

/** Clocks that stand until they are moved; the wall shows another time than the server's. */
class SetClocks {
  steadyMs = 1_000;
  lateMs = 0;
  /** How long the process stands still once it was told how long something can have waited. */
  standsMs = 0;
  wallMs = SENT + 3_600_000;

  now = (): Moment => ({ steady: this.steadyMs, wall: this.wallMs });
  waitedMs = (): number => {
    this.pass(this.standsMs);
    return this.lateMs;
  };

  pass(ms: number): void {
    this.steadyMs += ms;
    this.wallMs += ms;
  }
}

function isSafe({ updatedPolicy, confidenceBoost, leverageHint }: Feedback): void {
  assert.deepEqual([updatedPolicy, confidenceBoost, leverageHint], ["CONSERVATIVE", 0, 1]);
}

function heard(clocks: SetClocks, what: Feedback = feedback()): NewestFeedback {
  const newest = new NewestFeedback(SILENCE_MS, clocks);
  newest.take({ type: "feedback", feedback: what });
  return newest;
}

test("it warms up with the safe values until something was heard", () => {
  const newest = new NewestFeedback(SILENCE_MS, new SetClocks());
  assert.equal(newest.value, WARMING_UP);
  isSafe(newest.value);
});

test("an advice holds for what was left of its validity when it was sent, whatever the clock here shows", () => {
  const clocks = new SetClocks();
  const newest = heard(clocks);
  clocks.pass(29_999);
  assert.equal(newest.value.status, "ACTIVE");
  assert.equal(newest.value.leverageHint, 1.6);
  clocks.pass(1);
  assert.equal(newest.value.status, "STALE");
  isSafe(newest.value);
  assert.equal(newest.value.preferredRegime, "BULL");
});

test("a clock of the server that was set back since prolongs nothing", () => {
  const clocks = new SetClocks();
  const computed = SENT + 3_600_000;
  const old = { timestamp: new Date(computed), validUntil: new Date(computed + 30_000), sentAt: new Date(SENT) };
  const newest = heard(clocks, feedback(7, "one", old));
  clocks.pass(29_999);
  assert.equal(newest.value.status, "ACTIVE");
  clocks.pass(1);
  assert.equal(newest.value.status, "STALE");
});

test("a wall clock that is set back prolongs nothing, and one that is set forward ends it", () => {
  const back = new SetClocks();
  const prolonged = heard(back);
  back.steadyMs += 30_000;
  back.wallMs -= 3_600_000;
  assert.equal(prolonged.value.status, "STALE");
  const forward = new SetClocks();
  const ended = heard(forward);
  forward.wallMs += 30_000;
  assert.equal(ended.value.status, "STALE");
});

test("what may have waited to be read holds for less", () => {
  const clocks = new SetClocks();
  clocks.lateMs = 20_000;
  const newest = heard(clocks);
  clocks.pass(9_999);
  assert.equal(newest.value.status, "ACTIVE");
  clocks.pass(1);
  assert.equal(newest.value.status, "STALE");
});

test("a process that stands still while it takes a message prolongs nothing", () => {
  for (const told of ["feedback", "heartbeat"]) {
    const clocks = new SetClocks();
    const newest = heard(clocks);
    clocks.standsMs = 5_000;
    if (told === "feedback") newest.take({ type: "feedback", feedback: feedback(8) });
    else newest.take({ type: "heartbeat", heartbeat: heartbeat() });
    clocks.pass(24_999);
    assert.equal(newest.value.status, "ACTIVE", told);
    clocks.pass(1);
    assert.equal(newest.value.status, "STALE", told);
  }
});

test("a loop that stood still is known when what came meanwhile is read", async () => {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const sends = `const { parentPort, workerData } = require("node:worker_threads");
    parentPort.on("message", () => { parentPort.postMessage("came"); Atomics.store(workerData, 0, 1); Atomics.notify(workerData, 0); });
    parentPort.postMessage("ready");`;
  const worker = new Worker(sends, { eval: true, workerData: shared });
  await once(worker, "message");
  const arrivals = new Arrivals();
  const begun = performance.now();
  const cameAt = (): number => {
    const now = moment();
    return now.steady - arrivals.waitedMs(now);
  };
  while (cameAt() < begun) await setTimeout(1);
  const stands = performance.now();
  worker.postMessage("come");
  Atomics.wait(shared, 0, 0, 10_000);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120); // several looks are due by now
  await once(worker, "message");
  assert.ok(cameAt() <= stands);
  arrivals.end();
  await worker.terminate();
});

test("what is read soon after a long call may have waited as long, and the answer holds from when it was asked for", () => {
  const clocks = new SetClocks();
  const arrivals = new Arrivals(clocks.now);
  const asked = clocks.now();
  clocks.pass(20_000);
  arrivals.away(asked);
  clocks.pass(900);
  assert.equal(arrivals.waitedMs(clocks.now()), 20_900);
  arrivals.end();
  const newest = new NewestFeedback(SILENCE_MS, clocks);
  newest.feedback(feedback(), before(clocks.now(), 20_900));
  clocks.pass(9_099);
  assert.equal(newest.value.status, "ACTIVE");
  clocks.pass(1);
  assert.equal(newest.value.status, "STALE");
});

test("what is read after the machine slept may have waited as long, and a wall clock that is set back shortens nothing", () => {
  const clocks = new SetClocks();
  const arrivals = new Arrivals(clocks.now);
  const asked = clocks.now();
  clocks.wallMs += 60_000;
  clocks.steadyMs += 40;
  assert.equal(arrivals.waitedMs(clocks.now()), 60_000);
  arrivals.away(asked);
  clocks.wallMs -= 3_600_000;
  clocks.steadyMs += 20_000;
  assert.equal(arrivals.waitedMs(clocks.now()), 20_040);
  arrivals.end();
});

test("what comes soon after the program stood still may have been held back for as long", async () => {
  const clocks = new SetClocks();
  let looks = 0;
  const arrivals = new Arrivals(() => {
    looks += 1;
    return clocks.now();
  });
  const looked = async (): Promise<void> => {
    for (const seen = looks; looks < seen + 2; ) await setTimeout(5);
  };
  for (const [passed, waited] of [
    [900, 0], // it is read in the same turn
    [3_000, 3_000],
    [600, 3_600],
    [401, 0],
  ] as const) {
    clocks.pass(passed);
    await looked();
    assert.equal(arrivals.waitedMs(clocks.now()), waited);
  }
  arrivals.end();
});

test("a heartbeat moves the validity on, and one that says STALE withdraws the advice until it is confirmed", () => {
  const clocks = new SetClocks();
  const newest = heard(clocks);
  clocks.pass(20_000);
  assert.equal(newest.take({ type: "heartbeat", heartbeat: heartbeat() }), false);
  clocks.pass(29_999);
  assert.equal(newest.value.status, "ACTIVE");
  newest.take({ type: "heartbeat", heartbeat: heartbeat(7, "one", { status: "STALE" }) });
  isSafe(newest.value);
  newest.take({ type: "heartbeat", heartbeat: heartbeat() });
  assert.equal(newest.value.leverageHint, 1.6);
});

test("warming up stays warming up where the log has begun since", () => {
  const clocks = new SetClocks();
  const newest = heard(clocks, feedback(0, "", { status: "WARMING_UP", leverageHint: 1, validUntil: null }));
  const leverageCaps = [{ source: "exposure:summary", value: 0.25, since: null }];
  for (const revision of [5, 5]) {
    clocks.pass(10_000);
    const beat = heartbeat(revision, "begun", { status: "WARMING_UP", leverageCaps, validUntil: null });
    assert.equal(newest.take({ type: "heartbeat", heartbeat: beat }), false);
    const { epoch, status, leverageHint } = newest.value;
    assert.deepEqual([epoch, status, leverageHint], ["begun", "WARMING_UP", 0.25]);
  }
});

test("silence ends an advice that would hold for longer", () => {
  const clocks = new SetClocks();
  const newest = heard(clocks, feedback(7, "one", { validUntil: new Date(SENT + 3_600_000) }));
  clocks.pass(SILENCE_MS - 1);
  assert.equal(newest.value.status, "ACTIVE");
  clocks.pass(1);
  assert.equal(newest.value.status, "STALE");
});

test("the safe leverage obeys the caps that are in force", () => {
  const caps = [{ source: "risk:leverage_limits", value: 0.4, since: null }];
  const newest = heard(new SetClocks());
  newest.take({ type: "heartbeat", heartbeat: heartbeat(7, "one", { status: "STALE", leverageCaps: caps }) });
  assert.equal(newest.value.leverageHint, 0.4);
  const lower = [{ source: "exposure:summary", value: 0.3, since: null }];
  newest.take({ type: "feedback", feedback: feedback(7, "one", { status: "STALE", leverageCaps: lower }) });
  assert.equal(newest.value.leverageHint, 0.3);
  newest.expire(); // it is out of reach, too
  assert.equal(newest.value.leverageHint, 0.3);
  newest.take({ type: "heartbeat", heartbeat: heartbeat() });
  assert.deepEqual([newest.value.leverageHint, newest.value.leverageCaps], [1.6, []], "it has its own caps again");
});

test("a cap that changes once what was said has turned stale is heard", () => {
  const caps = [{ source: "risk:leverage_limits", value: 0.4, since: null }];
  const newest = heard(new SetClocks(), asStale(feedback(7)));
  newest.take({ type: "heartbeat", heartbeat: heartbeat(7, "one", { status: "STALE", leverageCaps: caps }) });
  assert.equal(newest.value.leverageHint, 0.4);
});

test("a replica that lags behind changes nothing, and what is vouched for unheard is to be fetched", () => {
  const newest = heard(new SetClocks());
  newest.take({ type: "feedback", feedback: feedback(6) });
  assert.equal(newest.value.revision, 7);
  assert.equal(newest.take({ type: "heartbeat", heartbeat: heartbeat(6) }), false);
  assert.equal(newest.take({ type: "heartbeat", heartbeat: heartbeat(8) }), true);
  newest.take({ type: "feedback", feedback: feedback(9, "two") });
  newest.take({ type: "feedback", feedback: feedback(8, "one") });
  assert.equal(newest.value.epoch, "two", "an epoch that was left does not come back without a later sync");
});

test("who holds it can change nothing in it", () => {
  const newest = heard(new SetClocks());
  assert.throws(() => ((newest.value as { leverageHint: number }).leverageHint = 9), TypeError);
});
