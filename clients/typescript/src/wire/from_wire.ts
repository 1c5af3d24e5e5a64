/** Wire messages as values of this library. Nothing a server sends makes this fail: the unreadable is safe. */

import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type * as wire from "../generated/strategic_memory/v1/feedback_pb.js";
import type { GetFeedbackResponse, StreamFeedbackResponse } from "../generated/strategic_memory/v1/service_pb.js";
import {
  type DrawdownGuard,
  type Evidence,
  type Feedback,
  type FeedbackStatus,
  type Freeze,
  type Heartbeat,
  type LeverageCap,
  type Override,
  type Policy,
  type PolicyEvidence,
  type Reason,
  type RegimeAdvice,
  type RegimePerformance,
  type Rules,
  frozen,
} from "../values/feedback.js";
import { adviceAsSafe, asSafe, evidenceAsSafe } from "../values/safe_values.js";
import { requireCountable, requirePortfolio, requireWithinContract } from "./contract_bounds.js";

const STATUSES: readonly (FeedbackStatus | undefined)[] = [undefined, "WARMING_UP", "ACTIVE", "STALE"];
const POLICIES: readonly (Policy | undefined)[] = [undefined, "CONSERVATIVE", "BALANCED", "AGGRESSIVE"];
// A server that does not say it has no others than the reference rules.
const RULES: readonly (Rules | undefined)[] = ["REFERENCE", "REFERENCE", "EVIDENCE"];

/** Told what this version has no name for. */
export type Warn = (message: string) => void;

/** Return the feedback; with the safe values where its status, policy or numbers are not understood. */
export function feedbackFromWire(said: wire.Feedback, warn: Warn = () => {}): Feedback {
  if (STATUSES[said.status] === undefined) tellOnceADay(warn, "status", said.status);
  if (POLICIES[said.updatedPolicy] === undefined) tellOnceADay(warn, "updatedPolicy", said.updatedPolicy);
  const leverageCaps = said.leverageCaps.map(capFromWire);
  const feedback: Feedback = {
    revision: Number(said.revision),
    epoch: said.epoch,
    status: STATUSES[said.status] ?? "STALE",
    preferredRegime: said.preferredRegime,
    updatedPolicy: POLICIES[said.updatedPolicy] ?? "CONSERVATIVE",
    confidenceBoost: said.confidenceBoost,
    leverageHint: said.leverageHint,
    regimePerformance: said.regimePerformance ? performanceFromWire(said.regimePerformance) : null,
    currentRegime: said.currentRegime,
    timestamp: time(said.timestamp),
    dataAsOf: time(said.dataAsOf),
    validUntil: time(said.validUntil),
    version: said.version,
    reasons: said.reasons.map(reasonFromWire),
    bestPolicy: POLICIES[said.bestPolicy] ?? null,
    rules: RULES[said.rules] ?? null,
    current: said.current ? adviceFromWire(said.current, warn) : null,
    evidence: said.evidence ? evidenceFromWire(said.evidence, leverageCaps, warn) : null,
    leverageBoundBy: said.leverageBoundBy || null,
    leverageCaps,
    override: said.override ? overrideFromWire(said.override) : null,
    freeze: said.freeze ? freezeFromWire(said.freeze) : null,
    guard: said.guard ? guardFromWire(said.guard) : null,
    skippedRevisions: 0,
    epochChanged: false,
    sentAt: null,
  };
  const isUnderstood = POLICIES[said.updatedPolicy] !== undefined && makesSense(said);
  return feedback.status === "ACTIVE" && isUnderstood ? frozen(feedback) : asSafe(feedback);
}

/** Return the heartbeat; one with a status that is not understood is STALE. */
export function heartbeatFromWire(said: wire.Heartbeat, warn: Warn = () => {}): Heartbeat {
  const isSaid = said.status !== 0; // one that says none is of no later version
  if (isSaid && STATUSES[said.status] === undefined) tellOnceADay(warn, "status", said.status);
  return frozen({
    revision: Number(said.revision),
    epoch: said.epoch,
    status: STATUSES[said.status] ?? "STALE",
    dataAsOf: time(said.dataAsOf),
    validUntil: time(said.validUntil),
    timestamp: time(said.timestamp),
    leverageCaps: said.leverageCaps.map(capFromWire),
  });
}

/** What one message of a stream carries; `null` for a kind that this library does not know. */
export type StreamMessage =
  | { readonly type: "feedback"; readonly feedback: Feedback }
  | { readonly type: "heartbeat"; readonly heartbeat: Heartbeat }
  | null;

/**
 * Return what one message of a stream carries. Throws InvalidAnswerError for what the contract rules out, and
 * UnsupportedOperationError for another portfolio.
 */
export function streamMessageFromWire(
  said: StreamFeedbackResponse,
  address: string,
  warn?: Warn,
  portfolio = "",
): StreamMessage {
  requirePortfolio(said.portfolio, portfolio, address);
  switch (said.event.case) {
    case "feedback": {
      const feedback = feedbackFromWire(requireWithinContract(said.event.value, address), warn);
      const skippedRevisions = Number(said.skippedRevisions);
      return { type: "feedback", feedback: frozen({ ...feedback, skippedRevisions, sentAt: time(said.sentAt) }) };
    }
    case "heartbeat":
      return { type: "heartbeat", heartbeat: heartbeatFromWire(requireCountable(said.event.value, address), warn) };
    default:
      return null;
  }
}

/** Return the feedback that GetFeedback answers with. Throws as `streamMessageFromWire`. */
export function answerFromWire(said: GetFeedbackResponse, address: string, warn?: Warn, portfolio = ""): Feedback {
  requirePortfolio(said.portfolio, portfolio, address);
  const feedback = feedbackFromWire(requireWithinContract(said.feedback, address), warn);
  return frozen({ ...feedback, sentAt: time(said.sentAt) });
}

