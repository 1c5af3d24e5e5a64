/** The client. */

import { create } from "@bufbuild/protobuf";
import { GetFeedbackRequestSchema, StrategicMemoryService } from "./generated/strategic_memory/v1/service_pb.js";
import { Follower } from "./follower.js";
import { type Delivery, Subscription, type SubscriptionSettings } from "./streams/subscription.js";
import { Connections } from "./transports/connections.js";
import { subscriptionEvents } from "./transports/driver.js";
import { dialGrpcJs } from "./transports/grpc_js.js";
import type { AnalysisResult, AnalysisSettings, InlineMemory } from "./values/analysis.js";
import type { ResumePoint, SubscriptionEvent } from "./values/events.js";
import { type Feedback, frozen } from "./values/feedback.js";
import { LONGEST_MS, checkedAbove0, checkedAddresses, checkedKeys, checkedWhole } from "./values/option_checks.js";
import { type ClientOptions, DEFAULT_ADDRESS, type Settings, checkedHeartbeatInterval, requirePrivate, settingsOf } from "./values/options.js";
import { requirePortfolio, requireWithinContract } from "./wire/contract_bounds.js";
import { answerFromWire, feedbackFromWire, type Warn } from "./wire/from_wire.js";
import { analyzeRequest } from "./wire/requests.js";

/** Share of the interval by which a heartbeat may be heard later than it was due. */
const HEARTBEAT_JITTER = 0.1;

/** Heartbeats that are asked for more often come this often. */
const LEAST_SILENCE_MS = 1_000;

/** What a subscription is for; each may be left out. */
export interface FollowOptions {
  /** Where to go on. Left out: start with the feedback in force. */
  readonly resumeAfter?: ResumePoint;
  /** Whether the feedback of `resumeAfter` itself comes first where nothing came after it, as a program wants it that
   * was started again (false). */
  readonly sendCurrent?: boolean;
  /** "LATEST" (default): the newest, when you are slow. "EVERY": every revision, or an error. */
  readonly delivery?: Delivery;
  /** Longest silence to allow the server, instead of the client's option. */
  readonly heartbeatIntervalMs?: number;
  /** Time without any server after which the last error is thrown. Left out: never. */
  readonly giveUpAfterMs?: number;
  /** Ends the iteration without an error once it is aborted. */
  readonly signal?: AbortSignal;
}

/** How long one call may take, over all servers together. */
export interface CallOptions {
  /** Left out: the client's option. */
  readonly timeoutMs?: number;
}

/** What to analyse, under which settings. */
export interface AnalyzeOptions extends CallOptions {
  /** Observations of one's own. Left out: the memory that the service keeps. */
  readonly memory?: InlineMemory;
  readonly settings?: AnalysisSettings;
}

/** Reads advice from the service. Close it when done; it connects when it is used. */
export class StrategicMemoryClient {
  readonly #addresses: readonly string[];
  readonly #settings: Settings;
  readonly #connections: Connections;
  readonly #follower: Follower;
  readonly #warn: Warn;

  /**
   * Take one `host:port`, or several servers of the same service to be tried in turn.
   *
   * Throws RangeError for what cannot work, or where a token would travel in the open; Error when a file of the options
   * cannot be read.
   */
  constructor(address: string | readonly string[] = DEFAULT_ADDRESS, options: ClientOptions = {}) {
    this.#addresses = checkedAddresses(address);
    this.#settings = settingsOf(options, dialGrpcJs);
    requirePrivate(this.#addresses, this.#settings);
    this.#warn = safely(this.#settings.warn);
    this.#connections = new Connections(this.#addresses, this.#settings);
    this.#follower = new Follower(
      this.#subscriptionSettings({ retryRefusals: true, alwaysAfresh: true }),
      this.#connections,
      silenceTimeoutMs(this.#settings, this.#settings.heartbeatIntervalMs),
      this.#settings.timeoutMs,
      this.#warn,
    );
  }

  /**
   * What may be acted upon now, after `keepNewest()`: never waits, never throws.
   *
   * WARMING_UP until something arrived; STALE with the safe values once its validity is over, the server was silent
   * for too long, or the client was closed.
   */
  get newest(): Feedback {
    return this.#follower.newest;
  }

  /** Keep `newest` up to date from now on. Any number of times. Throws ClientClosedError. */
  keepNewest(): void {
    this.#follower.start();
  }

  /** Return `newest` once something arrived, the client is closed, or the timeout is over; calls `keepNewest()`. */
  async waitForNewest(options: CallOptions = {}): Promise<Feedback> {
    const timeoutMs = this.#timeoutMs("waitForNewest", options);
    this.#follower.start();
    await this.#follower.firstHeard(timeoutMs);
    return this.newest;
  }

  /** Return the feedback in force. Rejects with StrategicMemoryError. */
  async getFeedback(options: CallOptions = {}): Promise<Feedback> {
    const timeoutMs = this.#timeoutMs("getFeedback", options);
    const { getFeedback } = StrategicMemoryService.method;
    const { portfolio } = this.#settings;
    const request = create(GetFeedbackRequestSchema, { portfolio });
    return this.#connections.call(getFeedback, request, timeoutMs, (answer, address) =>
      answerFromWire(answer, address, this.#warn, portfolio),
    );
  }

  /** Return what the service's memory, or one's own, says under settings. Publishes nothing. */
  async analyze(options: AnalyzeOptions = {}): Promise<AnalysisResult> {
    const timeoutMs = this.#timeoutMs("analyze", options, "memory", "settings");
    const { memory, settings } = options;
    const { portfolio } = this.#settings;
    const request = analyzeRequest(memory, settings, portfolio);
    const { analyze } = StrategicMemoryService.method;
    return this.#connections.call(analyze, request, timeoutMs, (answer, address) => {
      requirePortfolio(answer.portfolio, portfolio, address);
      const feedback = feedbackFromWire(requireWithinContract(answer.feedback, address), this.#warn);
      return { analysis: answer.analysis!, feedback };
    });
  }

