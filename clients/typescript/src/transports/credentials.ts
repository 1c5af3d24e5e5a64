/** Reads the files with what a connection shows of us. */

import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { checkedToken } from "../values/option_checks.js";
import type { Settings, TlsOptions } from "../values/options.js";
import type { ConnectionSettings, TlsMaterial } from "./connection.js";

/** What a connection shows of us. */
export type Credentials = Pick<ConnectionSettings, "tls" | "token">;

/** Read the files. Throws Error, which names the option, when one cannot be used. */
export function readCredentials({ tls, token, tokenFile }: Settings): Credentials {
  return { tls: tls && tlsMaterial(tls), token: tokenFile === null ? token : tokenIn(tokenFile) };
}

function tokenIn(path: string): string {
  try {
    return checkedToken("token", readFileSync(path, "utf8").trim());
  } catch (cause) {
    if (cause instanceof RangeError) throw new Error(`tokenFile must hold a token as its only line: ${path}`);
    throw unreadable("tokenFile", path, cause as Error);
  }
}

function tlsMaterial(tls: TlsOptions): TlsMaterial {
  return {
    rootCertificates: content("rootCertificates", tls.rootCertificates),
    certificateChain: content("certificateChain", tls.certificateChain),
    privateKey: content("privateKey", tls.privateKey),
    serverName: tls.serverName,
  };
}

function content(name: string, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw unreadable(`tls.${name}`, path, cause as Error);
  }
  if (!bytes.includes("-----BEGIN")) {
    throw new Error(`tls.${name} is not a PEM file (nothing in it begins with -----BEGIN): ${path}`);
  }
  return bytes;
}

/** What is no path for sure is not told: it may be the key or the token itself. */
function unreadable(option: string, path: string, cause: Error): Error {
  if (!path.includes("\n") && (isAbsolute(path) || path.startsWith("."))) {
    return new Error(`${option} cannot be read: ${cause.message}`, { cause });
  }
  return new Error(`${option} cannot be read: there is not a file of that name (give its path, not what is in it)`);
}
