/** Keeps the newest feedback up to date. */

import { setMaxListeners } from "node:events";
import { create } from "@bufbuild/protobuf";
import { GetFeedbackRequestSchema, StrategicMemoryService } from "./generated/strategic_memory/v1/service_pb.js";
import { Arrivals, before, moment, passedMs, toBeReadMs } from "./arrivals.js";
import { delayMs } from "./streams/backoff.js";
import { NewestFeedback } from "./streams/newest.js";
import { Subscription, type SubscriptionSettings } from "./streams/subscription.js";
import type { Connections } from "./transports/connections.js";
import { pause, subscriptionEvents } from "./transports/driver.js";
import { StrategicMemoryError } from "./values/errors.js";
import type { Feedback } from "./values/feedback.js";
import { answerFromWire, type Warn } from "./wire/from_wire.js";

/** Follows the service until its connections are closed; it never gives up. Times are milliseconds. */
export class Follower {
  readonly #settings: SubscriptionSettings;
  readonly #connections: Connections;
  readonly #silenceTimeoutMs: number;
  readonly #fetchTimeoutMs: number;
  readonly #warn: Warn;
  readonly #newest: NewestFeedback;
  readonly #arrivals = new Arrivals();
  readonly #heard = new AbortController();
  #isStarted = false;
  #isToldOfEnd = false;

  constructor(
    settings: SubscriptionSettings,
    connections: Connections,
    silenceTimeoutMs: number,
    fetchTimeoutMs: number,
    warn: Warn,
  ) {
    this.#settings = settings;
    this.#connections = connections;
    this.#silenceTimeoutMs = silenceTimeoutMs;
    this.#fetchTimeoutMs = fetchTimeoutMs;
    this.#warn = warn;
    setMaxListeners(0, this.#heard.signal);
    this.#newest = new NewestFeedback(silenceTimeoutMs, {
      now: moment,
      waitedMs: (now) => this.#arrivals.waitedMs(now),
    });
  }

  /** What may be acted upon now. */
  get newest(): Feedback {
    if (this.#isStarted && this.#connections.closing.aborted && !this.#isToldOfEnd) {
      this.#isToldOfEnd = true;
      this.#warn("`newest` gives the safe values and will not change: the client was closed");
    }
    return this.#newest.value;
  }

  /** Follow from now on. Any number of times. Throws ClientClosedError. */
  start(): void {
    this.#connections.requireOpen();
    if (!this.#isStarted) void this.#run();
    this.#isStarted = true;
  }

  /** Take that the connections are closed: nothing will come any more. */
  end(): void {
    this.#newest.expire();
    this.#arrivals.end();
    this.#heard.abort();
  }

  /** Wait until a feedback came, or none can come any more, at most so long. */
  async firstHeard(timeoutMs: number): Promise<void> {
    const begun = moment();
    await pause(timeoutMs, this.#heard.signal);
    await pause(toBeReadMs(begun, timeoutMs), this.#heard.signal);
  }

  async #run(): Promise<void> {
    const { closing } = this.#connections;
    for (let faults = 0; !closing.aborted; faults += 1) {
      try {
        await this.#follow(closing);
      } catch (fault) {
        // Whatever it is: safe values, and again. Whoever reads `newest` counts on it to come back.
        this.#newest.expire();
        this.#warn(`following failed by a fault of the program, and is started again: ${String(fault)}`);
        await pause(delayMs(this.#settings.backoff, faults, Math.random), closing);
      }
    }
  }

  async #follow(closing: AbortSignal): Promise<void> {
    const subscription = new Subscription(this.#settings, Math.random);
    for await (const event of subscriptionEvents(
      subscription,
      this.#connections,
      this.#silenceTimeoutMs,
      undefined,
      this.#warn,
    )) {
      if (closing.aborted) return;
      if (this.#newest.take(event)) await this.#fetch(subscription.address);
      if (event.type === "feedback") this.#heard.abort();
    }
  }

  /** Ask the server that vouches for it: another one may know less. */
  async #fetch(address: string): Promise<void> {
    const { getFeedback } = StrategicMemoryService.method;
    const { portfolio } = this.#settings;
    const request = create(GetFeedbackRequestSchema, { portfolio });
    const asked = moment();
    try {
      const feedback = await this.#connections.callServer(address, getFeedback, request, this.#fetchTimeoutMs, (answer, from) =>
        answerFromWire(answer, from, this.#warn, portfolio),
      );
      // It was sent after it was asked for: it holds from then on, however long it was under way.
      const now = moment();
      if (!this.#connections.closing.aborted) this.#newest.feedback(feedback, before(now, passedMs(asked, now)));
    } catch (error) {
      if (!(error instanceof StrategicMemoryError)) throw error;
      // The next heartbeat asks for it again.
    } finally {
      this.#arrivals.away(asked);
    }
  }
}
