/** What a server may never say, whatever its version: an answer with such values is refused whole. */

import type { Feedback as WireFeedback, Heartbeat as WireHeartbeat } from "../generated/strategic_memory/v1/feedback_pb.js";
import { type FieldViolation, InvalidAnswerError, UnsupportedOperationError } from "../values/errors.js";

/** No rules advise more, as a multiple of the base position. */
const HIGHEST_LEVERAGE = 2.0;

const SLACK = 1e-9; // a hint may be rounded above a cap by that much

/**
 * Throw UnsupportedOperationError for an answer that is about another portfolio than was asked for: a server of before
 * there were any does not know the field, and answers about the only memory that it has.
 */
export function requirePortfolio(told: string, asked: string, address: string): void {
  if (told === asked) return;
  const message =
    `the service at ${address} answers about portfolio "${told}" where "${asked}" was asked for, and nothing of it is ` +
    "used: it knows no portfolios; upgrade it, or ask for none";
  throw new UnsupportedOperationError(message, { address });
}

/** Throw InvalidAnswerError, which names the fields, where a feedback holds what the contract rules out. */
export function requireWithinContract(wire: WireFeedback | undefined, address: string): WireFeedback {
  if (wire === undefined) throw refused([{ field: "feedback", description: "is absent" }], "no feedback", address);
  const violations = [...violationsOf(wire)];
  if (violations.length > 0) throw refused(violations, `revision ${wire.revision} of ${wire.epoch || "no epoch"}`, address);
  return wire;
}

/** Throw InvalidAnswerError where the revision of a heartbeat is none that can be counted with. */
export function requireCountable(wire: WireHeartbeat, address: string): WireHeartbeat {
  const violations = [...countable(wire.revision)];
  if (violations.length > 0) throw refused(violations, "a heartbeat", address);
  return wire;
}

function refused(violations: FieldViolation[], what: string, address: string): InvalidAnswerError {
  const named = violations.map(({ field, description }) => `${field} ${description}`).join("; ");
  const message =
    `the service at ${address} says what cannot be (${what}: ${named}); it is taken as not heard: look for another ` +
    "program that writes the feedback log in Redis";
  return new InvalidAnswerError(message, violations, { address });
}

function* violationsOf(wire: WireFeedback): Generator<FieldViolation> {
  const caps = wire.leverageCaps.map((cap) => cap.value).filter((value) => Number.isFinite(value) && value >= 0);
  const highest = Math.min(HIGHEST_LEVERAGE, ...caps) + SLACK;
  yield* countable(wire.revision);
  yield* advice("", wire, highest);
  if (wire.current !== undefined) yield* advice("current.", wire.current, highest);
  // What was seen, which nobody acts upon, is bound by no cap.
  if (wire.evidence !== undefined) yield* advice("evidence.", wire.evidence, HIGHEST_LEVERAGE);
  if (wire.regimePerformance !== undefined) yield* share("regimePerformance.winRate", wire.regimePerformance.winRate ?? 0);
}

function* countable(revision: bigint): Generator<FieldViolation> {
  if (revision > BigInt(Number.MAX_SAFE_INTEGER)) {
    yield { field: "revision", description: `is ${revision}, above ${Number.MAX_SAFE_INTEGER}` };
  }
}

function* advice(
  where: string,
  wire: { readonly leverageHint: number; readonly confidenceBoost: number },
  highest: number,
): Generator<FieldViolation> {
  if (!(0 <= wire.leverageHint && wire.leverageHint <= highest)) {
    yield { field: `${where}leverageHint`, description: `is ${wire.leverageHint}, not 0 to ${highest.toPrecision(6)}` };
  }
  yield* share(`${where}confidenceBoost`, wire.confidenceBoost);
}

function* share(field: string, value: number): Generator<FieldViolation> {
  if (!(0 <= value && value <= 1)) yield { field, description: `is ${value}, not 0 to 1` };
}
