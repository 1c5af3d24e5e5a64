/** How long to wait before the next attempt. */

import type { Backoff } from "../values/options.js";

/** Return the delay in milliseconds after `earlier` delays: from half its bound up to the bound. */
export function delayMs(backoff: Backoff, earlier: number, random: () => number): number {
  const bound = Math.min(backoff.maxMs, backoff.initialMs * backoff.factor ** earlier);
  return bound * (0.5 + random() / 2);
}
