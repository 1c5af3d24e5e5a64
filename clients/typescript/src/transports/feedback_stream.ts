/** One open stream of feedback: its messages one by one, with an end to silence. */

import { StrategicMemoryService, type StreamFeedbackResponse } from "../generated/strategic_memory/v1/service_pb.js";
import type { StreamAttempt } from "../streams/subscription.js";
import { type StreamMessage, streamMessageFromWire, type Warn } from "../wire/from_wire.js";
import { streamRequest } from "../wire/requests.js";
import { endedStream, errorOf, silentServer } from "../wire/status_table.js";
import type { Connection, MessageStream } from "./connection.js";
import type { Connections } from "./connections.js";

const SILENT = Symbol("silent");
const ABORTED = Symbol("aborted");

/** A stream on a connection of its own. */
export class FeedbackStream {
  readonly #connections: Connections;
  readonly #connection: Connection;
  readonly #stream: MessageStream<StreamFeedbackResponse>;
  readonly #address: string;
  readonly #portfolio: string;

  /** Open it. Throws ServiceUnavailableError when a file cannot be read. */
  constructor(connections: Connections, attempt: StreamAttempt) {
    this.#connections = connections;
    this.#address = attempt.address;
    this.#portfolio = attempt.portfolio;
    this.#connection = connections.dial(attempt.address);
    this.#stream = this.#connection.stream(StrategicMemoryService.method.streamFeedback, streamRequest(attempt));
  }

  /** Return the next message, "aborted" once the signal is. Rejects with StrategicMemoryError, also at an end. */
  async receive(silenceTimeoutMs: number, signal: AbortSignal, warn: Warn): Promise<StreamMessage | "aborted"> {
    let timer: NodeJS.Timeout | undefined;
    let abort: (() => void) | undefined;
    const stopped = new Promise<typeof SILENT | typeof ABORTED>((resolve) => {
      // Where the program stood still, timers come before its sockets: what has come meanwhile is no silence.
      timer = setTimeout(() => setImmediate(() => resolve(SILENT)), silenceTimeoutMs);
      abort = () => resolve(ABORTED);
      signal.addEventListener("abort", abort);
      if (signal.aborted) abort();
    });
    try {
      const next = this.#stream.next();
      next.catch(() => {}); // where the silence has won
      const message = await Promise.race([next, stopped]);
      if (message === ABORTED) return "aborted";
      if (message === SILENT) throw silentServer(this.#address, silenceTimeoutMs);
      if (message === undefined) throw endedStream(this.#address);
      return streamMessageFromWire(message, this.#address, warn, this.#portfolio);
    } catch (failure) {
      if (signal.aborted) return "aborted";
      throw errorOf(failure, this.#address);
    } finally {
      clearTimeout(timer);
      if (abort !== undefined) signal.removeEventListener("abort", abort);
    }
  }

  /** End the stream and its connection. */
  close(): void {
    this.#stream.cancel();
    this.#connections.hangUp(this.#connection);
  }
}
