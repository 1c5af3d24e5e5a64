/** When what is heard now can have come. */

const EVERY_MS = 50;
const LONG_MS = 1_000;
const READ_WITHIN_MS = 1_000;

/**
 * Looks at a clock every 50 ms, so that it can be told how long the event loop has stood still.
 *
 * What comes while a program computes is read only afterwards. Once the loop has been to its sockets after a look, all is
 * read that had come before that look.
 */
export class Arrivals {
  readonly #clock: () => number;
  readonly #looking: NodeJS.Timeout;
  #earliest: number;
  #awaySince = Infinity;
  #backAt = -Infinity;

  /** Look at a clock that cannot be set, in milliseconds, until `end`. It keeps no program alive. */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#earliest = clock();
    this.#looking = setInterval(() => {
      const look = clock();
      setImmediate(() => (this.#earliest = look));
    }, EVERY_MS).unref();
  }

  /** The earliest time at which something can have come that is read now. */
  get earliest(): number {
    const isBack = this.#clock() - this.#backAt <= READ_WITHIN_MS;
    return isBack ? Math.min(this.#earliest, this.#awaySince) : this.#earliest;
  }

  /** Take that nothing was taken from the stream since then: what is taken soon from now on may have waited as long. */
  away(since: number): void {
    const now = this.#clock();
    if (now - since <= LONG_MS) return;
    const isBack = since - this.#backAt <= READ_WITHIN_MS;
    this.#awaySince = isBack ? Math.min(this.#awaySince, since) : since;
    this.#backAt = now;
  }

  /** Look no more. */
  end(): void {
    clearInterval(this.#looking);
  }
}
