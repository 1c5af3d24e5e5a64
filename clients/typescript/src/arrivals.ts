/** When what is heard now can have come. */

const EVERY_MS = 50;

/**
 * Looks at a clock every 50 ms, so that it can be told how long the event loop has stood still.
 *
 * What comes while a program computes is read only afterwards. Once the loop has been to its sockets after a look, all is
 * read that had come before that look.
 */
export class Arrivals {
  readonly #looking: NodeJS.Timeout;
  #earliest: number;

  /** Look at a clock that cannot be set, in milliseconds, until `end`. It keeps no program alive. */
  constructor(clock: () => number) {
    this.#earliest = clock();
    this.#looking = setInterval(() => {
      const look = clock();
      setImmediate(() => (this.#earliest = look));
    }, EVERY_MS).unref();
  }

  /** The earliest time at which something can have come that is read now. */
  get earliest(): number {
    return this.#earliest;
  }

  /** Look no more. */
  end(): void {
    clearInterval(this.#looking);
  }
}
