/** Connections by `@grpc/grpc-js`. */

import { type DescMessage, type MessageShape, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type ChannelOptions,
  type ClientReadableStream,
  type ServiceError,
  type StatusObject,
  Client,
  Metadata,
  connectivityState,
  credentials,
} from "@grpc/grpc-js";
import { StatusSchema } from "../generated/google/rpc/status_pb.js";
import { moment, toBeReadMs } from "../arrivals.js";
import { type Connection, type ConnectionSettings, type Dial, type MessageStream, FailedCall, type StatusDetail } from "./connection.js";

const DETAILS_KEY = "grpc-status-details-bin";
const UNAVAILABLE = 14;

/** How soon a channel connects again by itself: the first time, and at the most. */
const FIRST_RECONNECT_MS = 100;
const LONGEST_RECONNECT_MS = 1_000;

/** Return the options of a channel. */
export function channelOptions(settings: ConnectionSettings): ChannelOptions {
  const serverName = settings.tls?.serverName;
  return {
    "grpc.max_receive_message_length": settings.maxMessageBytes,
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": settings.keepaliveTimeMs,
    "grpc.keepalive_timeout_ms": settings.keepaliveTimeoutMs,
    "grpc.keepalive_permit_without_calls": 0,
    "grpc.initial_reconnect_backoff_ms": FIRST_RECONNECT_MS,
    // Two minutes after it was lost a server would otherwise be looked for only every 41 s, and later every two minutes.
    "grpc.max_reconnect_backoff_ms": LONGEST_RECONNECT_MS,
    // A name that has moved is asked for again as soon as its old address fails, not only after half a minute.
    "grpc.dns_min_time_between_resolutions_ms": LONGEST_RECONNECT_MS,
    // A new channel must be a new connection, not wait for the backoff of an older one to the same server.
    "grpc.use_local_subchannel_pool": 1,
    // The service is a neighbour: a proxy that is set for the way out of the house must not come between.
    "grpc.enable_http_proxy": 0,
    // A name server must not have a say in how often a call is sent.
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_retries": 0,
    "grpc.primary_user_agent": "strategic-memory-client",
    ...(serverName === undefined ? {} : { "grpc.ssl_target_name_override": serverName }),
  };
}

/** Make a connection by `@grpc/grpc-js`. */
export const dialGrpcJs: Dial = (address, settings) => new GrpcJsConnection(address, settings);

class GrpcJsConnection implements Connection {
  readonly #client: Client;
  readonly #metadata = new Metadata();
  readonly #connectTimeoutMs: number;

  constructor(address: string, settings: ConnectionSettings) {
    const { tls, token } = settings;
    if (token !== null) this.#metadata.set("authorization", `Bearer ${token}`);
    const channelCredentials =
      tls === null
        ? credentials.createInsecure()
        : credentials.createSsl(tls.rootCertificates, tls.privateKey, tls.certificateChain);
    this.#client = new Client(address, channelCredentials, channelOptions(settings));
    this.#connectTimeoutMs = settings.connectTimeoutMs;
  }

  unary: Connection["unary"] = (method, request, timeoutMs, signal) =>
    new Promise((resolve, reject) => {
      const cancel = (): void => call.cancel();
      const call = this.#client.makeUnaryRequest<MessageShape<typeof method.input>, MessageShape<typeof method.output>>(
        path(method),
        encoder(method.input),
        decoder(method.output),
        request,
        this.#metadata,
        { deadline: Date.now() + timeoutMs },
        (error, response) => {
          signal.removeEventListener("abort", cancel);
          if (response !== undefined && error === null) resolve(response);
          else reject(failedCall(error));
        },
      );
      signal.addEventListener("abort", cancel);
      if (signal.aborted) cancel();
    });

  stream: Connection["stream"] = (method, request) => {
    const call = this.#client.makeServerStreamRequest(
      path(method),
      encoder(method.input),
      decoder(method.output),
      request,
      this.#metadata,
    );
    return new GrpcJsStream(call, this.#client, this.#connectTimeoutMs);
  };

  close(): void {
    this.#client.close();
  }
}

/** Reads a call. Its status alone ends it: grpc-js emits `end` after `error` too, as if all had been well. */
class GrpcJsStream<Message> implements MessageStream<Message> {
  readonly #call: ClientReadableStream<Message>;
  readonly #unread: Message[] = [];
  #connecting: NodeJS.Timeout;
  #end: FailedCall | "ended" | null = null;
  #wake: (() => void) | null = null;

  constructor(call: ClientReadableStream<Message>, client: Client, connectTimeoutMs: number) {
    this.#call = call;
    // A connection was there. It may take no new streams by the time at which the timer looks, and go on with this one.
    call.on("metadata", () => clearTimeout(this.#connecting));
    call.on("data", (message: Message) => {
      this.#unread.push(message);
      call.pause();
      this.#wake?.();
    });
    call.on("status", (status: StatusObject) => this.#ends(status.code === 0 ? "ended" : failedCall(status)));
    call.on("error", () => {}); // told by the status
    const look = (): void => {
      if (client.getChannel().getConnectivityState(false) === connectivityState.READY) return;
      this.#ends(new FailedCall(UNAVAILABLE, `no connection within ${connectTimeoutMs} ms`));
      call.cancel();
    };
    const begun = moment();
    this.#connecting = setTimeout(() => {
      this.#connecting = setTimeout(look, toBeReadMs(begun, connectTimeoutMs));
    }, connectTimeoutMs);
  }

  async next(): Promise<Message | undefined> {
    while (this.#unread.length === 0 && this.#end === null) {
      this.#call.resume();
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
    }
    if (this.#unread.length > 0) return this.#unread.shift();
    if (this.#end === "ended") return undefined;
    throw this.#end;
  }

  cancel(): void {
    clearTimeout(this.#connecting);
    this.#call.cancel();
  }

  #ends(end: FailedCall | "ended"): void {
    clearTimeout(this.#connecting);
    this.#end ??= end;
    this.#wake?.();
  }
}

function path(method: { readonly parent: { readonly typeName: string }; readonly name: string }): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function encoder<Desc extends DescMessage>(desc: Desc): (message: MessageShape<Desc>) => Buffer {
  return (message) => Buffer.from(toBinary(desc, message));
}

function decoder<Desc extends DescMessage>(desc: Desc): (bytes: Buffer) => MessageShape<Desc> {
  return (bytes) => fromBinary(desc, bytes);
}

function failedCall(status: ServiceError | StatusObject | null): FailedCall {
  if (status === null) return new FailedCall(2, "an answer without a message");
  const trailers = new Map<string, string>();
  for (const [key, value] of Object.entries(status.metadata.getMap())) {
    if (typeof value === "string") trailers.set(key, value);
  }
  return new FailedCall(status.code, status.details, trailers, statusDetails(status.metadata));
}

function statusDetails(metadata: Metadata): StatusDetail[] {
  const [bytes] = metadata.get(DETAILS_KEY);
  if (!(bytes instanceof Uint8Array)) return [];
  try {
    return fromBinary(StatusSchema, bytes).details.map(({ typeUrl, value }) => ({
      typeName: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    }));
  } catch {
    return [];
  }
}
