/** Reads the advice of Strategic Memory Sync. */

export {
  type AnalyzeOptions,
  type CallOptions,
  type FollowOptions,
  StrategicMemoryClient,
} from "./client.js";
export type { Analysis } from "./generated/strategic_memory/v1/analysis_pb.js";
export type { Delivery } from "./streams/subscription.js";
export type {
  AnalysisResult,
  AnalysisSettings,
  EvidenceSettings,
  InlineMemory,
  PolicyRule,
  PortfolioColumns,
  RegimeColumns,
  TradeColumns,
} from "./values/analysis.js";
export * from "./values/errors.js";
export type * from "./values/events.js";
export {
  type Comparison,
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
  SAFE_LEVERAGE,
  UNKNOWN_REGIME,
  WARMING_UP,
  isOverridden,
  isProbe,
} from "./values/feedback.js";
export { asStale, safeAt } from "./values/safe_values.js";
export type { Connection, ConnectionSettings, Dial } from "./transports/connection.js";
export { type Backoff, type ClientOptions, DEFAULT_ADDRESS, type TlsOptions } from "./values/options.js";
