/** What the service says, as plain frozen values: `null` where something is not known, times as `Date`. */

/** Name of the regime where none could be told. */
export const UNKNOWN_REGIME = "UNKNOWN";

/** Highest leverage, as a multiple of the base position, that is ever given together with the safe policy. */
export const SAFE_LEVERAGE = 1.0;

/** How boldly to trade. */
export type Policy = "CONSERVATIVE" | "BALANCED" | "AGGRESSIVE";

/** Whether a feedback may be acted upon: only ACTIVE may. The values of the others are the safe ones. */
export type FeedbackStatus = "WARMING_UP" | "ACTIVE" | "STALE";

/** Which rules are in charge of a feedback. */
export type Rules = "REFERENCE" | "EVIDENCE";

/** Figures of one regime over the windows. */
export interface RegimePerformance {
  /** Mean pnl of every entry that carries the regime, in the unit of the inputs. */
  readonly avgPnl: number;
  /** Wins / (wins + losses), 0 to 1. null when nothing was won or lost. */
  readonly winRate: number | null;
  /** Number of entries of all three windows that carry the regime. */
  readonly sampleCount: number;
  /** Regime observations and trades with a positive pnl. */
  readonly wins: number;
  /** Regime observations and trades with a negative pnl. */
  readonly losses: number;
}

/** A number that a rule looked at, and what it was held against. */
export interface Comparison {
  /** Name of the measurement, for example "win_rate". */
  readonly measurement: string;
  /** The measured value. null when the measurement is not defined. */
  readonly value: number | null;
  /** One of ">", ">=", "<", "<=", "=". */
  readonly operator: string;
  /** What the value was compared with. */
  readonly threshold: number;
  /** Whether the comparison holds. */
  readonly holds: boolean;
}

/** One step of the reasoning behind a feedback. */
export interface Reason {
  /** Stable name of the step in UPPER_SNAKE_CASE, for example "POLICY_RULE". */
  readonly code: string;
  /** The step as one plain English sentence. */
  readonly sentence: string;
  /** The numbers that the step compared, in that order. */
  readonly comparisons: readonly Comparison[];
}

/** A limit on leverage that another module has set. */
export interface LeverageCap {
  /** The input that it was read from, for example "risk:leverage_limits". */
  readonly source: string;
  /** Highest leverage as a multiple of the base position; at least 0. */
  readonly value: number;
  /** When this value was first read. null: not known. */
  readonly since: Date | null;
}

/** What is advised for one regime. */
export interface RegimeAdvice {
  /** The regime, upper case. */
  readonly regime: string;
  /** The policy advised for it. An unknown one reads as CONSERVATIVE. */
  readonly policy: Policy;
  /** How sure that is, 0 to 1. */
  readonly confidenceBoost: number;
  /** Advised leverage as a multiple of the base position. */
  readonly leverageHint: number;
  /** Name of the cap that lowered the leverage. null: none did. */
  readonly leverageBoundBy: string | null;
  /** Whether the policy is tried because it may turn out better, in place of the one that the evidence recommends. */
  readonly isProbe: boolean;
}

/** What all trades so far say about one policy in one regime. Money is in the unit of pnl. */
export interface PolicyEvidence {
  /** The policy. null: one that this library does not know. */
  readonly policy: Policy | null;
  /** Trades seen. */
  readonly observations: number;
  /** Equally weighted trades that would say as much: older ones weigh less. null without any. */
  readonly effectiveObservations: number | null;
  /** Posterior mean of the pnl of a trade. */
  readonly meanPnl: number;
  /** Lower bound of its 90 % interval. */
  readonly intervalLow: number;
  /** Upper bound of its 90 % interval. */
  readonly intervalHigh: number;
  /** Mean pnl less the price of its risk. */
  readonly utility: number;
  /** Probability that its utility is the highest of the three. */
  readonly probabilityBest: number;
  /** Probability that its utility is above that of CONSERVATIVE. null for CONSERVATIVE. */
  readonly probabilityBeatsConservative: number | null;
  /** Probability that its mean pnl is above 0. */
  readonly probabilityMeanPositive: number;
  /** How many more observations of the regime it may take until it is recommended. null where not defined. */
  readonly moreObservations: number | null;
}