  /**
   * Yield the feedback as it changes, each revision once, across restarts of the service.
   *
   * Starts with the feedback in force, or with what came after `resumeAfter`. Its `skippedRevisions` and
   * `epochChanged` say what is missing before it; with "EVERY" nothing may be missing, and ResumePointError or
   * RevisionGapError is thrown instead. Ends when the client is closed. Throws RangeError or ClientClosedError at once.
   */
  follow(options: FollowOptions = {}): AsyncGenerator<Feedback, void, undefined> {
    return feedbackOf(this.followEvents(options));
  }

  /** Yield everything that happens to a subscription; as `follow` in all else. */
  followEvents(options: FollowOptions = {}): AsyncGenerator<SubscriptionEvent, void, undefined> {
    this.#connections.requireOpen();
    const settings = this.#followingSettings(options);
    return subscriptionEvents(
      new Subscription(settings, Math.random),
      this.#connections,
      silenceTimeoutMs(this.#settings, settings.heartbeatIntervalMs),
      options.signal,
      this.#warn,
    );
  }

  /** End everything that is under way, and disconnect. Any number of times. */
  close(): void {
    this.#connections.close();
    this.#follower.end();
  }

  /** Close it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #followingSettings(options: FollowOptions): SubscriptionSettings {
    checkedKeys("follow", options, ["resumeAfter", "sendCurrent", "delivery", "heartbeatIntervalMs", "giveUpAfterMs", "signal"]);
    const { resumeAfter, sendCurrent, delivery, heartbeatIntervalMs, giveUpAfterMs, signal } = options;
    if (signal !== undefined && typeof signal?.addEventListener !== "function") {
      throw new RangeError(`signal must be an AbortSignal, is ${String(signal)}`);
    }
    if (resumeAfter !== undefined) {
      checkedKeys("resumeAfter", resumeAfter, ["revision", "epoch"]);
      checkedWhole("resumeAfter.revision", resumeAfter.revision, 0, Number.MAX_SAFE_INTEGER);
      if (typeof (resumeAfter.epoch ?? "") !== "string") throw new RangeError("resumeAfter.epoch must be a text");
    }
    if (sendCurrent !== undefined && typeof sendCurrent !== "boolean") {
      throw new RangeError(`sendCurrent must be true or false, is ${String(sendCurrent)}`);
    }
    if (delivery !== undefined && delivery !== "LATEST" && delivery !== "EVERY") {
      throw new RangeError(`delivery must be "LATEST" or "EVERY", is ${String(delivery)}`);
    }
    return this.#subscriptionSettings({
      ...(resumeAfter === undefined ? {} : { resumeAfter: frozen({ ...resumeAfter }) }),
      ...(sendCurrent === undefined ? {} : { sendCurrent }),
      ...(delivery === undefined ? {} : { delivery }),
      ...(heartbeatIntervalMs === undefined ? {} : { heartbeatIntervalMs: checkedHeartbeatInterval(heartbeatIntervalMs) }),
      ...(giveUpAfterMs === undefined ? {} : { giveUpAfterMs: checkedAbove0("giveUpAfterMs", giveUpAfterMs) }),
    });
  }

  #subscriptionSettings(wanted: Partial<SubscriptionSettings>): SubscriptionSettings {
    return {
      addresses: this.#addresses,
      portfolio: this.#settings.portfolio,
      delivery: "LATEST",
      resumeAfter: null,
      sendCurrent: false,
      heartbeatIntervalMs: this.#settings.heartbeatIntervalMs,
      backoff: this.#settings.backoff,
      giveUpAfterMs: null,
      catchUpMs: this.#settings.catchUpMs,
      retryRefusals: false,
      alwaysAfresh: false,
      ...wanted,
    };
  }

  #timeoutMs(method: string, options: CallOptions, ...others: string[]): number {
    checkedKeys(method, options, [...others, "timeoutMs"]);
    const { timeoutMs } = options;
    return timeoutMs === undefined ? this.#settings.timeoutMs : checkedAbove0("timeoutMs", timeoutMs);
  }
}

async function* feedbackOf(events: AsyncIterable<SubscriptionEvent>): AsyncGenerator<Feedback, void, undefined> {
  for await (const event of events) {
    if (event.type === "feedback") yield event.feedback;
  }
}

function silenceTimeoutMs(settings: Settings, heartbeatIntervalMs: number): number {
  const silenceMs = Math.max(heartbeatIntervalMs, LEAST_SILENCE_MS) * (1 + HEARTBEAT_JITTER) * settings.missedHeartbeats;
  return Math.min(silenceMs, LONGEST_MS);
}

/** Return a `warn` that never throws: a fault of the program's log must not end what it tells of. */
function safely(warn: Warn): Warn {
  return (message) => {
    try {
      warn(message);
    } catch {
      // There is nobody left to tell.
    }
  };
}
