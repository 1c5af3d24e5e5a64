/** The safe values: what may be acted upon where an advice may not be. */

import { type Evidence, type Feedback, type LeverageCap, type Override, type RegimeAdvice, SAFE_LEVERAGE, frozen } from "./feedback.js";

/** Return the leverage that goes with the safe policy: the hint, at most 1.0 and every cap; if not finite, those. */
export function safeLeverage(hint: number, leverageCaps: readonly LeverageCap[]): number {
  const bound = Math.min(SAFE_LEVERAGE, ...leverageCaps.map((cap) => cap.value));
  return Number.isFinite(hint) ? Math.min(hint, bound) : bound;
}

/** Return the advice with the safe values. */
export function adviceAsSafe(advice: RegimeAdvice, leverageCaps: readonly LeverageCap[] = []): RegimeAdvice {
  return frozen({
    ...advice,
    policy: "CONSERVATIVE",
    confidenceBoost: 0,
    leverageHint: safeLeverage(advice.leverageHint, leverageCaps),
    isProbe: false,
  });
}

/** Return the evidence with the safe values; what was seen stays readable. */
export function evidenceAsSafe(evidence: Evidence, leverageCaps: readonly LeverageCap[] = []): Evidence {
  return frozen({
    ...evidence,
    recommendedPolicy: "CONSERVATIVE",
    confidenceBoost: 0,
    leverageHint: safeLeverage(evidence.leverageHint, leverageCaps),
  });
}

/** Return the feedback with the safe values, whatever its status. What an operator has forced raises none. */
export function asSafe(feedback: Feedback): Feedback {
  const caps = feedback.leverageCaps;
  const rules = asCap(feedback.override?.rulesLeverageHint);
  const rulesNow = asCap(feedback.override?.rulesCurrentLeverageHint);
  return frozen({
    ...feedback,
    updatedPolicy: "CONSERVATIVE",
    confidenceBoost: 0,
    leverageHint: safeLeverage(feedback.leverageHint, [...caps, ...rules]),
    current: feedback.current && adviceAsSafe(feedback.current, [...caps, ...rulesNow]),
    evidence: feedback.evidence && evidenceAsSafe(feedback.evidence, caps),
    override: feedback.override && withoutRules(feedback.override),
  });
}

/** Return an override without what the rules say beside it: that holds no longer than their advice. */
function withoutRules(override: Override): Override {
  const unknown = { rulesPolicy: null, rulesLeverageHint: null, rulesCurrentPolicy: null, rulesCurrentLeverageHint: null };
  return frozen({ ...override, ...unknown });
}

function asCap(hint: number | null | undefined): readonly LeverageCap[] {
  const isOne = hint !== null && hint !== undefined && Number.isFinite(hint) && hint >= 0;
  return isOne ? [{ source: "rules", value: hint, since: null }] : [];
}

/** Return the feedback as STALE with the safe values; what it was about stays readable. */
export function asStale(feedback: Feedback): Feedback {
  return frozen({ ...asSafe(feedback), status: "STALE" });
}

/** Return what may be acted upon at `now`: the feedback, or from `validUntil` on `asStale` of it. */
export function safeAt(feedback: Feedback, now: Date): Feedback {
  if (feedback.status !== "ACTIVE") return feedback;
  return feedback.validUntil !== null && now < feedback.validUntil ? feedback : asStale(feedback);
}
