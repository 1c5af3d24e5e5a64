/** What is told of lost streams. */

const AGAIN_AFTER_MS = 3_600_000;

/**
 * Says when to tell of an outage: once, and then each hour that it lasts.
 *
 * Why it began is seldom why it lasts: a server that goes away may come back with a certificate that nobody takes.
 * Times are milliseconds on a clock that never goes back.
 */
export class Disconnections {
  #toldAt: number | null = null;

  /** Take that a message came: what is lost from now on is another outage. */
  heard(): void {
    this.#toldAt = null;
  }

  /** Take that a stream was lost, or could not be opened; return whether to tell of it. */
  isToBeTold(now: number): boolean {
    if (this.#toldAt !== null && now - this.#toldAt < AGAIN_AFTER_MS) return false;
    this.#toldAt = now;
    return true;
  }
}
