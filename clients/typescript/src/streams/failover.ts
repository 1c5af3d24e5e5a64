/** One call over several servers: which server to ask next, and for how long. */

import {
  CallCancelledError,
  DeadlineExceededError,
  InvalidAnswerError,
  ServiceUnavailableError,
  UnsupportedOperationError,
} from "../values/errors.js";

/** Shares the timeout of one call among the servers. Times are milliseconds on a clock that never goes back. */
export class Failover {
  readonly #addresses: readonly string[];
  readonly #preferred: number;
  readonly #deadline: number;
  #asked = 0;
  #notKnown = "";

  /** Start with the address number `preferred`, which answered last. */
  constructor(addresses: readonly string[], preferred: number, timeoutMs: number, now: number) {
    this.#addresses = addresses;
    this.#preferred = preferred;
    this.#deadline = now + timeoutMs;
  }

  /** Number of the server to ask now. */
  get index(): number {
    return (this.#preferred + this.#asked) % this.#addresses.length;
  }

  /** Return how long the server may take: an equal share of what is left, at least 1 ms. */
  timeoutMs(now: number): number {
    return Math.max(1, (this.#deadline - now) / (this.#addresses.length - this.#asked));
  }

  /** Go to the next server; throw `error` when there is none, or when it would say the same. */
  failed(error: unknown): void {
    const anotherMayDo =
      error instanceof ServiceUnavailableError ||
      error instanceof DeadlineExceededError ||
      error instanceof CallCancelledError || // by the server or a proxy: nobody here cancels a call
      error instanceof InvalidAnswerError ||
      error instanceof UnsupportedOperationError; // of an older version, while the service is upgraded
    if (!anotherMayDo) throw error;
    if (this.#asked + 1 === this.#addresses.length) {
      error.message += this.#notKnown; // that the last one cannot be reached would hide why the others did not do
      throw error;
    }
    if (error instanceof UnsupportedOperationError) this.#notKnown += `; ${error.message}`;
    this.#asked += 1;
  }
}
