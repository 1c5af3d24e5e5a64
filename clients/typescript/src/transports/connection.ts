/** What a transport has to offer: a connection to one server, with calls and streams on it. */

import type { DescMessage, DescMethodServerStreaming, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";

/** What was in the TLS files when they were read, and the name that the server must bear. */
export interface TlsMaterial {
  readonly rootCertificates: Buffer | undefined;
  readonly certificateChain: Buffer | undefined;
  readonly privateKey: Buffer | undefined;
  readonly serverName: string | undefined;
}

/** How to connect. Times are milliseconds. */
export interface ConnectionSettings {
  readonly connectTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly maxMessageBytes: number;
  /** null: plain text. */
  readonly tls: TlsMaterial | null;
  /** Sent with each call as "authorization: Bearer …". null: none is. */
  readonly token: string | null;
}

/** Makes a connection to `host:port`; it may connect only when it is first used. */
export type Dial = (address: string, settings: ConnectionSettings) => Connection;

/** A connection to one server, which is shared with nobody. */
export interface Connection {
  /** Return the answer to a call. Rejects with FailedCall. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<MessageShape<O>>;

  /** Open a stream. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageShape<I>,
  ): MessageStream<MessageShape<O>>;

  /** End everything on it. Any number of times. */
  close(): void;
}

/** The messages of a stream. What is not asked for stays unread, so that the server knows who is slow. */
export interface MessageStream<Message> {
  /** Return the next message, `undefined` at an end without error. One at a time. Rejects with FailedCall. */
  next(): Promise<Message | undefined>;
  /** End it. Any number of times. */
  cancel(): void;
}

/** One of the `google.rpc` details of a status. */
export interface StatusDetail {
  /** Name of the message, for example "google.rpc.ErrorInfo". */
  readonly typeName: string;
  readonly value: Uint8Array;
}

/** A call or a stream that failed, told in the same way by every transport. */
export class FailedCall extends Error {
  /** Number of the gRPC status. */
  readonly code: number;
  /** What goes with the status. */
  readonly detail: string;
  /** Trailers and headers with values of text, by their names in lower case. */
  readonly trailers: ReadonlyMap<string, string>;
  readonly details: readonly StatusDetail[];

  constructor(
    code: number,
    detail: string,
    trailers: ReadonlyMap<string, string> = new Map(),
    details: readonly StatusDetail[] = [],
  ) {
    super(detail);
    this.code = code;
    this.detail = detail;
    this.trailers = trailers;
    this.details = details;
  }
}
