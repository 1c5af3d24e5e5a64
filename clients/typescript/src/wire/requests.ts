/** Requests of this library as wire messages. What does not fit is an InvalidRequestError naming the field. */

import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type AnalysisSettings as WireSettings,
  AnalysisSettingsSchema,
  EvidenceSettingsSchema,
  type PolicyRule as WireRule,
  PolicyRuleSchema,
} from "../generated/strategic_memory/v1/analysis_pb.js";
import { Policy as WirePolicy, Rules as WireRules } from "../generated/strategic_memory/v1/feedback_pb.js";
import {
  type AnalyzeRequest,
  AnalyzeRequestSchema,
  Delivery as WireDelivery,
  type StreamFeedbackRequest,
  StreamFeedbackRequestSchema,
} from "../generated/strategic_memory/v1/service_pb.js";
import type { StreamAttempt } from "../streams/subscription.js";
import type { AnalysisSettings, EvidenceSettings, InlineMemory, PolicyRule } from "../values/analysis.js";
import { inlineToWire } from "./inline_to_wire.js";
import { flag, shown, invalid, known, numberValue, text, whole } from "./request_values.js";

const COUNTS = [
  "regimeWindow",
  "portfolioWindow",
  "tradeWindow",
  "minimumSamples",
  "minimumPolicyTrades",
  "pastRevisions",
  "hysteresisResults",
] as const;
const EVIDENCE = ["halfLifeTrades", "requiredProbability", "minimumTrades", "riskAversion"] as const;
const RULE = ["regime", "winRateAbove", "avgPnlAbove", "policy"] as const;

const LARGEST_UINT32 = 2 ** 32 - 1;

/** Return the request that opens the stream. */
export function streamRequest(attempt: StreamAttempt): StreamFeedbackRequest {
  const request = create(StreamFeedbackRequestSchema, {
    delivery: attempt.delivery === "EVERY" ? WireDelivery.EVERY : WireDelivery.LATEST,
    sendCurrent: attempt.sendCurrent,
    portfolio: attempt.portfolio,
    heartbeatInterval: durationFromMs(Math.round(attempt.heartbeatIntervalMs)), // of a fraction no Duration can be sent
  });
  if (attempt.resumeAfter !== null) {
    request.resumeAfterRevision = BigInt(attempt.resumeAfter.revision);
    request.epoch = attempt.resumeAfter.epoch;
  }
  return request;
}

/** Return the request for an analysis of `memory` (undefined: the stored memory) under `settings`. */
export function analyzeRequest(
  memory: InlineMemory | undefined,
  settings: AnalysisSettings | undefined,
  portfolio: string,
): AnalyzeRequest {
  const request = create(AnalyzeRequestSchema, {
    portfolio,
    memory: memory === undefined ? { case: "stored", value: {} } : { case: "inline", value: inlineToWire(memory) },
  });
  if (settings !== undefined) request.settings = settingsToWire(settings);
  return request;
}

function settingsToWire(settings: AnalysisSettings): WireSettings {
  known(settings, "settings", [...COUNTS, "policyRules", "rules", "asOf", "maxAgeMs", "evidence", "hysteresisSeconds"]);
  const wire = create(AnalysisSettingsSchema);
  for (const name of COUNTS) {
    const count = settings[name];
    if (count !== undefined) wire[name] = whole(count, `settings.${name}`, 0, LARGEST_UINT32);
  }
  const rules = settings.policyRules ?? [];
  if (!Array.isArray(rules)) throw invalid("settings.policyRules", `must be a list of rules, is ${shown(rules)}`);
  wire.policyRules = rules.map((rule, index) => ruleToWire(rule, `settings.policyRules[${index}]`));
  if (settings.rules !== undefined) wire.rules = member(WireRules, settings.rules, "settings.rules");
  if (settings.asOf !== undefined) {
    if (!(settings.asOf instanceof Date) || Number.isNaN(settings.asOf.getTime())) {
      throw invalid("settings.asOf", "must be a Date");
    }
    wire.asOf = timestampFromDate(settings.asOf);
  }
  if (settings.maxAgeMs !== undefined) {
    wire.maxAge = durationFromMs(whole(settings.maxAgeMs, "settings.maxAgeMs", 1, Number.MAX_SAFE_INTEGER));
  }
  if (settings.hysteresisSeconds !== undefined) {
    wire.hysteresisSeconds = numberValue(settings.hysteresisSeconds, "settings.hysteresisSeconds");
  }
  if (settings.evidence !== undefined) wire.evidence = evidenceToWire(settings.evidence);
  return wire;
}

function evidenceToWire(evidence: EvidenceSettings): NonNullable<WireSettings["evidence"]> {
  known(evidence, "settings.evidence", [...EVIDENCE, "change"]);
  const wire = create(EvidenceSettingsSchema);
  for (const name of EVIDENCE) {
    const value = evidence[name];
    if (value !== undefined) wire[name] = numberValue(value, `settings.evidence.${name}`);
  }
  if (evidence.change !== undefined) wire.change = flag(evidence.change, "settings.evidence.change");
  return wire;
}

function ruleToWire(rule: PolicyRule, path: string): WireRule {
  known(rule, path, RULE);
  const wire = create(PolicyRuleSchema, {
    regime: text(rule.regime ?? "", `${path}.regime`),
    policy: member(WirePolicy, rule.policy, `${path}.policy`),
  });
  if (rule.winRateAbove !== undefined) wire.winRateAbove = numberValue(rule.winRateAbove, `${path}.winRateAbove`);
  if (rule.avgPnlAbove !== undefined) wire.avgPnlAbove = numberValue(rule.avgPnlAbove, `${path}.avgPnlAbove`);
  return wire;
}

/** Return the number of a member of an enum of the wire by its name; UNSPECIFIED is none. */
function member<Number extends number>(enumeration: { [name: string]: Number | string }, name: string, path: string): Number {
  const number = Object.hasOwn(enumeration, name) ? enumeration[name] : undefined;
  if (typeof number === "number" && number !== 0) return number;
  const names = Object.keys(enumeration).filter((each) => typeof enumeration[each] === "number" && enumeration[each] !== 0);
  throw invalid(path, `must be one of ${names.join(", ")}, is ${shown(name)}`);
}
