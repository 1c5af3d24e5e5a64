/** What happens to a subscription, as plain values. */

import type { StrategicMemoryError } from "./errors.js";
import type { Feedback, Heartbeat } from "./feedback.js";

/** A place in a feedback log: what comes after it is what a resumed subscription starts with. */
export interface ResumePoint {
  /** The last revision that is known already. */
  readonly revision: number;
  /** Epoch in which the revision counts. Left out or empty: whatever the log's epoch is. */
  readonly epoch?: string;
}

/** A feedback that was not handed out before. */
export interface FeedbackReceived {
  readonly type: "feedback";
  readonly feedback: Feedback;
}

/** Nothing new, but the stream is alive. */
export interface HeartbeatReceived {
  readonly type: "heartbeat";
  readonly heartbeat: Heartbeat;
}

/** History was lost: revisions now count in another log. The feedback in force there comes right after. */
export interface EpochChanged {
  readonly type: "epochChanged";
  readonly oldEpoch: string;
  /** Last revision known of the old epoch. */
  readonly oldRevision: number;
  readonly newEpoch: string;
  /** Revision of the feedback that comes right after. */
  readonly newRevision: number;
}

/** A stream ended; the subscription goes on at the next address, afresh after a `ResumePointError`. */
export interface Disconnected {
  readonly type: "disconnected";
  /** Address of the server that was lost. */
  readonly address: string;
  /** Why. */
  readonly error: StrategicMemoryError;
  /** Milliseconds until the next attempt. */
  readonly retryInMs: number;
}

/** Everything that can happen to a subscription. */
export type SubscriptionEvent = FeedbackReceived | HeartbeatReceived | EpochChanged | Disconnected;
