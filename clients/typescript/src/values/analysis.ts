/** What a program asks an analysis for. */

import type { Analysis } from "../generated/strategic_memory/v1/analysis_pb.js";
import type { Feedback, Policy, Rules } from "./feedback.js";

/** A column of values, oldest first. */
type Column<Value> = readonly Value[] | ArrayLike<Value>;

/** A moment: a Date, or milliseconds since 1970-01-01 UTC. */
type Moment = Date | number;

/** What the regime detector saw. A column is left out or as long as `regime`. */
export interface RegimeColumns {
  /** Regime names; compared upper-cased and stripped. */
  readonly regime: Column<string>;
  /** Pnl, in one unit throughout; null: it tells the regime and counts in no figure. */
  readonly pnl?: Column<number | null>;
  /** Volatility; null: not known. */
  readonly volatility?: Column<number | null>;
  /** Trend; null: not known. */
  readonly trend?: Column<number | null>;
  /** The detector's confidence, 0 to 1; null: not known. */
  readonly confidence?: Column<number | null>;
  /** Time of each, never decreasing. Left out: the order alone is known. */
  readonly timeMs?: Column<Moment>;
}

/** What the portfolio earned. A column is left out or as long as `pnl`. */
export interface PortfolioColumns {
  /** Regime names; null takes the regime observed at its opening. */
  readonly regime?: Column<string | null>;
  /** Pnl of each entry. */
  readonly pnl: Column<number>;
  /** Time of each, never decreasing: the close. Left out: no regime can be inferred. */
  readonly timeMs?: Column<Moment>;
  /** When each was opened; null: not known. */
  readonly openedAt?: Column<Moment | null>;
}

/** How trades ended. A column is left out or as long as `realizedPnl`. */
export interface TradeColumns {
  /** Regime the trade was opened in; null takes the regime observed then. */
  readonly marketRegime?: Column<string | null>;
  /** Realised pnl of each trade. */
  readonly realizedPnl: Column<number>;
  /** Policy in force; null: not known. */
  readonly policy?: Column<Policy | null>;
  /** Name of the strategy that traded; null: not known. */
  readonly strategy?: Column<string | null>;
  /** Time of each, never decreasing: the close. Left out: no regime can be inferred. */
  readonly timeMs?: Column<Moment>;
  /** When each was opened; null: not known. */
  readonly openedAt?: Column<Moment | null>;
}

/** Observations sent with the request instead of the stored memory, by column, oldest first. */
export interface InlineMemory {
  readonly regimeObservations?: RegimeColumns;
  readonly portfolioEntries?: PortfolioColumns;
  readonly tradeResults?: TradeColumns;
  /** Upper bound on leverage. Left out: no bound. */
  readonly maxLeverageHint?: number;
}

/** One row of the policy table. */
export interface PolicyRule {
  /** Regime the row is for. Left out: any. */
  readonly regime?: string;
  /** The win rate must be above this, 0 to 1. */
  readonly winRateAbove?: number;
  /** The mean pnl must be above this. */
  readonly avgPnlAbove?: number;
  /** The policy that the row gives. */
  readonly policy: Policy;
}

/** How evidence is weighed, and how much of it is needed; what is left out is as the service is configured. */
export interface EvidenceSettings {
  /** Trades of a regime after which an earlier one of it counts half. */
  readonly halfLifeTrades?: number;
  /** Probability of beating CONSERVATIVE at which another policy is recommended, at least 0.5 and below 1. */
  readonly requiredProbability?: number;
  /** Weight of the trades that a policy needs in the regime before it is recommended. */
  readonly minimumTrades?: number;
  /** What a unit of variance costs, relative to the spread of pnl. */
  readonly riskAversion?: number;
  /** Whether to look for change: means rest on what a regime earned since it probably last changed. */
  readonly change?: boolean;
}

/** Settings of one analysis; what is left out is as the service is configured. */
export interface AnalysisSettings {
  /** Newest regime observations to use. */
  readonly regimeWindow?: number;
  /** Newest portfolio entries to use. */
  readonly portfolioWindow?: number;
  /** Newest trade results to use. */
  readonly tradeWindow?: number;
  /** Entries needed in all before there is a feedback. */
  readonly minimumSamples?: number;
  /** Trades a policy needs in a regime before it can be the best one. */
  readonly minimumPolicyTrades?: number;
  /** Rules that choose the policy, first match first. */
  readonly policyRules?: readonly PolicyRule[];
  /** Rules to be in charge of the feedback. */
  readonly rules?: Rules;
  /** Answer as of this moment. */
  readonly asOf?: Date;
  /** Leave out entries that are older than this, in milliseconds. */
  readonly maxAgeMs?: number;
  /** How evidence is weighed. */
  readonly evidence?: EvidenceSettings;
  /** Newest revisions of the feedback log to judge by the trades of the window. */
  readonly pastRevisions?: number;
  /** Trade results through which more risk has to be asked for before it is followed; of the stored memory as it is now. */
  readonly hysteresisResults?: number;
  /** The same in seconds. Of the two, whichever passes first. */
  readonly hysteresisSeconds?: number;
}

/** The answer to an analysis. */
export interface AnalysisResult {
  /** What was worked out, as the message of the wire. */
  readonly analysis: Analysis;
  /** The feedback that follows from it; its revision is 0, since nothing is published. */
  readonly feedback: Feedback;
}
