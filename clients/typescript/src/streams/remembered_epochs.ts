/** The epochs that were seen last, and how far each was read. */

const REMEMBERED = 16;

/** A revision of an epoch. Epoch "": not known. */
export interface Place {
  readonly revision: number;
  readonly epoch: string;
}

/** Remembers the newest revision of each of the last 16 epochs. */
export class RememberedEpochs {
  readonly #newest = new Map<string, number>();

  /** Whether none is remembered. */
  get isEmpty(): boolean {
    return this.#newest.size === 0;
  }

  /** Return the newest revision known of an epoch; null where the epoch is not remembered. */
  newest(epoch: string): number | null {
    return this.#newest.get(epoch) ?? null;
  }

  /** Take that a revision is the newest of its epoch, and that epoch the last one seen. */
  remember(epoch: string, revision: number): void {
    this.#newest.delete(epoch);
    this.#newest.set(epoch, revision);
    if (this.#newest.size > REMEMBERED) this.forget(this.#newest.keys().next().value!);
  }

  /** Take that an epoch counts no more. */
  forget(epoch: string): void {
    this.#newest.delete(epoch);
  }
}

/** Whether two epochs are known to be different logs; an empty one is not known. */
export function differ(one: string, other: string): boolean {
  return one !== "" && other !== "" && one !== other;
}
