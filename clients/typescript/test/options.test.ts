import assert from "node:assert/strict";
import { test } from "node:test";
import { toBinary } from "@bufbuild/protobuf";
import { StreamFeedbackRequestSchema } from "../src/generated/strategic_memory/v1/service_pb.js";
import { type ClientOptions, type FollowOptions, ClientClosedError, StrategicMemoryClient } from "../src/index.js";
import { channelOptions, dialGrpcJs } from "../src/transports/grpc_js.js";
import { settingsOf } from "../src/values/options.js";
import { streamRequest } from "../src/wire/requests.js";

const refusedOptions: [unknown, RegExp][] = [
  [{ timeoutMs: 0 }, /^timeoutMs must be a number above 0/],
  [{ heartbeatIntervalMs: 99 }, /^heartbeatIntervalMs must be a number from 100/],
  [{ keepaliveTimeMs: 10_000 }, /^keepaliveTimeMs must be a number from 20000/],
  [{ heartbeat_interval_ms: 1_000 }, /^options has no "heartbeat_interval_ms"/],
  [{ backoff: { maxMs: 50 } }, /^backoff\.maxMs must be a number from 100/],
  [{ backoff: { max: 50 } }, /^backoff has no "max"/],
  [{ tls: { privateKey: "key.pem" } }, /^tls\.certificateChain and tls\.privateKey go together/],
  [{ tls: { rootCertificates: "/nowhere.pem" } }, /^tls\.rootCertificates cannot be read/],
  [{ tls: { rootCertificates: "package.json" } }, /^tls\.rootCertificates is not a PEM file/],
  [{ token: "to ken" }, /^token must be 1 to 512 printable ASCII characters without a space$/],
  [{ token: "token", tokenFile: "file" }, /^token and tokenFile say the same/],
  [{ portfolio: "two words" }, /^portfolio must be 1 to 64 letters/],
  [{ tokenFile: "/nowhere" }, /^tokenFile cannot be read/],
  [{ tokenFile: "smt_hidden" }, /^tokenFile cannot be read: there is not a file of that name \(give its path, not what/],
  [
    { tls: { rootCertificates: "-----BEGIN hidden\n" } },
    /^tls\.rootCertificates cannot be read: there is not a file of that name \(give its path, not what is in it\)$/,
  ],
  [{ tokenFile: "package.json" }, /^tokenFile must hold a token as its only line: package.json$/],
  [{ tls: { ca: "" } }, /^tls has no "ca"/],
  [{ tls: { rootCertificates: Buffer.from("-----BEGIN") } }, /^tls\.rootCertificates must be a text, is of type object$/],
  [{ tls: { serverName: 5 } }, /^tls\.serverName must be a text/],
  [{ tokenFile: 0 }, /^tokenFile must be a text/],
  [{ dial: "grpc-js" }, /^dial must be a function, is "grpc-js"$/],
  [{ warn: true }, /^warn must be a function/],
  [null, /^options must be an object, is null$/],
];

for (const [options, message] of refusedOptions) {
  test(`options ${JSON.stringify(options)} are refused`, () => {
    assert.throws(() => new StrategicMemoryClient("127.0.0.1:1", options as ClientOptions), { message });
  });
}

for (const address of ["", "127.0.0.1", "http://127.0.0.1:1", "127.0.0.1:0", "127.0.0.1:65536", "::1:50051", "a b:1", []]) {
  test(`address ${JSON.stringify(address)} is refused`, () => {
    assert.throws(() => new StrategicMemoryClient(address), { name: "RangeError", message: /^address: / });
  });
}

test("a token goes nowhere in the open", () => {
  for (const address of ["memory.test:1", "10.0.0.1:1", "127.0.0.1.test:1", "[::2]:1"]) {
    const made = (): unknown => new StrategicMemoryClient(["127.0.0.1:1", address], { token: "secret" });
    assert.throws(made, (error: Error) => error.message.includes(address) && !error.message.includes("secret"));
  }
  for (const address of ["127.0.0.1:1", "localhost:1", "[::1]:1"]) new StrategicMemoryClient(address, { token: "secret" });
  new StrategicMemoryClient("memory.test:1", { token: "secret", tls: {} });
});

const refusedSubscriptions: [unknown, RegExp][] = [
  [{ resumeAfter: { revision: -1 } }, /^resumeAfter\.revision must be a whole number from 0/],
  [{ resumeAfter: { revision: 1, epoche: "one" } }, /^resumeAfter has no "epoche"/],
  [{ resume_after: { revision: 1 } }, /^follow has no "resume_after"/],
  [{ delivery: "ALL" }, /^delivery must be "LATEST" or "EVERY"/],
  [{ sendCurrent: 1 }, /^sendCurrent must be true or false/],
  [{ signal: null }, /^signal must be an AbortSignal, is null$/],
  [{ signal: "end" }, /^signal must be an AbortSignal, is end$/],
];

for (const [options, message] of refusedSubscriptions) {
  test(`a subscription ${JSON.stringify(options)} is refused`, () => {
    using client = new StrategicMemoryClient("127.0.0.1:1");
    assert.throws(() => client.follow(options as FollowOptions), { message });
  });
}

test("an interval of heartbeats can be sent whatever its fraction", () => {
  const attempt = { address: "127.0.0.1:1", portfolio: "", resumeAfter: null, sendCurrent: false, delivery: "LATEST" } as const;
  const request = streamRequest({ ...attempt, heartbeatIntervalMs: 10_000 / 3 });
  assert.equal(request.heartbeatInterval?.nanos, 333_000_000);
  assert.ok(toBinary(StreamFeedbackRequestSchema, request).length > 0);
});

test("a request that does not fit is refused before it is sent, and names the field", async () => {
  using client = new StrategicMemoryClient("127.0.0.1:1");
  for (const [given, field] of [
    [{ settings: { tradeWindow: -1 } }, "settings.tradeWindow"],
    [{ settings: { trade_window: 10 } }, "settings.trade_window"],
    [{ settings: { rules: "BOTH" } }, "settings.rules"],
    [{ settings: { policyRules: { policy: "BALANCED" } } }, "settings.policyRules"],
    [{ settings: { policyRules: [{ policy: "UNSPECIFIED" }] } }, "settings.policyRules[0].policy"],
    [{ memory: { tradeResults: { realizedPnl: [0.1, "0.2"] } } }, "memory.tradeResults.realizedPnl[1]"],
    [{ memory: { tradeResults: { realizedPnl: [0.1], timeMs: [0.5] } } }, "memory.tradeResults.timeMs[0]"],
  ] as const) {
    await assert.rejects(client.analyze(given as never), (error: { violations?: { field: string }[] }) => {
      assert.equal(error.violations?.[0]?.field, field);
      return true;
    });
  }
});

test("how long a call may take is not misspelt without effect", async () => {
  using client = new StrategicMemoryClient("127.0.0.1:1", { warn: () => {} });
  for (const method of ["getFeedback", "waitForNewest", "analyze"] as const) {
    const misspelt = new RegExp(`^${method} has no "timeout": it takes .*timeoutMs$`);
    await assert.rejects(client[method]({ timeout: 5 } as never), { name: "RangeError", message: misspelt });
    await assert.rejects(client[method](5_000 as never), { message: `${method} must be an object, is 5000` });
  }
});

test("channels look for a lost server every second at the least, and take large answers", () => {
  const options = channelOptions({ ...settingsOf({}, dialGrpcJs), tls: null, token: null });
  assert.equal(options["grpc.max_reconnect_backoff_ms"], 1_000);
  assert.equal(options["grpc.max_receive_message_length"], 64 * 1024 * 1024);
  assert.equal(settingsOf({}, dialGrpcJs).backoff.maxMs, 2_000);
  // Pings that are not sent more often than the service permits, and never without a call.
  assert.ok(options["grpc.keepalive_time_ms"]! >= 20_000);
  assert.equal(options["grpc.keepalive_permit_without_calls"], 0);
});

test("a client that was closed says so", async () => {
  const client = new StrategicMemoryClient("127.0.0.1:1", { warn: () => {} });
  client.keepNewest();
  client.close();
  client.close();
  assert.equal(client.newest.status, "WARMING_UP");
  assert.throws(() => client.keepNewest(), ClientClosedError);
  await assert.rejects(client.getFeedback(), ClientClosedError);
});
