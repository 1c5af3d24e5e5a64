/** Messages of the wire and values for tests. */

import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  FeedbackSchema,
  FeedbackStatus,
  HeartbeatSchema,
  Policy,
} from "../src/generated/strategic_memory/v1/feedback_pb.js";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Feedback, Heartbeat } from "../src/index.js";
import { frozen } from "../src/values/feedback.js";
import { feedbackFromWire, heartbeatFromWire } from "../src/wire/from_wire.js";

/** The moment at which made-up messages were sent, by the server's clock. */
export const SENT = Date.UTC(2026, 0, 5, 9, 30);

export function at(afterMs: number): Timestamp {
  return timestampFromMs(SENT + afterMs);
}

export function wireFeedback(init: MessageInitShape<typeof FeedbackSchema> = {}) {
  return create(FeedbackSchema, {
    revision: 7n,
    epoch: "one",
    status: FeedbackStatus.ACTIVE,
    preferredRegime: "BULL",
    updatedPolicy: Policy.AGGRESSIVE,
    confidenceBoost: 0.8,
    leverageHint: 1.6,
    currentRegime: "BULL",
    timestamp: at(-1_000),
    validUntil: at(30_000),
    ...init,
  });
}

export function feedback(revision = 7, epoch = "one", more: Partial<Feedback> = {}): Feedback {
  const made = feedbackFromWire(wireFeedback({ revision: BigInt(revision), epoch }));
  return frozen({ ...made, sentAt: new Date(SENT), ...more });
}

export function heartbeat(revision = 7, epoch = "one", more: Partial<Heartbeat> = {}): Heartbeat {
  const said = { revision: BigInt(revision), epoch, status: FeedbackStatus.ACTIVE, timestamp: at(0), validUntil: at(30_000) };
  return frozen({ ...heartbeatFromWire(create(HeartbeatSchema, said)), ...more });
}
