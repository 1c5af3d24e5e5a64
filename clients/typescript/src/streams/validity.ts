/** How long what a server says holds, counted from when it is heard. */

/**
 * Return the milliseconds of validity that are left to an ACTIVE message that is heard now.
 *
 * By the server's clock, which the message tells in `sentAt`, so that a clock that is wrong here neither prolongs nor
 * ends it. `hereMs`, the wall clock here, serves where the message does not tell. Then it holds no longer than it ever did.
 */
export function msLeft(validUntil: Date | null, sentAt: Date | null, computedAt: Date | null, hereMs: number): number {
  if (validUntil === null) return -Infinity;
  if (sentAt !== null) return validUntil.getTime() - sentAt.getTime();
  return validUntil.getTime() - Math.max(hereMs, computedAt?.getTime() ?? -Infinity);
}
