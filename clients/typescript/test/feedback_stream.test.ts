import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { create, toBinary } from "@bufbuild/protobuf";
import { HeartbeatSchema } from "../src/generated/strategic_memory/v1/feedback_pb.js";
import { StreamFeedbackResponseSchema } from "../src/generated/strategic_memory/v1/service_pb.js";
import { SilentServerError } from "../src/index.js";
import { dialConnectNode } from "../src/transports/connect_node.js";
import { Connections } from "../src/transports/connections.js";
import { FeedbackStream } from "../src/transports/feedback_stream.js";
import { dialGrpcJs } from "../src/transports/grpc_js.js";
import { settingsOf } from "../src/values/options.js";

const SILENCE_MS = 300;

/** In a thread of its own: it answers with one message, and sends one more whenever it is told to, which is then in the socket. */
const SENDS = `const { parentPort, workerData: { message, sent } } = require("node:worker_threads");
  const server = require("node:http2").createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.respond({ "content-type": "application/grpc" });
    stream.write(message);
    parentPort.on("message", () => stream.write(message, () => {
      Atomics.store(sent, 0, 1);
      Atomics.notify(sent, 0);
    }));
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`;

/** One message as gRPC frames it. */
function framed(): Buffer {
  const message = create(StreamFeedbackResponseSchema, { event: { case: "heartbeat", value: create(HeartbeatSchema) } });
  const bytes = toBinary(StreamFeedbackResponseSchema, message);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

for (const [name, dial] of Object.entries({ "grpc-js": dialGrpcJs, "connect-node": dialConnectNode })) {
  test(`${name}: what came while the program stood still is no silence`, { timeout: 60_000 }, async (context) => {
    const sent = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(SENDS, { eval: true, workerData: { message: framed(), sent } });
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
}
