import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../src/generated/google/rpc/error_details_pb.js";
import * as errors from "../src/index.js";
import { Failover } from "../src/streams/failover.js";
import { FailedCall } from "../src/transports/connection.js";
import { errorOf } from "../src/wire/status_table.js";

test("the reason comes from the ErrorInfo", () => {
  const info = create(ErrorInfoSchema, {
    domain: "strategic_memory.v1",
    reason: "EPOCH_CHANGED",
    metadata: { oldest: "3", current: "9", epoch: "two" },
  });
  const details = [{ typeName: "google.rpc.ErrorInfo", value: toBinary(ErrorInfoSchema, info) }];
  const error = errorOf(new FailedCall(11, "no", new Map(), details), "here:1");
  assert.ok(error instanceof errors.ResumePointError);
  assert.deepEqual([error.reason, error.oldest, error.current, error.epoch], ["EPOCH_CHANGED", 3, 9, "two"]);
  assert.deepEqual([error.name, error.address, error.transient], ["ResumePointError", "here:1", false]);
});

test("or from the trailers, where a proxy has taken the details away", () => {
  const trailers = new Map([
    ["strategic-memory-reason", "REVISION_IN_FUTURE"],
    ["strategic-memory-current", "9"],
    ["strategic-memory-epoch", "a%20b"],
  ]);
  const error = errorOf(new FailedCall(11, "no", trailers), "here:1");
  assert.ok(error instanceof errors.ResumePointError);
  assert.deepEqual([error.reason, error.oldest, error.current, error.epoch], ["REVISION_IN_FUTURE", null, 9, "a b"]);
});

test("an unknown portfolio is told with the nearest", () => {
  const info = create(ErrorInfoSchema, {
    domain: "strategic_memory.v1",
    reason: "UNKNOWN_PORTFOLIO",
    metadata: { portfolio: "alhpa", nearest: "alpha" },
  });
  const details = [{ typeName: "google.rpc.ErrorInfo", value: toBinary(ErrorInfoSchema, info) }];
  const error = errorOf(new FailedCall(5, "there is no portfolio alhpa here", new Map(), details), "here:1");
  assert.ok(error instanceof errors.UnknownPortfolioError);
  assert.deepEqual([error.nearest, error.transient], ["alpha", false]);
  assert.ok(errorOf(new FailedCall(5, "no", new Map()), "here:1") instanceof errors.ServerFaultError);
});

test("a reason of another service counts for nothing", () => {
  const info = create(ErrorInfoSchema, { domain: "elsewhere", reason: "DRAINING" });
  const details = [{ typeName: "google.rpc.ErrorInfo", value: toBinary(ErrorInfoSchema, info) }];
  const error = errorOf(new FailedCall(14, "no", new Map(), details), "here:1");
  assert.equal((error as errors.StrategicMemoryError).reason, "");
});

test("a reason of a later version is the service's own", () => {
  const later = new Map([["strategic-memory-reason", "OF_A_LATER_VERSION"]]);
  for (const [code, told, ofNone] of [
    [14, /it cannot answer now/, /check that it runs there/],
    [16, /check the token/, /check the TLS options/],
  ] as const) {
    assert.match(String(errorOf(new FailedCall(code, "no", later), "here:1")), told);
    assert.match(String(errorOf(new FailedCall(code, "no", new Map()), "here:1")), ofNone);
  }
});

test("what is wrong with a request is told by the names of this library", () => {
  const request = create(BadRequestSchema, {
    fieldViolations: [
      { field: "inline.trade_results.policy_code[3]", description: "is strange" },
      { field: "settings.trade_window", description: "is too large" },
    ],
  });
  const details = [{ typeName: "google.rpc.BadRequest", value: toBinary(BadRequestSchema, request) }];
  const error = errorOf(new FailedCall(3, "no", new Map(), details), "here:1");
  assert.ok(error instanceof errors.InvalidRequestError);
  assert.deepEqual(
    error.violations.map(({ field }) => field),
    ["memory.tradeResults.policy[3]", "settings.tradeWindow"],
  );
});

