/** The newest feedback, ready to be read at any time. */

import { type Moment, before } from "../arrivals.js";
import type { SubscriptionEvent } from "../values/events.js";
import { type Feedback, type Heartbeat, type LeverageCap, SAFE_LEVERAGE, WARMING_UP, frozen } from "../values/feedback.js";
import { asSafe, asStale, safeLeverage } from "../values/safe_values.js";
import { RememberedEpochs } from "./remembered_epochs.js";
import { msLeft } from "./validity.js";

/** The clocks that count. */
export interface Clocks {
  readonly now: () => Moment;
  /** For how many milliseconds what is heard now can have waited unread. */
  readonly waitedMs: (now: Moment) => number;
}

/** Keeps what was heard, and answers with it for as long as it holds, then with the safe values. */
export class NewestFeedback {
  readonly #silenceTimeoutMs: number;
  readonly #clocks: Clocks;
  readonly #leftEpochs = new RememberedEpochs();
  #received: Feedback = WARMING_UP;
  /** Those in force while what was received is withheld. */
  #capsMeanwhile: readonly LeverageCap[] | null = null;
  #heardAt = -Infinity;
  #advised: Feedback = WARMING_UP;
  #safe: Feedback = WARMING_UP;
  #goodUntilSteady = -Infinity;
  #goodUntilWall = -Infinity;

  /** Take the server for gone after `silenceTimeoutMs` without a message. */
  constructor(silenceTimeoutMs: number, clocks: Clocks) {
    this.#silenceTimeoutMs = silenceTimeoutMs;
    this.#clocks = clocks;
  }

  /** What may be acted upon now. */
  get value(): Feedback {
    const { steady, wall } = this.#clocks.now();
    const isGood = wall < this.#goodUntilWall && steady < this.#goodUntilSteady;
    return isGood ? this.#advised : this.#safe;
  }

  /** Whether nothing was received yet. */
  get isWarmingUp(): boolean {
    return this.#received === WARMING_UP;
  }

  /** Take an event that is heard now; tell whether the feedback in force has yet to be fetched. */
  take(event: SubscriptionEvent): boolean {
    const now = this.#clocks.now();
    // All counts from this one reading: should the process stand still before the next line, that prolongs nothing.
    const came = before(now, this.#clocks.waitedMs(now));
    switch (event.type) {
      case "feedback":
        this.feedback(event.feedback, came);
        return false;
      case "heartbeat":
        return this.#heartbeat(event.heartbeat, came);
      case "disconnected":
        if (now.steady - this.#heardAt >= this.#silenceTimeoutMs) this.expire();
        return false;
      case "epochChanged":
        return false; // the feedback in force there comes right after
    }
  }

  /** Take a feedback that came then at the earliest, unless a replica that lags behind sent it. */
  feedback(feedback: Feedback, came: Moment): void {
    const known = this.#received;
    if (this.#isBehind(feedback)) return;
    this.#heardAt = came.steady;
    const isKnown = feedback.epoch === known.epoch && feedback.revision === known.revision;
    if (isKnown && feedback.status === "STALE" && known.status === "ACTIVE") {
      // The same feedback with its values withheld: what it said is kept for when it is confirmed.
      this.#capsMeanwhile = feedback.leverageCaps;
      this.expire();
      return;
    }
    this.#enter(feedback.epoch);
    this.#received = feedback;
    this.#hold(msLeft(feedback.validUntil, feedback.sentAt, feedback.timestamp, came.wall), came);
  }

  /** Answer with the safe values from now on, until a feedback or a heartbeat says otherwise. */
  expire(): void {
    const leverageCaps = this.#capsMeanwhile ?? this.#received.leverageCaps;
    this.#safe = this.#advised = this.isWarmingUp ? this.#received : asStale({ ...this.#received, leverageCaps });
    this.#goodUntilSteady = this.#goodUntilWall = -Infinity;
  }

  #heartbeat(heartbeat: Heartbeat, came: Moment): boolean {
    this.#heardAt = came.steady;
    const known = this.#received;
    const isAboutKnown = heartbeat.epoch === known.epoch && heartbeat.revision === known.revision;
    // Of a log that has not begun as much was said as of one that has, and in which nothing stands yet.
    const isOfNothing = known.epoch === "" && known.status === "WARMING_UP";
    if ((isAboutKnown || isOfNothing) && heartbeat.status === known.status) {
      const { epoch, revision } = heartbeat;
      this.#received = { ...confirmed(known, heartbeat), epoch, revision };
      this.#hold(msLeft(heartbeat.validUntil, heartbeat.timestamp, heartbeat.timestamp, came.wall), came);
      return false;
    }
    if (heartbeat.status !== "ACTIVE") {
      if (!this.isWarmingUp && !this.#isBehind(heartbeat)) {
        // What is withheld meanwhile is bound by the caps that are in force now.
        this.#capsMeanwhile = heartbeat.leverageCaps;
      }
      this.expire();
      return false;
    }
    // Either something newer is in force, or the safe values had come in place of what is in force again.
    // A replica that lags behind vouches for less than what is known: nothing to fetch from that.
    return !this.#isBehind(heartbeat);
  }

  /** Whether a replica says this that knows less than what is known here already. */
  #isBehind(said: Feedback | Heartbeat): boolean {
    const known = this.#received;
    if (said.epoch === known.epoch) return said.revision < known.revision;
    if (said.epoch === "") return true; // it has not read the log yet
    // Each sync moves the validity on: who still vouches for an epoch that was left has seen no later one.
    const isNoLater = (said.validUntil?.getTime() ?? -Infinity) <= (known.validUntil?.getTime() ?? -Infinity);
    return this.#leftEpochs.newest(said.epoch) !== null && isNoLater;
  }

  #enter(epoch: string): void {
    if (epoch === this.#received.epoch) return;
    this.#leftEpochs.remember(this.#received.epoch, this.#received.revision);
    this.#leftEpochs.forget(epoch);
  }

  #hold(validityLeftMs: number, came: Moment): void {
    this.#capsMeanwhile = null;
    const feedback = this.#received;
    const isActive = feedback.status === "ACTIVE";
    const goodForMs = isActive ? Math.min(this.#silenceTimeoutMs, validityLeftMs) : this.#silenceTimeoutMs;
    this.#advised = feedback;
    this.#safe = asStale(feedback);
    this.#goodUntilSteady = came.steady + goodForMs;
    this.#goodUntilWall = came.wall + goodForMs;
  }
}

/** Return the feedback as the heartbeat confirms it. Unless it is ACTIVE, a cap changes without a revision. */
function confirmed(known: Feedback, heartbeat: Heartbeat): Feedback {
  const { validUntil, dataAsOf, leverageCaps } = heartbeat;
  const moved = { ...known, validUntil, dataAsOf };
  if (known.status === "ACTIVE") return frozen(moved);
  if (known.status === "STALE") return asSafe({ ...moved, leverageCaps });
  const leverageHint = safeLeverage(SAFE_LEVERAGE, leverageCaps);
  const leverageBoundBy = leverageHint < SAFE_LEVERAGE ? (leverageCaps[0]?.source ?? null) : null;
  return frozen({ ...moved, leverageHint, leverageBoundBy, leverageCaps });
}
