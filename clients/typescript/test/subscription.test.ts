import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Feedback,
  ResumePointError,
  RevisionGapError,
  ServiceUnavailableError,
  type SubscriptionEvent,
  TooManySubscribersError,
  UnsupportedOperationError,
} from "../src/index.js";
import { Subscription, type SubscriptionSettings } from "../src/streams/subscription.js";
import { feedback, heartbeat } from "./made_up.js";

const LOST = new ServiceUnavailableError("lost");

function subscription(more: Partial<SubscriptionSettings> = {}): Subscription {
  const settings: SubscriptionSettings = {
    addresses: ["one:1"],
    portfolio: "",
    delivery: "LATEST",
    resumeAfter: null,
    sendCurrent: false,
    heartbeatIntervalMs: 1_000,
    backoff: { initialMs: 100, maxMs: 2_000, factor: 2 },
    giveUpAfterMs: null,
    catchUpMs: 1_000,
    retryRefusals: false,
    alwaysAfresh: false,
    ...more,
  };
  return new Subscription(settings, () => 1);
}

function take(to: Subscription, ...said: Feedback[]): SubscriptionEvent[] {
  return said.flatMap((each) => to.received({ type: "feedback", feedback: each }));
}

function revisions(events: SubscriptionEvent[]): number[] {
  return events.flatMap((event) => (event.type === "feedback" ? [event.feedback.revision] : []));
}

function refusal(reason: string, epoch = "one"): ResumePointError {
  return new ResumePointError("refused", { oldest: 1, current: 2, epoch }, { reason });
}

test("it resumes after the last revision, and none comes twice", () => {
  const made = subscription();
  assert.equal(made.connect(0).resumeAfter, null);
  assert.deepEqual(revisions(take(made, feedback(7), feedback(7), feedback(8))), [7, 8]);
  made.failed(LOST, 1);
  assert.deepEqual(made.connect(2).resumeAfter, { revision: 8, epoch: "one" });
  assert.deepEqual(revisions(take(made, feedback(8), feedback(9))), [9]);
});

test("what was passed over is told", () => {
  const made = subscription({ resumeAfter: { revision: 4, epoch: "one" } });
  assert.deepEqual(made.connect(0).resumeAfter, { revision: 4, epoch: "one" });
  const [event] = take(made, feedback(7));
  assert.equal(event?.type === "feedback" && event.feedback.skippedRevisions, 2);
});

test("the feedback of the resume point itself comes where it is asked for, once", () => {
  const made = subscription({ resumeAfter: { revision: 7, epoch: "one" }, sendCurrent: true, delivery: "EVERY" });
  assert.equal(made.connect(0).sendCurrent, true);
  assert.deepEqual(revisions(take(made, feedback(7), feedback(8))), [7, 8]);
  made.failed(LOST, 1);
  assert.equal(made.connect(2).sendCurrent, false);
  assert.deepEqual(revisions(take(made, feedback(8))), []);
});

test("another epoch is told, or with EVERY an error", () => {
  const latest = subscription();
  latest.connect(0);
  take(latest, feedback(7));
  const [changed, received] = take(latest, feedback(3, "two"));
  assert.deepEqual(changed, { type: "epochChanged", oldEpoch: "one", oldRevision: 7, newEpoch: "two", newRevision: 3 });
  assert.equal(received?.type === "feedback" && received.feedback.epochChanged, true);
  const every = subscription({ delivery: "EVERY" });
  every.connect(0);
  take(every, feedback(7));
  assert.throws(() => take(every, feedback(3, "two")), ResumePointError);
});

test("with EVERY a revision that is left out is an error", () => {
  const made = subscription({ delivery: "EVERY" });
  made.connect(0);
  take(made, feedback(7));
  assert.throws(
    () => take(made, feedback(9)),
    (error) => error instanceof RevisionGapError && error.expected === 8 && error.received === 9,
  );
});

test("a refused resume point starts afresh, or with EVERY ends it", () => {
  const latest = subscription();
  latest.connect(0);
  take(latest, feedback(7));
  latest.failed(refusal("REVISION_COMPACTED"), 1);
  assert.equal(latest.connect(2).resumeAfter, null);
  const every = subscription({ delivery: "EVERY" });
  every.connect(0);
  take(every, feedback(7));
  assert.throws(() => every.failed(refusal("REVISION_COMPACTED"), 1), ResumePointError);
});

test("a server that is behind is given time, and another one is asked", () => {
  const made = subscription({ addresses: ["one:1", "two:2"], delivery: "EVERY" });
  made.connect(0);
  take(made, feedback(7));
  made.failed(LOST, 1);
  assert.equal(made.connect(2).address, "two:2");
  assert.equal(made.failed(refusal("REVISION_IN_FUTURE"), 3).address, "two:2");
  assert.deepEqual(made.connect(4), {
    address: "one:1",
    portfolio: "",
    resumeAfter: { revision: 7, epoch: "one" },
    sendCurrent: false,
    delivery: "EVERY",
    heartbeatIntervalMs: 1_000,
  });
  made.failed(refusal("REVISION_IN_FUTURE"), 5);
  made.connect(6);
  assert.throws(() => made.failed(refusal("REVISION_IN_FUTURE"), 1_004), ResumePointError);
});

test("each server is tried at least every two seconds, however long they are away", () => {
  for (const addresses of [["one:1"], ["one:1", "two:2", "three:3"]]) {
    const made = subscription({ addresses });
    let waited = 0;
    for (let attempt = 0; attempt < 30 * addresses.length; attempt += 1) {
      made.connect(waited);
      waited += made.failed(LOST, waited).retryInMs;
    }
    const lastRound = waited;
    for (let attempt = 0; attempt < addresses.length; attempt += 1) waited += made.failed(LOST, waited).retryInMs;
    assert.ok(waited - lastRound <= 2_000 + 1e-6);
  }
});

test("it gives up on a refusal, but not once the server was heard", () => {
  const refused = new UnsupportedOperationError("no route");
  const never = subscription();
  never.connect(0);
  assert.throws(() => never.failed(refused, 1), UnsupportedOperationError);
  const heard = subscription();
  heard.connect(0);
  heard.received({ type: "heartbeat", heartbeat: heartbeat() });
  assert.equal(heard.failed(refused, 1).error, refused);
});

test("a server of an older version does not speak for the others", () => {
  const unknown = new UnsupportedOperationError("it knows no portfolios");
  const made = subscription({ addresses: ["one:1", "two:1"] });
  for (const error of [LOST, unknown, LOST, unknown]) {
    made.connect(0);
    assert.equal(made.failed(error, 1).error, error);
  }
  made.connect(2);
  assert.throws(() => made.failed(unknown, 3), UnsupportedOperationError);
});

test("it gives up after so long without any server", () => {
  const made = subscription({ giveUpAfterMs: 1_000 });
  made.connect(0);
  made.failed(LOST, 500);
  assert.throws(() => made.failed(LOST, 950), ServiceUnavailableError);
});

test("a full server is left alone for as long as it says", () => {
  const full = (retryAfterMs: number) => new TooManySubscribersError("full", { retryAfterMs });
  const made = subscription({ addresses: ["one:1", "two:2"] });
  made.connect(0);
  assert.ok(made.failed(full(8_000), 0).retryInMs < 1_000); // the other one is not full yet
  made.connect(1_000);
  assert.equal(made.failed(full(8_000), 1_000).retryInMs, 9_000);
  assert.equal(subscription().failed(full(3_600_000), 0).retryInMs, 75_000);
});