for (const [code, kind, transient] of [
  [1, errors.CallCancelledError, true],
  [2, errors.ServerFaultError, true],
  [4, errors.DeadlineExceededError, true],
  [7, errors.AccessDeniedError, false],
  [8, errors.ResourceExhaustedError, true],
  [12, errors.UnsupportedOperationError, false],
  [13, errors.ServerFaultError, true],
  [14, errors.ServiceUnavailableError, true],
  [16, errors.AccessDeniedError, false],
] as const) {
  test(`status ${code} is a ${kind.name}`, () => {
    const error = errorOf(new FailedCall(code, "so"), "here:1");
    assert.ok(error instanceof kind);
    assert.equal(error.transient, transient);
  });
}

test("what a proxy or a server that ended has done is told as that, and another server may do", () => {
  for (const [code, detail, kind] of [
    [2, "Received HTTP status code 413", errors.MessageTooLargeError],
    [2, "HTTP 413", errors.MessageTooLargeError],
    [2, "HTTP 500", errors.ServiceUnavailableError],
    [7, "Received HTTP status code 403", errors.AccessDeniedError],
    [13, "Received RST_STREAM with code 2 (Internal server error)", errors.ServiceUnavailableError],
    [13, "Received RST_STREAM with code 0 (Call ended without gRPC status)", errors.ServiceUnavailableError],
    [1, "http/2 stream closed with error code CANCEL (0x8)", errors.ServiceUnavailableError],
    [8, "http/2 stream closed with error code ENHANCE_YOUR_CALM (0xb)", errors.ResourceExhaustedError],
    [13, "protocol error: missing status", errors.ServiceUnavailableError],
    [2, "unsupported content type text/html", errors.ServiceUnavailableError],
  ] as const) {
    const error = errorOf(new FailedCall(code, detail), "here:1");
    assert.ok(error instanceof kind, detail);
    assert.equal(error.transient, kind !== errors.MessageTooLargeError && kind !== errors.AccessDeniedError);
  }
  for (const code of [1, 4, 12, 14]) {
    const failover = new Failover(["one:1", "two:1"], 0, 1_000, 0);
    failover.failed(errorOf(new FailedCall(code, "so"), "one:1"));
    assert.equal(failover.index, 1);
    const gone = errorOf(new FailedCall(14, "gone"), "two:1");
    assert.throws(() => failover.failed(gone), code === 12 ? /two:1.*gone.*one:1 does not offer/ : /gone\)?$/);
  }
});

test("what keeps a connection from being made is named", () => {
  for (const [detail, said] of [
    ["error:0A00010B:SSL routines:ssl3_get_record:wrong version number", /speaks no TLS: .* leave out tls/],
    ["unable to verify the first certificate", /nobody in tls\.rootCertificates vouches for/],
    ["self-signed certificate in certificate chain", /nobody in tls\.rootCertificates vouches for/],
    ["Hostname/IP does not match certificate's altnames: Host: other.test.", /as tls\.serverName/],
    ["No connection established. Last error: Failed to connect (2026-11-30T09:02:21Z).", /whether it wants TLS/],
  ] as const) {
    const error = errorOf(new FailedCall(14, detail), "here:1") as errors.StrategicMemoryError;
    assert.ok(error instanceof errors.ServiceUnavailableError && error.transient);
    assert.match(error.message, said);
  }
});

test("pings that come too often may pass, an answer that is too large does not", () => {
  const pings = errorOf(new FailedCall(8, "Bandwidth exhausted or memory limit exceeded"), "here:1");
  assert.equal((pings as errors.StrategicMemoryError).transient, true);
  const large = errorOf(new FailedCall(8, "Received message larger than max (5000000 vs 4194304)"), "here:1");
  assert.ok(large instanceof errors.MessageTooLargeError && !large.transient);
});

test("how long to wait comes from the RetryInfo, or from the trailers", () => {
  const retry = create(RetryInfoSchema, { retryDelay: { seconds: 2n, nanos: 500_000_000 } });
  const details = [{ typeName: "google.rpc.RetryInfo", value: toBinary(RetryInfoSchema, retry) }];
  const trailers = new Map([
    ["strategic-memory-reason", "TOO_MANY_REQUESTS"],
    ["strategic-memory-retry_after_ms", "40"],
  ]);
  const waits = [new FailedCall(8, "no", new Map(), details), new FailedCall(8, "no", trailers), new FailedCall(8, "no")];
  const told = waits.map((each) => (errorOf(each, "here:1") as errors.ResourceExhaustedError).retryAfterMs);
  assert.deepEqual(told, [2_500, 40, null]);
});
