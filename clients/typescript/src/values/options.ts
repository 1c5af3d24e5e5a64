/** How a client connects, waits and retries. */

import type { Dial } from "../transports/connection.js";
import {
  checkedAbove0,
  checkedFunction,
  checkedKeys,
  checkedNumber,
  checkedPortfolio,
  checkedText,
  checkedToken,
  checkedWhole,
  isThisMachine,
} from "./option_checks.js";

/** Where the service listens unless it is told otherwise. */
export const DEFAULT_ADDRESS = "127.0.0.1:50051";

/** Encrypts the connection. The files are read for every new connection, so a renewed one is taken up. */
export interface TlsOptions {
  /** PEM file with the authorities that may vouch for the server. Left out: those that Node.js brings. */
  readonly rootCertificates?: string;
  /** PEM file with the certificate that this client shows, if the server asks for one. */
  readonly certificateChain?: string;
  /** PEM file with the key of that certificate. */
  readonly privateKey?: string;
  /** Name that the server's certificate must bear. Left out: the host of the address. */
  readonly serverName?: string;
}

/** Delays between attempts to reach the service, drawn so that clients spread out. */
export interface Backoff {
  /** Upper bound of the first delay in milliseconds (100). */
  readonly initialMs: number;
  /** Upper bound of every delay in milliseconds (2000): each server is tried about so often. */
  readonly maxMs: number;
  /** By how much the bound grows, at least 1 (2). */
  readonly factor: number;
}

/** Settings of a client; each may be left out. Times are milliseconds. */
export interface ClientOptions {
  /** How long a call may take, over all addresses together (5000). */
  readonly timeoutMs?: number;
  /** How long one connection attempt may take (5000). */
  readonly connectTimeoutMs?: number;
  /** Longest silence between two messages of a stream that is asked for, 100 to 3,600,000 (15,000). */
  readonly heartbeatIntervalMs?: number;
  /** Heartbeats that may fail to come before the server is taken for gone, at least 1 (3). */
  readonly missedHeartbeats?: number;
  /** How long servers that are behind a resume point are given before it is taken for lost (15,000). */
  readonly catchUpMs?: number;
  /** How long to wait between attempts to reach the service. */
  readonly backoff?: Partial<Backoff>;
  /** Time without traffic after which a connection in use is probed, at least 20,000 (30,000). */
  readonly keepaliveTimeMs?: number;
  /** How long such a probe may go unanswered before the connection is given up (10,000). */
  readonly keepaliveTimeoutMs?: number;
  /** Largest answer that is accepted, bytes (64 MiB). */
  readonly maxMessageBytes?: number;
  /** Encrypts the connection. Left out: plain text. */
  readonly tls?: TlsOptions;
  /** Tells the service who we are. It is sent over TLS, or to this machine, and nowhere else. Left out: none is. */
  readonly token?: string;
  /** File with the token as its only line, in its place. Read for every new connection, so a renewed one is taken up. */
  readonly tokenFile?: string;
  /** The portfolio that everything is about. Empty: the default one, the only one of most services. */
  readonly portfolio?: string;
  /** What connects: `@grpc/grpc-js` unless told otherwise, or `dialConnectNode` of "strategic-memory-client/connect-node". */
  readonly dial?: Dial;
  /** Told of each outage, each hour that it lasts, and once a day of what this version does not understand (`console.warn`). */
  readonly warn?: (message: string) => void;
}

/** The settings of a client, each with its value. */
export type Settings = Required<Omit<ClientOptions, "backoff" | "tls" | "token" | "tokenFile" | "dial">> & {
  readonly backoff: Backoff;
  readonly tls: TlsOptions | null;
  readonly token: string | null;
  readonly tokenFile: string | null;
  readonly dial: Dial;
};

/** The service closes connections that are pinged more often than this. */
const SHORTEST_KEEPALIVE_MS = 20_000;

/** Return every setting, with the defaults for those left out. Throws RangeError naming one that cannot work. */
export function settingsOf(options: ClientOptions, defaultDial: Dial): Settings {
  checkedKeys("options", options, Object.keys(options ?? {})); // which of them are known is told below
  const settings: Settings = {
    timeoutMs: options.timeoutMs ?? 5_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? 15_000,
    missedHeartbeats: options.missedHeartbeats ?? 3,
    catchUpMs: options.catchUpMs ?? 15_000,
    backoff: {
      initialMs: options.backoff?.initialMs ?? 100,
      maxMs: options.backoff?.maxMs ?? 2_000,
      factor: options.backoff?.factor ?? 2,
    },
    keepaliveTimeMs: options.keepaliveTimeMs ?? 30_000,
    keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 10_000,
    maxMessageBytes: options.maxMessageBytes ?? 64 * 1024 * 1024,
    tls: options.tls ?? null,
    token: options.token ?? null,
    tokenFile: options.tokenFile ?? null,
    portfolio: options.portfolio ?? "",
    dial: options.dial ?? defaultDial,
    warn: options.warn ?? ((message) => console.warn(message)),
  };
  checkedKeys("options", options, Object.keys(settings));
  checkedKeys("backoff", options.backoff ?? {}, Object.keys(settings.backoff));
  checkedKeys("tls", options.tls ?? {}, ["rootCertificates", "certificateChain", "privateKey", "serverName"]);
  for (const [name, value] of Object.entries(options.tls ?? {})) if (value !== undefined) checkedText(`tls.${name}`, value);
  if (settings.tokenFile !== null) checkedText("tokenFile", settings.tokenFile);
  checkedFunction("dial", settings.dial);
  checkedFunction("warn", settings.warn);
  for (const name of ["timeoutMs", "connectTimeoutMs", "catchUpMs", "keepaliveTimeoutMs"] as const) {
    checkedAbove0(name, settings[name]);
  }
  checkedHeartbeatInterval(settings.heartbeatIntervalMs);
  checkedPortfolio("portfolio", settings.portfolio);
  checkedNumber("keepaliveTimeMs", settings.keepaliveTimeMs, SHORTEST_KEEPALIVE_MS);
  checkedWhole("missedHeartbeats", settings.missedHeartbeats, 1);
  checkedWhole("maxMessageBytes", settings.maxMessageBytes, 1);
  checkedAbove0("backoff.initialMs", settings.backoff.initialMs);
  checkedNumber("backoff.maxMs", settings.backoff.maxMs, settings.backoff.initialMs);
  checkedNumber("backoff.factor", settings.backoff.factor, 1);
  if ((settings.tls?.certificateChain === undefined) !== (settings.tls?.privateKey === undefined)) {
    throw new RangeError("tls.certificateChain and tls.privateKey go together: give both or neither");
  }
  if (settings.token !== null) checkedToken("token", settings.token);
  if (settings.token !== null && settings.tokenFile !== null) {
    throw new RangeError("token and tokenFile say the same: give one of them");
  }
  return settings;
}

/** Throw RangeError where a token would go over plain text to another machine. */
export function requirePrivate(addresses: readonly string[], { tls, token, tokenFile }: Settings): void {
  if (tls !== null || (token === null && tokenFile === null)) return;
  const elsewhere = addresses.find((address) => !isThisMachine(address));
  if (elsewhere !== undefined) {
    throw new RangeError(`a token is not sent to ${elsewhere} over plain text: give tls: {...} too`);
  }
}

/** Return a heartbeat interval in milliseconds. Throws RangeError for one that the service would not accept. */
export function checkedHeartbeatInterval(value: number): number {
  return checkedNumber("heartbeatIntervalMs", value, 100, 3_600_000);
}
