/** The one table that turns the status of a call and its google.rpc details into an error of this library. */

import { fromBinary } from "@bufbuild/protobuf";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../generated/google/rpc/error_details_pb.js";
import { FailedCall } from "../transports/connection.js";
import * as errors from "../values/errors.js";
import { givenField } from "./inline_to_wire.js";
import { metOnTheWay } from "./way_there.js";

const DOMAIN = "strategic_memory.v1";
const REASON_TRAILER = "strategic-memory-reason";
const METADATA_PREFIX = "strategic-memory-";
const LONGEST_DETAIL = 500;

/** Numbers of gRPC statuses, the same in every library. */
export const Code = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  outOfRange: 11,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

interface Failure {
  readonly code: number;
  readonly detail: string;
  readonly reason: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly violations: readonly errors.FieldViolation[];
  readonly retryAfterMs: number | null;
}

const UNAVAILABLE_ADVICE = new Map([
  ["", "check that it runs there and that the address is right"],
  ["DRAINING", "it is going away; try another server, or again in a moment"],
  ["LOG_NOT_READ", "it has not read its feedback log yet; check that it reaches Redis, and try again"],
  ["MEMORY_UNREADABLE", "it cannot read the memory from Redis; check Redis, and try again"],
]);

const RESUME_ADVICE = new Map([
  ["REVISION_COMPACTED", "revisions after the resume point are no longer kept"],
  ["REVISION_IN_FUTURE", "the resume point lies after the newest revision"],
  ["EPOCH_CHANGED", "the resume point is of another epoch: history was lost"],
]);

const NEVER_FITS = new Set(["REQUEST_TOO_LARGE", "REQUEST_TOO_SLOW"]);
const TOO_LARGE = /message larger than max|larger than configured (?:read|write)MaxBytes/i;

/** Return the error that a failed call to the server at `address` stands for; what is none is returned as it is. */
export function errorOf(failed: unknown, address: string): unknown {
  if (!(failed instanceof FailedCall)) return failed;
  const failure = failureOf(failed);
  const { detail, reason } = failure;
  const from = { reason, address };
  const met = reason === "" && failure.violations.length === 0 ? metOnTheWay(detail, address) : null;
  if (met !== null) return met;
  switch (failure.code) {
    case Code.cancelled:
      return new errors.CallCancelledError(`the call to ${address} was cancelled (${detail})`, from);
    case Code.invalidArgument: {
      const named = failure.violations.map(({ field, description }) => `${field}: ${description}`).join("; ");
      return new errors.InvalidRequestError(`the request is not valid: ${named || detail}`, failure.violations, from);
    }
    case Code.deadlineExceeded: {
      const message = `the service at ${address} did not answer in time: allow more time, or check its load`;
      return new errors.DeadlineExceededError(message, from);
    }
    case Code.permissionDenied:
    case Code.unauthenticated: {
      // What has no reason is not the service's own; one that only a later version knows is.
      const check = reason ? "the token, or the certificate that is shown" : "the TLS options";
      const message = `the service at ${address} denies access: check ${check} (${detail})`;
      return new errors.AccessDeniedError(message, from);
    }
    case Code.notFound: {
      if (reason !== "UNKNOWN_PORTFOLIO") return serverFault(failure, address);
      const nearest = failure.metadata.get("nearest") ?? "";
      return new errors.UnknownPortfolioError(`the service at ${address}: ${detail}`, nearest, from);
    }
    case Code.resourceExhausted:
      return exhausted(failure, address);
    case Code.outOfRange:
      return resumePoint(failure, address);
    case Code.unimplemented: {
      const message =
        `what listens at ${address} does not offer this operation: check the address and the version of the service ` +
        `(${detail})`;
      return new errors.UnsupportedOperationError(message, from);
    }
    case Code.unavailable: {
      // Of a reason of a later version no more is known.
      const advice = UNAVAILABLE_ADVICE.get(reason) ?? "it cannot answer now; try another server, or again in a moment";
      return new errors.ServiceUnavailableError(
        `the service at ${address} is not available: ${advice} (${detail})`,
        from,
      );
    }
    default:
      return serverFault(failure, address);
  }
}

