/** Drives a subscription: opens its streams, feeds it, waits for it. */

import { Disconnections } from "../streams/disconnections.js";
import type { Subscription } from "../streams/subscription.js";
import { StrategicMemoryError } from "../values/errors.js";
import type { SubscriptionEvent } from "../values/events.js";
import type { Warn } from "../wire/from_wire.js";
import type { Connections } from "./connections.js";
import { FeedbackStream } from "./feedback_stream.js";

/**
 * Yield what happens to the subscription until the connections are closed or `ending` is aborted.
 *
 * Throws what the subscription throws.
 */
export async function* subscriptionEvents(
  subscription: Subscription,
  connections: Connections,
  silenceTimeoutMs: number,
  ending: AbortSignal | undefined,
  warn: Warn,
): AsyncGenerator<SubscriptionEvent, void, undefined> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const stop = (): void => stopping.abort();
  const endings = [connections.closing, ending].filter((each) => each !== undefined);
  endings.forEach((each) => (each.aborted ? stop() : each.addEventListener("abort", stop)));
  try {
    yield* untilStopped(subscription, connections, silenceTimeoutMs, signal, warn);
  } finally {
    endings.forEach((each) => each.removeEventListener("abort", stop));
  }
}

async function* untilStopped(
  subscription: Subscription,
  connections: Connections,
  silenceTimeoutMs: number,
  signal: AbortSignal,
  warn: Warn,
): AsyncGenerator<SubscriptionEvent, void, undefined> {
  const outage = new Disconnections();
  while (!signal.aborted) {
    const attempt = subscription.connect(performance.now());
    let stream: FeedbackStream | null = null;
    let lost: StrategicMemoryError;
    try {
      stream = new FeedbackStream(connections, attempt);
      for (;;) {
        const message = await stream.receive(silenceTimeoutMs, signal, warn);
        if (message === "aborted") return;
        outage.heard();
        yield* subscription.received(message);
      }
    } catch (error) {
      if (!(error instanceof StrategicMemoryError)) throw error;
      lost = error;
    } finally {
      stream?.close();
    }
    if (signal.aborted) return;
    const now = performance.now();
    const disconnected = subscription.failed(lost, now);
    if (outage.isToBeTold(now)) {
      warn(`no stream from ${disconnected.address}, next attempt in ${Math.ceil(disconnected.retryInMs)} ms: ${lost.message}`);
    }
    const retryAt = now + disconnected.retryInMs;
    yield disconnected;
    await pause(retryAt - performance.now(), signal);
  }
}

/** Wait so many milliseconds, or until the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, Math.max(0, ms));
    signal.addEventListener("abort", over);
    if (signal.aborted) over();
  });
}