/** What all trades so far say about one regime. */
export interface Evidence {
  /** The regime, upper case. */
  readonly regime: string;
  /** The policy that the evidence recommends there. An unknown one reads as CONSERVATIVE. */
  readonly recommendedPolicy: Policy;
  /** Probability that the mean pnl of the recommended policy is above 0. */
  readonly confidenceBoost: number;
  /** Leverage that the evidence bears, as a multiple of the base position. */
  readonly leverageHint: number;
  /** Name of the cap that lowered the leverage. null: none did. */
  readonly leverageBoundBy: string | null;
  /** The three policies, in the order of the risk they take. */
  readonly policies: readonly PolicyEvidence[];
  /** What to know before trusting this, as stable names such as "ONE_POLICY_ONLY". */
  readonly cautions: readonly string[];
  /** Trades in all regimes that this rests on. */
  readonly observations: number;
}

/** What an operator allows at most, or where it is forced, has set. */
export interface Override {
  /** The boldest policy, or the one that is set. null: it is left to the rules. */
  readonly policy: Policy | null;
  /** The highest leverage, or the one that is set. null: it is left to the rules. */
  readonly leverage: number | null;
  /** Whether it raises risk above what the rules say where it is above that; never above a cap on leverage. */
  readonly isForced: boolean;
  /** Why, as the operator has it. */
  readonly reason: string;
  /** Who has set it. */
  readonly setBy: string;
  /** When. */
  readonly setAt: Date | null;
  /** When it ends. */
  readonly until: Date | null;
  /** `updatedPolicy` without it. null: not known. */
  readonly rulesPolicy: Policy | null;
  /** `leverageHint` without it. null: not known. */
  readonly rulesLeverageHint: number | null;
  /** `current.policy` without it. null: not known. */
  readonly rulesCurrentPolicy: Policy | null;
  /** `current.leverageHint` without it. null: not known. */
  readonly rulesCurrentLeverageHint: number | null;
}

/** The advice of one revision, which an operator holds whatever the inputs say; caps and overrides bind it. */
export interface Freeze {
  /** The revision whose advice is held. */
  readonly revision: number;
  /** The epoch that it counts in. */
  readonly epoch: string;
  /** Why, as the operator has it. */
  readonly reason: string;
  /** Who holds it. */
  readonly setBy: string;
  /** Since when. */
  readonly setAt: Date | null;
  /** When it ends. */
  readonly until: Date | null;
}

/** The drawdown guard: leverage is lower while results that followed the advice spread more widely than usual. */
export interface DrawdownGuard {
  /** What every leverage of the feedback has been multiplied by, 0.5 to 1. */
  readonly factor: number;
  /** When the factor moved last. null: it never did. */
  readonly since: Date | null;
  /** Results of trades that followed the advice so far; up to 60 the factor is 1. */
  readonly results: number;
  /** Root mean square of the newest of them, in the unit of pnl. */
  readonly recentSpread: number;
  /** Root mean square of all of them, in the unit of pnl. */
  readonly usualSpread: number;
  /** Share of a single result in the square of `recentSpread`, 0 to 1. */
  readonly recentLargestShare: number;
  /** Share of a single result in the square of `usualSpread`, 0 to 1. Near 1 the guard hardly notices the others. */
  readonly usualLargestShare: number;
}

