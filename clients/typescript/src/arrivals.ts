/** When what is heard now can have come. */

const EVERY_MS = 50;
const LONG_MS = 1_000;
/** A wait that has taken so much longer says that the program stood still. */
const OVERDUE_MS = 100;
/** So soon all is read that has come before, while the program runs. */
const READ_SOON_MS = 20;
/** And so soon after it goes on. */
const READ_WITHIN_MS = 1_000;

/** A time by two clocks, in milliseconds: one cannot be set, the other goes on while a machine sleeps. */
export interface Moment {
  readonly steady: number;
  readonly wall: number;
}

/** A time in which nothing was read. */
interface Pause {
  readonly since: Moment;
  readonly until: Moment;
}

/** Return what both clocks show now. */
export function moment(): Moment {
  return { steady: performance.now(), wall: Date.now() };
}

/** Return the milliseconds that have passed by the clock that has gone further. */
export function passedMs(since: Moment, now: Moment): number {
  return Math.max(now.steady - since.steady, now.wall - since.wall);
}

/** Return the moment so many milliseconds before another one. */
export function before(then: Moment, ms: number): Moment {
  return { steady: then.steady - ms, wall: then.wall - ms };
}

/**
 * Return for how many milliseconds more to wait where a wait of so many is over.
 *
 * Timers come before sockets where the program stood still: what has come meanwhile is to be read first.
 */
export function toBeReadMs(begun: Moment, ms: number): number {
  return passedMs(begun, moment()) > ms + OVERDUE_MS ? READ_WITHIN_MS : READ_SOON_MS;
}

/**
 * Looks at the clocks every 50 ms, so that it can be told how long the event loop has stood still.
 *
 * What comes while a program computes is read only afterwards. Once the loop has been to its sockets after a look, all is
 * read that had come before that look. What the server held back meanwhile, since the window of the stream was full, has
 * waited too, and comes a little later.
 */
export class Arrivals {
  readonly #clock: () => Moment;
  readonly #looking: NodeJS.Timeout;
  #earliest: Moment;
  #away: Pause | null = null;
  #stoodStill: Pause | null = null;

  /** Look at the clocks until `end`. It keeps no program alive. */
  constructor(clock: () => Moment = moment) {
    this.#clock = clock;
    this.#earliest = clock();
    this.#looking = setInterval(() => {
      const look = clock();
      if (passedMs(this.#earliest, look) > LONG_MS) this.#stoodStill = { since: this.#earliest, until: look };
      setImmediate(() => (this.#earliest = look));
    }, EVERY_MS).unref();
  }

  /** Return for how many milliseconds something can have waited that is read now. */
  waitedMs(now: Moment): number {
    const pauses = [this.#away, this.#stoodStill].filter((each) => each !== null && passedMs(each.until, now) <= READ_WITHIN_MS);
    return Math.max(passedMs(this.#earliest, now), ...pauses.map((each) => passedMs(each!.since, now)));
  }

  /** Take that nothing was taken from the stream since then: what is taken soon from now on may have waited as long. */
  away(since: Moment): void {
    const now = this.#clock();
    if (passedMs(since, now) <= LONG_MS) return;
    const before = this.#away;
    const isBack = before !== null && passedMs(before.until, since) <= READ_WITHIN_MS;
    this.#away = { since: isBack && before.since.steady < since.steady ? before.since : since, until: now };
  }

  /** Look no more. */
  end(): void {
    clearInterval(this.#looking);
  }
}
