/** The connections of a client: one for the calls to each server, one of its own for each stream. */

import { setMaxListeners } from "node:events";
import type { DescMessage, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import {
  AccessDeniedError,
  ClientClosedError,
  DeadlineExceededError,
  ServiceUnavailableError,
  StrategicMemoryError,
} from "../values/errors.js";
import type { Settings } from "../values/options.js";
import { errorOf } from "../wire/status_table.js";
import { Failover } from "../streams/failover.js";
import type { Connection } from "./connection.js";
import { type Credentials, readCredentials } from "./credentials.js";

/** A connection for calls, with those on it. */
interface Kept {
  readonly connection: Connection;
  readonly dialledAt: number;
  calls: number;
  wasHeard: boolean;
}

/** Everything that is open towards the service. */
export class Connections {
  readonly #addresses: readonly string[];
  readonly #settings: Settings;
  readonly #kept = new Map<string, Kept>();
  readonly #dialled = new Set<Connection>();
  readonly #closing = new AbortController();
  #preferred = 0;

  /** Connect to nothing yet. Throws Error when a file cannot be read. */
  constructor(addresses: readonly string[], settings: Settings) {
    this.#addresses = addresses;
    this.#settings = settings;
    setMaxListeners(0, this.closing); // each call and stream listens: eleven at once are no leak
    readCredentials(settings);
  }

  /** Aborted once the client is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Throw ClientClosedError where the client is closed. */
  requireOpen(): void {
    if (this.closing.aborted) throw new ClientClosedError();
  }

  /** Return what `read` makes of the first answer; each server is asked in turn. Rejects with StrategicMemoryError. */
  async call<I extends DescMessage, O extends DescMessage, Value>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    timeoutMs: number,
    read: (answer: MessageShape<O>, address: string) => Value,
  ): Promise<Value> {
    const failover = new Failover(this.#addresses, this.#preferred, timeoutMs, performance.now());
    for (;;) {
      const index = failover.index;
      try {
        const within = failover.timeoutMs(performance.now());
        const value = await this.callServer(this.#addresses[index]!, method, request, within, read);
        this.#preferred = index;
        return value;
      } catch (error) {
        failover.failed(error);
      }
    }
  }

  /** Return what `read` makes of the answer of this server, and of no other. Rejects with StrategicMemoryError. */
  async callServer<I extends DescMessage, O extends DescMessage, Value>(
    address: string,
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    timeoutMs: number,
    read: (answer: MessageShape<O>, address: string) => Value,
  ): Promise<Value> {
    this.requireOpen();
    const kept = this.#kept.get(address) ?? this.#keep(address);
    kept.calls += 1;
    try {
      const answer = await kept.connection.unary(method, request, timeoutMs, this.closing);
      kept.wasHeard = true;
      return read(answer, address);
    } catch (failure) {
      const error = errorOf(failure, address);
      if (this.closing.aborted) throw new ClientClosedError();
      if (this.#isSpent(kept, error) && this.#kept.get(address) === kept) this.#kept.delete(address);
      throw error;
    } finally {
      kept.calls -= 1;
      // Others may be in the middle of a call on it.
      if (kept.calls === 0 && this.#kept.get(address) !== kept) this.hangUp(kept.connection);
    }
  }

  #keep(address: string): Kept {
    const kept = { connection: this.dial(address), dialledAt: performance.now(), calls: 0, wasHeard: false };
    this.#kept.set(address, kept);
    return kept;
  }

  /** Whether the next call had better dial anew. */
  #isSpent(kept: Kept, error: unknown): boolean {
    if (error instanceof DeadlineExceededError) {
      // One that was dropped in silence looks open for ever. One that is still being made is given its time.
      return kept.wasHeard || performance.now() - kept.dialledAt >= this.#settings.connectTimeoutMs;
    }
    // Renewed files are read for a new one alone.
    if (error instanceof ServiceUnavailableError || error instanceof AccessDeniedError) return true;
    kept.wasHeard ||= error instanceof StrategicMemoryError;
    return false;
  }

  /** Return a new connection. Throws ServiceUnavailableError when a file cannot be read. */
  dial(address: string): Connection {
    this.requireOpen();
    let credentials: Credentials;
    try {
      credentials = readCredentials(this.#settings);
    } catch (cause) {
      throw new ServiceUnavailableError(`cannot connect to ${address}: ${(cause as Error).message}`, { address });
    }
    const { connectTimeoutMs, keepaliveTimeMs, keepaliveTimeoutMs, maxMessageBytes } = this.#settings;
    const limits = { connectTimeoutMs, keepaliveTimeMs, keepaliveTimeoutMs, maxMessageBytes };
    const connection = this.#settings.dial(address, { ...limits, ...credentials });
    this.#dialled.add(connection);
    return connection;
  }

  /** Close a connection that `dial` returned. */
  hangUp(connection: Connection): void {
    this.#dialled.delete(connection);
    connection.close();
  }

  /** End every call and stream and close every connection. Any number of times. */
  close(): void {
    this.#closing.abort();
    for (const connection of this.#dialled) this.hangUp(connection);
  }
}