/** What the memory advises, whole: no earlier feedback is needed to read it. */
export interface Feedback {
  /** Position in the feedback log of `epoch`; 0: nothing was published yet. */
  readonly revision: number;
  /** Name of the feedback log that `revision` counts in. Empty: not known yet. */
  readonly epoch: string;
  /** Whether the values may be acted upon, as far as the server knew when it sent them. See `safeAt`. */
  readonly status: FeedbackStatus;
  /** The regime with the highest mean pnl, upper case; "UNKNOWN" when there is none. */
  readonly preferredRegime: string;
  /** The policy advised for `preferredRegime`. An unknown one reads as CONSERVATIVE. */
  readonly updatedPolicy: Policy;
  /** How well the preferred regime has paid, from 0 (badly) over 0.5 (neutral) to 1 (well). */
  readonly confidenceBoost: number;
  /** Advised leverage as a multiple of the base position. */
  readonly leverageHint: number;
  /** The figures of `preferredRegime`. null while warming up. */
  readonly regimePerformance: RegimePerformance | null;
  /** The regime of the newest regime observation, upper case; "UNKNOWN" when there is none. */
  readonly currentRegime: string;
  /** When this feedback was computed. null when nothing was computed yet. */
  readonly timestamp: Date | null;
  /** Time of the newest input entry that the last successful sync had seen. null when there is none. */
  readonly dataAsOf: Date | null;
  /** Until when the values may be acted upon, as known when this was sent; later heartbeats move it on. */
  readonly validUntil: Date | null;
  /** Version of the rules that produced the values, for example "1.0.0". */
  readonly version: string;
  /** Why the values are what they are, in the order in which the rules were applied. */
  readonly reasons: readonly Reason[];
  /** The policy with the highest mean realised pnl in `preferredRegime`. null: too few trades to tell. */
  readonly bestPolicy: Policy | null;
  /** Which rules gave the advice. null: rules that this library does not know. */
  readonly rules: Rules | null;
  /** What these rules advise for `currentRegime`. null: nothing is known of it. */
  readonly current: RegimeAdvice | null;
  /** What all trades so far say about `currentRegime`, whichever rules are in charge. null before there is any. */
  readonly evidence: Evidence | null;
  /** Name of the cap that lowered `leverageHint`. null: none did. */
  readonly leverageBoundBy: string | null;
  /** Limits on leverage in force, lowest first: leverage is never above one of them, whatever the status. */
  readonly leverageCaps: readonly LeverageCap[];
  /** What an operator allows at most, or has set. null: nothing. */
  readonly override: Override | null;
  /** Which revision an operator holds. null: none. */
  readonly freeze: Freeze | null;
  /** How the drawdown guard stands, which has multiplied every leverage above. null: it is off. */
  readonly guard: DrawdownGuard | null;
  /** Revisions of the same epoch that a stream passed over right before this one. 0 outside of streams. */
  readonly skippedRevisions: number;
  /** Whether a stream came to this feedback from another epoch: history was lost in between. */
  readonly epochChanged: boolean;
  /** When the server sent it, by the server's clock. null: by a server that does not tell. */
  readonly sentAt: Date | null;
}

/** Sign of life of a stream, and the validity of what it last sent. */
export interface Heartbeat {
  /** Newest revision of the log when this heartbeat was sent. */
  readonly revision: number;
  /** Name of the feedback log that `revision` counts in. */
  readonly epoch: string;
  /** Status of the feedback in force when the heartbeat was sent. */
  readonly status: FeedbackStatus;
  /** Time of the newest input entry that the last successful sync had seen. null when there is none. */
  readonly dataAsOf: Date | null;
  /** Until when the feedback in force may be acted upon. null when nothing was published yet. */
  readonly validUntil: Date | null;
  /** When the heartbeat was sent, by the server's clock. */
  readonly timestamp: Date | null;
  /** Limits on leverage in force when the heartbeat was sent, lowest first. */
  readonly leverageCaps: readonly LeverageCap[];
}

/** The feedback of whoever has heard nothing yet. */
export const WARMING_UP: Feedback = frozen({
  revision: 0,
  epoch: "",
  status: "WARMING_UP",
  preferredRegime: UNKNOWN_REGIME,
  updatedPolicy: "CONSERVATIVE",
  confidenceBoost: 0,
  leverageHint: SAFE_LEVERAGE,
  regimePerformance: null,
  currentRegime: UNKNOWN_REGIME,
  timestamp: null,
  dataAsOf: null,
  validUntil: null,
  version: "",
  reasons: [],
  bestPolicy: null,
  rules: "REFERENCE",
  current: null,
  evidence: null,
  leverageBoundBy: null,
  leverageCaps: [],
  override: null,
  freeze: null,
  guard: null,
  skippedRevisions: 0,
  epochChanged: false,
  sentAt: null,
} satisfies Feedback);

/** Tell whether `updatedPolicy` is a probe: that of the current regime, where that is the preferred one. */
export function isProbe({ current, preferredRegime }: Feedback): boolean {
  return current !== null && current.isProbe && current.regime === preferredRegime;
}

/** Tell whether an operator has a hand in the feedback. */
export function isOverridden(feedback: Feedback): boolean {
  return feedback.override !== null || feedback.freeze !== null;
}

/** Return a value that nobody can change any more, nor anything in it. */
export function frozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (!(value instanceof Date)) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}
