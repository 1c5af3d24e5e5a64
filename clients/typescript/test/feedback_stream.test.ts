import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { type MessageInitShape, create, toBinary } from "@bufbuild/protobuf";
import { HeartbeatSchema } from "../src/generated/strategic_memory/v1/feedback_pb.js";
import { StreamFeedbackResponseSchema } from "../src/generated/strategic_memory/v1/service_pb.js";
import { SilentServerError, StrategicMemoryClient } from "../src/index.js";
import { dialConnectNode } from "../src/transports/connect_node.js";
import { Connections } from "../src/transports/connections.js";
import { FeedbackStream } from "../src/transports/feedback_stream.js";
import { dialGrpcJs } from "../src/transports/grpc_js.js";
import { settingsOf } from "../src/values/options.js";
import { at, wireFeedback } from "./made_up.js";

const SILENCE_MS = 300;

/** In a thread of its own: it answers with a message, if any, and sends one whenever it is told to, which is then in the socket. */
const SENDS = `const { parentPort, workerData: { first, message, sent } } = require("node:worker_threads");
  const server = require("node:http2").createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.respond({ "content-type": "application/grpc" });
    if (first) stream.write(first);
    parentPort.postMessage("opened");
    parentPort.on("message", () => stream.write(message, () => {
      Atomics.store(sent, 0, 1);
      Atomics.notify(sent, 0);
    }));
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`;

/** One message as gRPC frames it. */
function framed(said: MessageInitShape<typeof StreamFeedbackResponseSchema>): Buffer {
  const message = create(StreamFeedbackResponseSchema, said);
  const bytes = toBinary(StreamFeedbackResponseSchema, message);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

const HEARTBEAT = framed({ event: { case: "heartbeat", value: create(HeartbeatSchema) } });
const FEEDBACK = framed({ event: { case: "feedback", value: wireFeedback() }, sentAt: at(0) });

for (const [name, dial] of Object.entries({ "grpc-js": dialGrpcJs, "connect-node": dialConnectNode })) {
  test(`${name}: what came while the program stood still is no silence`, { timeout: 60_000 }, async (context) => {
    const sent = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(SENDS, { eval: true, workerData: { first: HEARTBEAT, message: HEARTBEAT, sent } });
    const [port] = (await once(worker, "message")) as [number];
    const address = `127.0.0.1:${port}`;
    const connections = new Connections([address], settingsOf({}, dial));
    context.after(() => (connections.close(), worker.terminate()));
    const attempt = { address, portfolio: "", resumeAfter: null, sendCurrent: false, delivery: "LATEST", heartbeatIntervalMs: 1_000 } as const;
    const stream = new FeedbackStream(connections, attempt);
    const { signal } = new AbortController();
    const receive = (silenceMs: number) => stream.receive(silenceMs, signal, assert.fail);
    const heard = async (waiting: ReturnType<typeof receive>): Promise<void> => {
      const message = await waiting;
      assert.ok(message !== null && message !== "aborted" && message.type === "heartbeat");
    };
    await heard(receive(60_000));
    const waiting = receive(SILENCE_MS);
    worker.postMessage("send");
    assert.notEqual(Atomics.wait(sent, 0, 0, 30_000), "timed-out");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * SILENCE_MS);
    await heard(waiting);
    await assert.rejects(receive(SILENCE_MS), SilentServerError);
    stream.close();
  });

  test(`${name}: a connection that is made while the program stands still is there`, { timeout: 60_000 }, async (context) => {
    const worker = new Worker(SENDS, { eval: true, workerData: { first: HEARTBEAT } });
    const [port] = (await once(worker, "message")) as [number];
    const address = `127.0.0.1:${port}`;
    const connections = new Connections([address], settingsOf({ connectTimeoutMs: SILENCE_MS }, dial));
    context.after(() => (connections.close(), worker.terminate()));
    const attempt = { address, portfolio: "", resumeAfter: null, sendCurrent: false, delivery: "LATEST", heartbeatIntervalMs: 1_000 } as const;
    const stream = new FeedbackStream(connections, attempt);
    const message = stream.receive(60_000, new AbortController().signal, assert.fail);
    await new Promise(setImmediate); // timers are next
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * SILENCE_MS);
    assert.notEqual(await message, "aborted");
    stream.close();
  });

  test(`${name}: waiting for the newest takes what came while the program stood still`, { timeout: 60_000 }, async (context) => {
    const sent = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(SENDS, { eval: true, workerData: { message: FEEDBACK, sent } });
    const [port] = (await once(worker, "message")) as [number];
    const client = new StrategicMemoryClient(`127.0.0.1:${port}`, { dial, warn: () => {} });
    context.after(() => (client.close(), worker.terminate()));
    const opened = once(worker, "message");
    client.keepNewest();
    await opened;
    assert.equal((await client.waitForNewest({ timeoutMs: 1 })).status, "WARMING_UP");
    await new Promise(setImmediate); // timers are next
    const waiting = client.waitForNewest({ timeoutMs: SILENCE_MS });
    worker.postMessage("send");
    assert.notEqual(Atomics.wait(sent, 0, 0, 30_000), "timed-out");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * SILENCE_MS);
    assert.equal((await waiting).status, "ACTIVE");
  });
}
