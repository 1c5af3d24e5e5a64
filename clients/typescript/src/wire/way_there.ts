/**
 * What stood between us and the service, as far as a failed call tells: proxies, and servers that ended.
 *
 * The sentences are those of `@grpc/grpc-js` and of `@connectrpc/connect-node`.
 */

import * as errors from "../values/errors.js";

const HTTP_STATUS = /^(?:Received HTTP status code|HTTP) (\d{3})\b/;
const CUT_OFF = /^Received RST_STREAM with code|^http\/2 stream closed with error code (?:NO_ERROR|INTERNAL_ERROR|CANCEL)\b/;
const NOT_GRPC = /^unsupported content type|missing status$/;

const TIMEOUTS = "Envoy: `timeout: 0s` of the route; nginx: grpc_read_timeout; haproxy: timeout server";

/** What keeps a connection from being made, and what it says of what listens there. */
const UNMADE: readonly (readonly [RegExp, string])[] = [
  [/wrong version number/, "speaks no TLS: check the address, or leave out tls"],
  [
    /does not match certificate's altnames/,
    "shows a certificate for another name: give the name that it bears as tls.serverName, or ask by that name",
  ],
  [
    /unable to (?:verify the first|get (?:local )?issuer) certificate|self[- ]signed certificate|certificate has expired/,
    "shows a certificate that nobody in tls.rootCertificates vouches for, or one whose time is over: check that file, and " +
      "the certificate",
  ],
  [
    /^No connection established\. Last error: Failed to connect/,
    "ends connections before they are made: check that the service runs there, and whether it wants TLS, or the " +
      "certificate of a client (tls)",
  ],
];

type Kind = new (message: string, from: { reason: string; address: string }) => errors.StrategicMemoryError;

const BEHIND_PROXY = new Map<string, readonly [Kind, string]>([
  ["401", [errors.AccessDeniedError, "denies access: check what it asks of callers"]],
  ["403", [errors.AccessDeniedError, "denies access: check its rules"]],
  ["404", [errors.UnsupportedOperationError, "has no route for the paths of this service: check its routes and the address"]],
  [
    "413",
    [errors.MessageTooLargeError, "refuses a request of this size: raise its limit (nginx: client_max_body_size), or send less"],
  ],
  ["429", [errors.ServiceUnavailableError, "admits no more for now: check its limit of requests, or ask less often"]],
  ["502", [errors.ServiceUnavailableError, "cannot reach the service: check that it runs, and where the proxy looks for it"]],
  ["503", [errors.ServiceUnavailableError, "has no service to lead to: check that it runs, and the proxy's checks of it"]],
  ["504", [errors.ServiceUnavailableError, `did not wait for the answer: raise its timeout (${TIMEOUTS})`]],
]);

/** Return the error that the words of a failed call stand for; null where they are the service's own. */
export function metOnTheWay(detail: string, address: string): errors.StrategicMemoryError | null {
  const from = { reason: "", address };
  const status = HTTP_STATUS.exec(detail)?.[1];
  if (status !== undefined) {
    const instead = "answered in place of the service: check its routes and the address";
    const [kind, said] = BEHIND_PROXY.get(status) ?? [errors.ServiceUnavailableError, instead];
    return new kind(`a proxy in front of ${address} ${said} (HTTP ${status})`, from);
  }
  if (CUT_OFF.test(detail)) {
    const message =
      `the call to ${address} was cut off, by a server that ended at once or by a proxy; if that comes back after the ` +
      `same time, raise the proxy's timeout above the heartbeat interval (${TIMEOUTS}) (${detail})`;
    return new errors.ServiceUnavailableError(message, from);
  }
  if (NOT_GRPC.test(detail)) {
    const message =
      `what listens at ${address} speaks no gRPC: check the address, and that a proxy there passes HTTP/2 on (nginx: ` +
      `\`http2\`, grpc_pass) (${detail})`;
    return new errors.ServiceUnavailableError(message, from);
  }
  const unmade = UNMADE.find(([words]) => words.test(detail));
  if (unmade === undefined) return null;
  return new errors.ServiceUnavailableError(`what listens at ${address} ${unmade[1]} (${detail})`, from);
}
