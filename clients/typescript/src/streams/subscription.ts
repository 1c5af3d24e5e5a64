/**
 * A subscription that survives restarts, as a state machine: no socket, no clock, no dice.
 *
 * Whoever drives it opens the stream that `connect` describes, hands every message to `received` and the end of the
 * stream to `failed`, waits for as long as that says, and starts over. What comes out are events in which no revision
 * comes twice, none is left out unseen, and a change of epoch is never passed over.
 */

import {
  AccessDeniedError,
  ResourceExhaustedError,
  ResumePointError,
  RevisionGapError,
  ServiceUnavailableError,
  type StrategicMemoryError,
  UnsupportedOperationError,
} from "../values/errors.js";
import type { Disconnected, ResumePoint, SubscriptionEvent } from "../values/events.js";
import { type Feedback, frozen } from "../values/feedback.js";
import type { Backoff } from "../values/options.js";
import type { StreamMessage } from "../wire/from_wire.js";
import { delayMs } from "./backoff.js";
import { type Place, RememberedEpochs, differ } from "./remembered_epochs.js";

/** A server that is full for longer may have room again before it says so. */
const LONGEST_ASKED_WAIT_MS = 60_000;

/** How a stream treats a subscriber that reads more slowly than the feedback changes. */
export type Delivery = "LATEST" | "EVERY";

/** Settings of one subscription. Times are milliseconds. */
export interface SubscriptionSettings {
  /** Servers, tried in turn. */
  readonly addresses: readonly string[];
  /** What it is about. Empty: the default portfolio. */
  readonly portfolio: string;
  readonly delivery: Delivery;
  /** Where to go on. null: start with the feedback in force. */
  readonly resumeAfter: ResumePoint | null;
  /** Whether the feedback in force comes first where nothing came after `resumeAfter`. */
  readonly sendCurrent: boolean;
  readonly heartbeatIntervalMs: number;
  readonly backoff: Backoff;
  /** How long to go without any server before the last error is thrown. null: for ever. */
  readonly giveUpAfterMs: number | null;
  /** How long servers that are behind the resume point are given before it is taken for lost. */
  readonly catchUpMs: number;
  /** Whether to try again even after an error that is not transient. */
  readonly retryRefusals: boolean;
  /** Whether each connection starts with the feedback in force, known already or not. */
  readonly alwaysAfresh: boolean;
}

/** The stream to open next. */
export interface StreamAttempt {
  readonly address: string;
  readonly portfolio: string;
  /** null: start with the feedback in force. */
  readonly resumeAfter: Place | null;
  readonly sendCurrent: boolean;
  readonly delivery: Delivery;
  readonly heartbeatIntervalMs: number;
}

/** The state of one subscription. Times are milliseconds on any clock that never goes back. */
export class Subscription {
  readonly #settings: SubscriptionSettings;
  readonly #random: () => number;
  readonly #handedOut = new RememberedEpochs();
  #position: Place | null;
  #positionWasReceived = false;
  #startAfresh = false;
  #validUntil: Date | null = null;
  #addressIndex = 0;
  #failures = 0;
  #refusalsForBeingBehind = 0;
  #behindSince = 0;
  #isFirstMessage = true;
  #askedToResume = false;
  #connectedAt = 0;
  #outOfReachSince: number | null = null;
  #heardFromServer = false;
  #wasEverHeard = false;
  readonly #askedToWaitUntil = new Map<string, number>();
  readonly #doNotKnowIt = new Set<string>();

  constructor(settings: SubscriptionSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
    const { resumeAfter } = settings;
    this.#position = resumeAfter && { revision: resumeAfter.revision, epoch: resumeAfter.epoch ?? "" };
  }

  /** Address of the server that is connected to now, or next. */
  get address(): string {
    return this.#settings.addresses[this.#addressIndex]!;
  }

  /** Return the stream to open now. */
  connect(now: number): StreamAttempt {
    this.#connectedAt = now;
    this.#outOfReachSince ??= now;
    this.#isFirstMessage = true;
    const { portfolio, delivery, heartbeatIntervalMs, alwaysAfresh } = this.#settings;
    const resumeAfter = this.#startAfresh || alwaysAfresh ? null : this.#position;
    this.#askedToResume = resumeAfter !== null;
    const sendCurrent = this.#lacksCurrent;
    return { address: this.address, portfolio, resumeAfter, sendCurrent, delivery, heartbeatIntervalMs };
  }

