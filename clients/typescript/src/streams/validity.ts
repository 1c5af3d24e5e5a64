/** How long what a server says holds, counted from when it is heard. */

/**
 * Return the milliseconds of validity that are left to an ACTIVE message that is heard now.
 *
 * By the server's clock, which the message tells in `sentAt`, so that a clock that is wrong here neither prolongs nor
 * ends it. `hereMs`, the wall clock here, serves where the message does not tell. It holds no longer than it ever did, also
 * where the server's clock was set back since it was computed.
 */
export function msLeft(validUntil: Date | null, sentAt: Date | null, computedAt: Date | null, hereMs: number): number {
  if (validUntil === null) return -Infinity;
  return validUntil.getTime() - Math.max(sentAt?.getTime() ?? hereMs, computedAt?.getTime() ?? -Infinity);
}
