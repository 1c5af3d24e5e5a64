import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { FeedbackStatus, HeartbeatSchema, Policy, Rules } from "../src/generated/strategic_memory/v1/feedback_pb.js";
import { StreamFeedbackResponseSchema } from "../src/generated/strategic_memory/v1/service_pb.js";
import { InvalidAnswerError, UnsupportedOperationError, asStale, isOverridden, isProbe } from "../src/index.js";
import { feedbackFromWire, heartbeatFromWire, streamMessageFromWire } from "../src/wire/from_wire.js";
import { SENT, at, wireFeedback } from "./made_up.js";

test("every field of a feedback is read", () => {
  const read = feedbackFromWire(
    wireFeedback({
      regimePerformance: { avgPnl: 0.2, winRate: 0.7, sampleCount: 10n, wins: 7n, losses: 3n },
      bestPolicy: Policy.BALANCED,
      rules: Rules.EVIDENCE,
      current: { regime: "BULL", policy: Policy.BALANCED, confidenceBoost: 0.5, leverageHint: 1.2, isProbe: true },
      reasons: [{ code: "POLICY_RULE", sentence: "so", comparisons: [{ measurement: "win_rate", operator: ">" }] }],
      leverageCaps: [{ source: "risk", value: 1.7, since: at(0) }],
      override: { policy: Policy.BALANCED, reason: "degraded", setBy: "desk", until: at(0), rulesLeverageHint: 1.9 },
      freeze: { revision: 6n, epoch: "e1", reason: "held", setBy: "desk" },
      guard: { factor: 0.625, since: at(0), results: 90n, recentSpread: 0.8, usualSpread: 0.5, recentLargestShare: 0.1 },
    }),
  );
  assert.deepEqual([read.override?.policy, read.override?.leverage], ["BALANCED", null]);
  assert.deepEqual([read.override?.until?.getTime(), read.override?.rulesLeverageHint], [SENT, 1.9]);
  assert.deepEqual([read.freeze?.revision, read.freeze?.until, isOverridden(read)], [6, null, true]);
  assert.deepEqual([read.guard?.factor, read.guard?.since?.getTime(), read.guard?.results], [0.625, SENT, 90]);
  assert.deepEqual([read.guard?.recentSpread, read.guard?.usualLargestShare], [0.8, 0]);
  assert.equal(feedbackFromWire(wireFeedback({})).guard, null);
  const raised = { isForced: true, rulesLeverageHint: 0.7, rulesCurrentLeverageHint: 0.6 };
  const current = { regime: "BULL", policy: Policy.BALANCED, confidenceBoost: 0.5, leverageHint: 1.2 };
  const safe = asStale(feedbackFromWire(wireFeedback({ leverageHint: 1.5, current, override: raised })));
  assert.deepEqual([safe.leverageHint, safe.current?.leverageHint], [0.7, 0.6]);
  assert.equal(isOverridden(feedbackFromWire(wireFeedback({}))), false);
  assert.deepEqual(read.regimePerformance, { avgPnl: 0.2, winRate: 0.7, sampleCount: 10, wins: 7, losses: 3 });
  assert.deepEqual([read.revision, read.bestPolicy, read.rules], [7, "BALANCED", "EVIDENCE"]);
  assert.deepEqual([read.current?.isProbe, isProbe(read), isProbe(asStale(read))], [true, true, false]);
  assert.equal(isProbe({ ...read, preferredRegime: "BEAR" }), false);
  assert.equal(read.reasons[0]?.comparisons[0]?.value, null);
  assert.equal(read.leverageCaps[0]?.since?.getTime(), SENT);
  assert.equal(read.leverageBoundBy, null);
  assert.equal(JSON.parse(JSON.stringify(read)).validUntil, "2026-01-05T09:30:30.000Z");
});

test("what is not understood is read as the safe values, and told once a day", (context) => {
  const told: string[] = [];
  const warn = (message: string): number => told.push(message);
  for (const strange of [{ status: 9 as FeedbackStatus }, { updatedPolicy: 9 as Policy }, { leverageHint: NaN }]) {
    for (let times = 0; times < 2; times += 1) {
      const read = feedbackFromWire(wireFeedback(strange), warn);
      assert.deepEqual([read.updatedPolicy, read.confidenceBoost, read.leverageHint], ["CONSERVATIVE", 0, 1]);
    }
  }
  assert.equal(feedbackFromWire(wireFeedback({ status: 9 as FeedbackStatus }), warn).status, "STALE");
  assert.equal(told.length, 2);
  // Whoever follows a part of it reads the safe values as well.
  const current = { policy: 9 as Policy, leverageHint: 1.5 };
  const read = feedbackFromWire(wireFeedback({ current, evidence: { recommendedPolicy: 9 as Policy } }), warn);
  assert.deepEqual([read.status, read.current?.policy, read.current?.leverageHint], ["ACTIVE", "CONSERVATIVE", 1]);
  assert.equal(heartbeatFromWire(create(HeartbeatSchema, { status: 10 as FeedbackStatus }), warn).status, "STALE");
  assert.deepEqual(
    told.slice(2).map((each) => each.slice(0, each.indexOf(","))),
    ["current.policy 9", "evidence.recommendedPolicy 9", "status 10"].map((what) => `the service says ${what}`),
  );
  context.mock.method(performance, "now", () => 86_400_000);
  feedbackFromWire(wireFeedback({ status: 9 as FeedbackStatus }), warn);
  assert.deepEqual(told.slice(5), [told[0]]);
});

test("a cap that makes no sense is the strictest there is", () => {
  const read = feedbackFromWire(
    wireFeedback({ status: FeedbackStatus.STALE, leverageCaps: [{ source: "risk", value: NaN }] }),
  );
  assert.equal(read.leverageHint, 0);
});

for (const [field, wrong] of Object.entries({
  leverageHint: { leverageHint: 50 },
  confidenceBoost: { confidenceBoost: 1.5 },
  "current.leverageHint": { current: { leverageHint: -1 } },
  "regimePerformance.winRate": { regimePerformance: { winRate: 2 } },
  revision: { revision: 2n ** 60n },
})) {
  test(`an answer is refused whole for its ${field}`, () => {
    const event = { case: "feedback" as const, value: wireFeedback(wrong) };
    const message = create(StreamFeedbackResponseSchema, { event });
    assert.throws(
      () => streamMessageFromWire(message, "here:1"),
      (error) => error instanceof InvalidAnswerError && error.violations[0]?.field === field && error.transient,
    );
  });
}

test("a leverage above a cap that the answer carries is refused", () => {
  const value = wireFeedback({ leverageHint: 1.6, leverageCaps: [{ source: "risk", value: 1.5 }] });
  const message = create(StreamFeedbackResponseSchema, { event: { case: "feedback", value } });
  assert.throws(() => streamMessageFromWire(message, "here:1"), InvalidAnswerError);
});

test("what is about another portfolio is not taken", () => {
  const about = (portfolio: string) =>
    create(StreamFeedbackResponseSchema, { portfolio, event: { case: "feedback", value: wireFeedback() } });
  assert.equal(streamMessageFromWire(about("alpha"), "here:1", undefined, "alpha")?.type, "feedback");
  // A service of before there were any leaves the field empty.
  for (const told of ["", "beta"]) {
    assert.throws(() => streamMessageFromWire(about(told), "here:1", undefined, "alpha"), UnsupportedOperationError);
  }
});