  /** Whether the feedback of the resume point itself is wanted, and has yet to come. */
  get #lacksCurrent(): boolean {
    return this.#settings.sendCurrent && this.#handedOut.isEmpty;
  }

  /**
   * Return what a message of the stream means.
   *
   * Throws ResumePointError or RevisionGapError when every revision was asked for and one is missing, and
   * ServiceUnavailableError when the server is behind what is known, and there are others to turn to.
   */
  received(message: StreamMessage): SubscriptionEvent[] {
    this.#heardFromServer = this.#wasEverHeard = true;
    if (this.#askedToResume) this.#refusalsForBeingBehind = 0; // this server is not behind
    if (message === null) return [];
    if (message.type === "feedback") return this.#feedback(message.feedback);
    if (message.heartbeat.epoch === this.#position?.epoch) this.#validUntil = message.heartbeat.validUntil;
    return [message];
  }

  /** Take the end of the stream; return how it goes on. Throws `error` when there is no point in it. */
  failed(error: StrategicMemoryError, now: number): Disconnected {
    if (this.#givesUpOn(error, now)) throw error;
    const { addresses, backoff, giveUpAfterMs } = this.#settings;
    const lost = this.address;
    if (this.#heardFromServer && now - this.#connectedAt >= backoff.maxMs) {
      this.#failures = 0; // a new trouble, not more of the last one
    }
    // A round of all servers takes as long as the delay for one would, so that each is found soon once it is back.
    const round = Math.floor(this.#failures / addresses.length);
    const backoffMs = delayMs(backoff, round, this.#random) / addresses.length;
    this.#failures += 1;
    if (error instanceof ResourceExhaustedError && error.retryAfterMs !== null) {
      // A little more by lot: not all who were refused shall come back at once.
      const waitMs = Math.min(error.retryAfterMs, LONGEST_ASKED_WAIT_MS) * (1 + this.#random() / 4);
      this.#askedToWaitUntil.set(lost, now + waitMs);
    }
    this.#addressIndex = (this.#addressIndex + 1) % addresses.length;
    const retryInMs = Math.max(backoffMs, (this.#askedToWaitUntil.get(this.address) ?? now) - now);
    if (this.#heardFromServer) {
      this.#outOfReachSince = now;
      this.#heardFromServer = false;
    }
    if (giveUpAfterMs !== null && now + retryInMs - (this.#outOfReachSince ?? now) > giveUpAfterMs) throw error;
    return { type: "disconnected", address: lost, error, retryInMs };
  }

  #givesUpOn(error: StrategicMemoryError, now: number): boolean {
    if (error instanceof ResumePointError) return !this.#canGoOnAfter(error, now);
    // What has worked once is refused by a proxy on the way, or for a time: a route that is being changed.
    const refused = error instanceof AccessDeniedError || error instanceof UnsupportedOperationError;
    let mayPass = this.#wasEverHeard && refused;
    if (error instanceof UnsupportedOperationError) {
      // While a service is upgraded, one server does not know yet what another does.
      this.#doNotKnowIt.add(this.address);
      mayPass ||= this.#settings.addresses.some((address) => !this.#doNotKnowIt.has(address));
    }
    return !(error.transient || mayPass || this.#settings.retryRefusals);
  }

  #canGoOnAfter(refusal: ResumePointError, now: number): boolean {
    if (this.#mayCatchUp(refusal, now)) return true;
    if (this.#settings.delivery === "EVERY" && this.#position !== null) return false;
    if (refusal.reason === "REVISION_IN_FUTURE" && !this.#positionWasReceived) {
      this.#position = null; // it was never a place in this log, so nothing can be told from it
    }
    this.#startAfresh = true;
    return true;
  }

  /** Whether the server is merely behind, and there is still time for it, or another one, to be level. */
  #mayCatchUp(refusal: ResumePointError, now: number): boolean {
    // What one replica has sent, another may be about to read: that is no loss yet.
    if (!this.#isBehind(refusal)) return false;
    if (this.#refusalsForBeingBehind === 0) this.#behindSince = now;
    this.#refusalsForBeingBehind += 1;
    const allWereAsked = this.#refusalsForBeingBehind > this.#settings.addresses.length;
    return !allWereAsked || now - this.#behindSince < this.#settings.catchUpMs;
  }

  #isBehind(refusal: ResumePointError): boolean {
    const position = this.#position;
    if (position === null) return false;
    if (refusal.reason === "EPOCH_CHANGED") {
      return refusal.epoch !== position.epoch && this.#handedOut.newest(refusal.epoch) !== null;
    }
    // Without its epoch, a place that was merely given may never have been one of this log.
    const isOfThisLog = this.#positionWasReceived || position.epoch !== "";
    return refusal.reason === "REVISION_IN_FUTURE" && isOfThisLog && !differ(position.epoch, refusal.epoch);
  }

  #feedback(feedback: Feedback): SubscriptionEvent[] {
    const before = this.#position;
    const isFirst = this.#isFirstMessage;
    this.#isFirstMessage = false;
    if (this.#isDouble(feedback, before)) {
      if (isFirst) this.#leaveIfBehind(feedback, before);
      return [];
    }
    const epochChanged = before !== null && differ(before.epoch, feedback.epoch);
    if (this.#settings.delivery === "EVERY") this.#requireNext(feedback, before, epochChanged);
    const skippedRevisions = this.#skipped(feedback, before, epochChanged);
    this.#remember(feedback);
    const received: SubscriptionEvent = {
      type: "feedback",
      feedback: frozen({ ...feedback, skippedRevisions, epochChanged }),
    };
    if (before === null || !epochChanged) return [received];
    const { revision: newRevision, epoch: newEpoch } = feedback;
    return [{ type: "epochChanged", oldEpoch: before.epoch, oldRevision: before.revision, newEpoch, newRevision }, received];
  }

  #skipped(feedback: Feedback, before: Place | null, epochChanged: boolean): number {
    if (before === null || epochChanged || !feedback.epoch) return feedback.skippedRevisions;
    // Nothing was published yet. Where the first revision of an epoch is, the server alone knows.
    if (before.revision === 0 && !this.#startAfresh) return feedback.skippedRevisions;
    return Math.max(0, feedback.revision - before.revision - 1);
  }

  /** Throw ServiceUnavailableError for a server that starts with what is long known, if there are others. */
  #leaveIfBehind(feedback: Feedback, before: Place | null): void {
    const isUnread = before !== null && before.epoch !== "" && feedback.epoch === "";
    const isLeft = before !== null && differ(before.epoch, feedback.epoch);
    const isOlder = feedback.revision < (this.#handedOut.newest(feedback.epoch) ?? -1);
    if (this.#settings.addresses.length > 1 && (isUnread || isLeft || isOlder)) {
      throw new ServiceUnavailableError(
        `the service at ${this.address} is behind: it is at revision ${feedback.revision} of ` +
          `${feedback.epoch || "no epoch yet"}; look whether it reaches Redis`,
        { reason: "BEHIND", address: this.address },
      );
    }
  }

  #isDouble(feedback: Feedback, before: Place | null): boolean {
    // A replica that lags behind may lead back into an epoch that was left: nothing of it may come again.
    let newestKnown = this.#handedOut.newest(feedback.epoch) ?? -1;
    if (before !== null && !differ(before.epoch, feedback.epoch)) {
      newestKnown = Math.max(newestKnown, this.#lacksCurrent ? before.revision - 1 : before.revision);
    }
    if (this.#settings.alwaysAfresh && !this.#isOfThePast(feedback, before)) return feedback.revision < newestKnown;
    return feedback.revision <= newestKnown;
  }

  /** Whether an epoch that was left is vouched for by a server that has seen no later sync. */
  #isOfThePast(feedback: Feedback, before: Place | null): boolean {
    if (before === null || !differ(before.epoch, feedback.epoch)) return false;
    const isLater = (feedback.validUntil?.getTime() ?? -Infinity) > (this.#validUntil?.getTime() ?? -Infinity);
    return !isLater;
  }

  #requireNext(feedback: Feedback, before: Place | null, epochChanged: boolean): void {
    // Where nothing was published before, the server alone knows where the first revision of an epoch is.
    if (before === null || before.revision === 0) return;
    const from = { address: this.address };
    if (epochChanged) {
      throw new ResumePointError(
        `the epoch changed from ${before.epoch} to ${feedback.epoch} in the middle of a stream: what came after ` +
          `revision ${before.revision} is lost; start without a resume point`,
        { oldest: null, current: feedback.revision, epoch: feedback.epoch },
        { reason: "EPOCH_CHANGED", ...from },
      );
    }
    if (feedback.revision === before.revision) return; // the feedback of the resume point itself, which was asked for
    const expected = before.revision + 1;
    if (feedback.revision !== expected) {
      throw new RevisionGapError(
        `revision ${expected} should have come from ${this.address}, but ${feedback.revision} came: resume after ` +
          `${before.revision}, and look into that server's log`,
        expected,
        feedback.revision,
        from,
      );
    }
  }

  #remember(feedback: Feedback): void {
    this.#handedOut.remember(feedback.epoch, feedback.revision);
    if (feedback.epoch !== "") {
      // Without an epoch, a revision is no place to resume from.
      this.#position = { revision: feedback.revision, epoch: feedback.epoch };
      this.#positionWasReceived = true;
    }
    this.#startAfresh = false;
    this.#refusalsForBeingBehind = 0;
    this.#validUntil = feedback.validUntil;
  }
}
