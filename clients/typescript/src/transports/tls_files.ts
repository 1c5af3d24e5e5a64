/** Reads TLS files. */

import { readFileSync } from "node:fs";
import type { TlsOptions } from "../values/options.js";
import type { TlsMaterial } from "./connection.js";

/** Read the TLS files. Throws Error, which names the option, when one cannot be read or is no PEM file. */
export function readTlsMaterial(tls: TlsOptions): TlsMaterial {
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
    throw new Error(`tls.${name} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (!bytes.includes("-----BEGIN")) {
    throw new Error(`tls.${name} is not a PEM file (nothing in it begins with -----BEGIN): ${path}`);
  }
  return bytes;
}
