import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { HeartbeatSchema } from "../src/generated/strategic_memory/v1/feedback_pb.js";
import {
  GetFeedbackRequestSchema,
  StrategicMemoryService,
  StreamFeedbackResponseSchema,
} from "../src/generated/strategic_memory/v1/service_pb.js";
import { StrategicMemoryClient } from "../src/index.js";
import { type Connection, FailedCall } from "../src/transports/connection.js";
import { Connections } from "../src/transports/connections.js";
import { settingsOf } from "../src/values/options.js";

const ADDRESS = "127.0.0.1:1";
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;

/** A call that ends when it is told to. */
interface Call {
  readonly on: number;
  fail(code: number): Promise<void>;
}

/** Connections to nobody, their calls, and the numbers of those that were closed. */
function made(connectTimeoutMs: number) {
  const closed: number[] = [];
  let dialled = 0;
  let begun: { on: number; reject: (failure: unknown) => void } | undefined;
  const dial = (): Connection => {
    const on = dialled++;
    const unary = () => new Promise<never>((_, reject) => (begun = { on, reject }));
    return { unary, stream: () => assert.fail("no stream is opened"), close: () => void closed.push(on) };
  };
  const connections = new Connections([ADDRESS], settingsOf({ connectTimeoutMs }, dial));
  const call = (): Call => {
    const request = create(GetFeedbackRequestSchema);
    const answer = connections.callServer(ADDRESS, StrategicMemoryService.method.getFeedback, request, 1_000, () => null);
    const { on, reject } = begun!;
    const fail = async (code: number): Promise<void> => {
      reject(new FailedCall(code, ""));
      await assert.rejects(answer);
    };
    return { on, fail };
  };
  return { call, closed };
}

test("a call that times out ends no other on its connection, and the next one dials anew", async () => {
  const { call, closed } = made(5_000);
  await call().fail(NOT_FOUND);
  const [long, short] = [call(), call()];
  await short.fail(DEADLINE_EXCEEDED);
  assert.deepEqual(closed, []);
  assert.deepEqual([long.on, short.on, call().on], [0, 0, 1]);
  await long.fail(DEADLINE_EXCEEDED);
  assert.deepEqual(closed, [0]);
});

test("a connection that is still being made is given its time", async () => {
  const { call, closed } = made(5_000);
  await call().fail(DEADLINE_EXCEEDED);
  assert.equal(call().on, 0);
  assert.deepEqual(closed, []);
  const late = made(0.001);
  const first = late.call();
  await new Promise((resolve) => setTimeout(resolve, 2));
  await first.fail(DEADLINE_EXCEEDED);
  assert.equal(late.call().on, 1);
});

test("any number of missing heartbeats can be waited for", async () => {
  const event = { case: "heartbeat", value: create(HeartbeatSchema) } as const;
  const next = async (): Promise<never> => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return create(StreamFeedbackResponseSchema, { event }) as never;
  };
  const stream = () => ({ next, cancel: () => {} });
  const dial = (): Connection => ({ unary: () => assert.fail("no call is made"), stream, close: () => {} });
  using client = new StrategicMemoryClient(ADDRESS, { dial, missedHeartbeats: 1_000_000, warn: () => {} });
  for await (const { type } of client.followEvents()) {
    assert.equal(type, "heartbeat");
    break;
  }
});

test("many calls, streams and waits at once are not told as a leak", async () => {
  const told: Error[] = [];
  const listen = (warning: Error): void => void told.push(warning);
  process.on("warning", listen);
  const client = new StrategicMemoryClient(ADDRESS, { warn: () => {} });
  const streams = Array.from({ length: 11 }, () => client.followEvents());
  const asked = streams.flatMap((stream) => [client.getFeedback(), client.waitForNewest({ timeoutMs: 1 }), stream.next()]);
  await Promise.allSettled(asked);
  client.close();
  await new Promise(setImmediate);
  process.off("warning", listen);
  assert.deepEqual(told, []);
});
