/** Connections by `@connectrpc/connect-node`, for programs that use it anyway; nothing else here needs it. */

import type { ClientHttp2Stream, Http2Session } from "node:http2";
import type { DescMessage, DescMethodServerStreaming, MessageShape } from "@bufbuild/protobuf";
import { type Transport, ConnectError } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { moment, toBeReadMs } from "../arrivals.js";
import { type Connection, type ConnectionSettings, type Dial, type MessageStream, FailedCall } from "./connection.js";

const CANCELLED = 1;
const ABORTED = 10;
const INTERNAL = 13;
const UNAVAILABLE = 14;

/** What is said of a stream whose connection is ended by the other side. */
const HUNG_UP = /^http\/2 stream closed with error code/;

/** Make a connection by `@connectrpc/connect-node`. */
export const dialConnectNode: Dial = (address, settings) => new ConnectNodeConnection(address, settings);

class ConnectNodeConnection implements Connection {
  readonly #session: Sessions;
  readonly #transport: Transport;
  readonly #headers: Record<string, string>;
  readonly #connectTimeoutMs: number;

  constructor(address: string, settings: ConnectionSettings) {
    const baseUrl = `${settings.tls === null ? "http" : "https"}://${address}`;
    const pings = { pingIntervalMs: settings.keepaliveTimeMs, pingTimeoutMs: settings.keepaliveTimeoutMs };
    this.#session = new Sessions(baseUrl, pings, nodeOptions(settings));
    this.#transport = createGrpcTransport({
      baseUrl,
      sessionManager: this.#session,
      readMaxBytes: settings.maxMessageBytes,
    });
    this.#headers = settings.token === null ? {} : { authorization: `Bearer ${settings.token}` };
    this.#connectTimeoutMs = settings.connectTimeoutMs;
  }

  unary: Connection["unary"] = async (method, request, timeoutMs, signal) => {
    try {
      // It is sent as it is, and servers take whole milliseconds only.
      const response = await this.#transport.unary(method, signal, Math.ceil(timeoutMs), this.#headers, request);
      return response.message;
    } catch (error) {
      throw failedCall(error, this.#session);
    }
  };

  stream: Connection["stream"] = (method, request) =>
    new ConnectNodeStream(
      (signal) => messagesOf(this.#transport, method, request, this.#headers, signal),
      this.#session,
      this.#connectTimeoutMs,
    );

  close(): void {
    this.#session.abort();
  }
}

/**
 * Sessions whose end is told by their streams alone. One that fails tells those first; what is aborted then has no listener
 * any more when the fault of the session itself comes, and that would end the program.
 */
class Sessions extends Http2SessionManager {
  #heard: Http2Session | undefined;
  #hasAnswered = false;

  /** Whether anything that speaks HTTP/2 has been met: what does not, such as a port of TLS, hangs up on a plain one. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  override async request(...asked: Parameters<Http2SessionManager["request"]>): Promise<ClientHttp2Stream> {
    const stream = await super.request(...asked);
    if (stream.session !== this.#heard) {
      this.#heard = stream.session;
      this.#heard?.on("error", () => {});
      this.#heard?.once("remoteSettings", () => (this.#hasAnswered = true));
    }
    return stream;
  }
}

/** Reads a stream, which opens when the first message is asked for. */
class ConnectNodeStream<Message> implements MessageStream<Message> {
  readonly #ending = new AbortController();
  readonly #session: Sessions;
  #connecting: NodeJS.Timeout;
  readonly #messages: AsyncIterator<Message>;
  #failure: FailedCall | null = null;

  constructor(
    open: (signal: AbortSignal) => AsyncIterator<Message>,
    session: Sessions,
    connectTimeoutMs: number,
  ) {
    this.#session = session;
    this.#messages = open(this.#ending.signal);
    const look = (): void => {
      if (session.state() !== "connecting") return;
      this.#failure = new FailedCall(UNAVAILABLE, `no connection within ${connectTimeoutMs} ms`);
      session.abort(this.#failure);
    };
    const begun = moment();
    this.#connecting = setTimeout(() => {
      this.#connecting = setTimeout(look, toBeReadMs(begun, connectTimeoutMs));
    }, connectTimeoutMs);
  }

  async next(): Promise<Message | undefined> {
    try {
      const { done, value } = await this.#messages.next();
      return done ? undefined : value;
    } catch (error) {
      clearTimeout(this.#connecting);
      throw this.#failure ?? failedCall(error, this.#session);
    }
  }

  cancel(): void {
    clearTimeout(this.#connecting);
    this.#ending.abort();
  }
}

async function* messagesOf<I extends DescMessage, O extends DescMessage>(
  transport: Transport,
  method: DescMethodServerStreaming<I, O>,
  request: MessageShape<I>,
  headers: Record<string, string>,
  signal: AbortSignal,
): AsyncGenerator<MessageShape<O>> {
  const response = await transport.stream(method, signal, undefined, headers, only(request));
  yield* response.message;
}

async function* only<Message>(request: Message): AsyncGenerator<Message> {
  yield request;
}

function nodeOptions({ tls }: ConnectionSettings): object {
  if (tls === null) return {};
  return {
    ca: tls.rootCertificates,
    cert: tls.certificateChain,
    key: tls.privateKey,
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

function failedCall(error: unknown, session: Sessions): FailedCall {
  const { code, rawMessage, metadata, details, cause } = ConnectError.from(error);
  const told = details.flatMap((detail) => ("type" in detail ? [{ typeName: detail.type, value: detail.value }] : []));
  // A connection that cannot be encrypted, or was reset, is told as a fault of the server, which has said nothing.
  const isOfConnection = (code === INTERNAL || code === ABORTED) && cause instanceof Error && "code" in cause;
  if (code === CANCELLED && !session.hasAnswered && HUNG_UP.test(rawMessage)) {
    return new FailedCall(UNAVAILABLE, `No connection established. Last error: Failed to connect (${rawMessage})`);
  }
  return new FailedCall(isOfConnection ? UNAVAILABLE : code, rawMessage, new Map(metadata), told);
}