/** Return the error for a stream on which nothing was heard for too long; it is not thrown. */
export function silentServer(address: string, silenceTimeoutMs: number): errors.StrategicMemoryError {
  const seconds = (silenceTimeoutMs / 1000).toFixed(1);
  const message = `nothing was heard from ${address} for ${seconds} s: check the server and the way to it`;
  return new errors.SilentServerError(message, { address });
}

/** Return the error for a stream that the server ended without saying why; it is not thrown. */
export function endedStream(address: string): errors.StrategicMemoryError {
  const message = `the service at ${address} ended the stream: try another server, or again in a moment`;
  return new errors.ServiceUnavailableError(message, { address });
}

function serverFault(failure: Failure, address: string): errors.StrategicMemoryError {
  const message = `the service at ${address} failed: look into its log (status ${failure.code}: ${failure.detail})`;
  return new errors.ServerFaultError(message, { reason: failure.reason, address });
}

function exhausted(failure: Failure, address: string): errors.StrategicMemoryError {
  const from = { reason: failure.reason, address, retryAfterMs: failure.retryAfterMs };
  if (failure.reason === "TOO_MANY_SUBSCRIBERS") {
    const message = `the service at ${address} admits no more subscribers: try another server, or later`;
    return new errors.TooManySubscribersError(message, from);
  }
  if (NEVER_FITS.has(failure.reason) || (!failure.reason && TOO_LARGE.test(failure.detail))) {
    const message =
      `a message is too large for the service at ${address} or for this client: send or ask for less, or raise ` +
      `maxMessageBytes (${failure.detail})`;
    return new errors.MessageTooLargeError(message, from);
  }
  const message = `a limit was reached at ${address}: send less, or try later (${failure.detail})`;
  return new errors.ResourceExhaustedError(message, from);
}

function resumePoint(failure: Failure, address: string): errors.StrategicMemoryError {
  const bounds: errors.LogBounds = {
    oldest: number(failure.metadata.get("oldest")),
    current: number(failure.metadata.get("current")),
    epoch: failure.metadata.get("epoch") ?? "",
  };
  const why = RESUME_ADVICE.get(failure.reason) ?? failure.detail;
  const held =
    `epoch ${bounds.epoch || "not told"}, oldest ${bounds.oldest ?? "not told"}, ` +
    `newest ${bounds.current ?? "not told"}`;
  const message = `cannot resume there: ${why} (${held}); start without a resume point, and take what came before as lost`;
  return new errors.ResumePointError(message, bounds, { reason: failure.reason, address });
}

function failureOf(failed: FailedCall): Failure {
  let reason = "";
  let metadata = new Map<string, string>();
  let violations: errors.FieldViolation[] = [];
  let retryAfterMs: number | null = null;
  for (const { typeName, value } of failed.details) {
    try {
      if (typeName === ErrorInfoSchema.typeName) {
        const info = fromBinary(ErrorInfoSchema, value);
        if (info.domain === DOMAIN) [reason, metadata] = [info.reason, new Map(Object.entries(info.metadata))];
      } else if (typeName === RetryInfoSchema.typeName) {
        const delay = fromBinary(RetryInfoSchema, value).retryDelay;
        if (delay) retryAfterMs = Number(delay.seconds) * 1000 + delay.nanos / 1e6;
      } else if (typeName === BadRequestSchema.typeName) {
        violations = fromBinary(BadRequestSchema, value).fieldViolations.map(({ field, description }) => ({
          field: givenField(field),
          description,
        }));
      }
    } catch {
      // The status itself still says enough.
    }
  }
  if (!reason) {
    // Where a proxy has taken the details away.
    reason = decoded(failed.trailers.get(REASON_TRAILER) ?? "");
    for (const [key, value] of failed.trailers) {
      if (key.startsWith(METADATA_PREFIX)) metadata.set(key.slice(METADATA_PREFIX.length), decoded(value));
    }
  }
  retryAfterMs ??= number(metadata.get("retry_after_ms"));
  const detail = (failed.detail || "no details given").slice(0, LONGEST_DETAIL);
  return { code: failed.code, detail, reason, metadata, violations, retryAfterMs };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function number(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : null;
}