const DAY_MS = 86_400_000;
let told = { day: -1, what: new Set<string>() };

/** A program runs on for months, and the server that says so may be rolled back and come again meanwhile. */
function tellOnceADay(warn: Warn, field: string, number: number): void {
  const what = `${field} ${number}`;
  const day = Math.floor(performance.now() / DAY_MS);
  if (told.day !== day) told = { day, what: new Set() };
  if (told.what.has(what) || told.what.size >= 64) return;
  told.what.add(what);
  warn(
    `the service says ${what}, which this version of the client library does not know: the safe values ` +
      "are read in its place; bring the library up to date",
  );
}

function time(said: Timestamp | undefined): Date | null {
  const date = said === undefined ? null : new Date(timestampMs(said));
  return date === null || Number.isNaN(date.getTime()) ? null : date;
}

function makesSense(said: { readonly confidenceBoost: number; readonly leverageHint: number }): boolean {
  return Number.isFinite(said.confidenceBoost) && Number.isFinite(said.leverageHint);
}

function capFromWire(said: wire.LeverageCap): LeverageCap {
  // One that makes no sense is the strictest there is: to leave it out would lift it.
  const value = Number.isFinite(said.value) && said.value >= 0 ? said.value : 0;
  return { source: said.source, value, since: time(said.since) };
}

function overrideFromWire(said: wire.Override): Override {
  return {
    policy: POLICIES[said.policy] ?? null,
    leverage: said.leverage ?? null,
    isForced: said.isForced,
    reason: said.reason,
    setBy: said.setBy,
    setAt: time(said.setAt),
    until: time(said.until),
    rulesPolicy: POLICIES[said.rulesPolicy] ?? null,
    rulesLeverageHint: said.rulesLeverageHint ?? null,
    rulesCurrentPolicy: POLICIES[said.rulesCurrentPolicy] ?? null,
    rulesCurrentLeverageHint: said.rulesCurrentLeverageHint ?? null,
  };
}

function freezeFromWire(said: wire.Freeze): Freeze {
  const { revision, epoch, reason, setBy } = said;
  return { revision: Number(revision), epoch, reason, setBy, setAt: time(said.setAt), until: time(said.until) };
}

function guardFromWire(said: wire.DrawdownGuard): DrawdownGuard {
  const { factor, since, results, recentSpread, usualSpread, recentLargestShare, usualLargestShare } = said;
  const spreads = { recentSpread, usualSpread, recentLargestShare, usualLargestShare };
  return { factor, since: time(since), results: Number(results), ...spreads };
}

function performanceFromWire(said: wire.RegimePerformance): RegimePerformance {
  return {
    avgPnl: said.avgPnl,
    winRate: said.winRate ?? null,
    sampleCount: Number(said.sampleCount),
    wins: Number(said.wins),
    losses: Number(said.losses),
  };
}

function reasonFromWire(said: wire.Reason): Reason {
  const comparisons = said.comparisons.map((each) => ({
    measurement: each.measurement,
    value: each.value ?? null,
    operator: each.operator,
    threshold: each.threshold,
    holds: each.holds,
  }));
  return { code: said.code, sentence: said.sentence, comparisons };
}

function adviceFromWire(said: wire.RegimeAdvice, warn: Warn): RegimeAdvice {
  if (POLICIES[said.policy] === undefined) tellOnceADay(warn, "current.policy", said.policy);
  const advice: RegimeAdvice = {
    regime: said.regime,
    policy: POLICIES[said.policy] ?? "CONSERVATIVE",
    confidenceBoost: said.confidenceBoost,
    leverageHint: said.leverageHint,
    leverageBoundBy: said.leverageBoundBy || null,
    isProbe: said.isProbe,
  };
  return POLICIES[said.policy] !== undefined && makesSense(said) ? advice : adviceAsSafe(advice);
}

function evidenceFromWire(said: wire.Evidence, leverageCaps: readonly LeverageCap[], warn: Warn): Evidence {
  const recommended = said.recommendedPolicy;
  if (POLICIES[recommended] === undefined) tellOnceADay(warn, "evidence.recommendedPolicy", recommended);
  const evidence: Evidence = {
    regime: said.regime,
    recommendedPolicy: POLICIES[said.recommendedPolicy] ?? "CONSERVATIVE",
    confidenceBoost: said.confidenceBoost,
    // The caps may have changed since it was worked out.
    leverageHint: Math.min(said.leverageHint, ...leverageCaps.map((cap) => cap.value)),
    leverageBoundBy: said.leverageBoundBy || null,
    policies: said.policies.map(policyEvidenceFromWire),
    cautions: [...said.cautions],
    observations: Number(said.observations),
  };
  return POLICIES[said.recommendedPolicy] !== undefined && makesSense(said) ? evidence : evidenceAsSafe(evidence);
}

function policyEvidenceFromWire(said: wire.PolicyEvidence): PolicyEvidence {
  return {
    policy: POLICIES[said.policy] ?? null,
    observations: Number(said.observations),
    effectiveObservations: said.effectiveObservations ?? null,
    meanPnl: said.meanPnl,
    intervalLow: said.intervalLow,
    intervalHigh: said.intervalHigh,
    utility: said.utility,
    probabilityBest: said.probabilityBest,
    probabilityBeatsConservative: said.probabilityBeatsConservative ?? null,
    probabilityMeanPositive: said.probabilityMeanPositive,
    moreObservations: said.moreObservations === undefined ? null : Number(said.moreObservations),
  };
}
