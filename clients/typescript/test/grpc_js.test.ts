import assert from "node:assert/strict";
import { once } from "node:events";
import { type Http2Session, createServer, constants } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { HeartbeatSchema } from "../src/generated/strategic_memory/v1/feedback_pb.js";
import {
  StreamFeedbackRequestSchema,
  StrategicMemoryService,
  StreamFeedbackResponseSchema,
} from "../src/generated/strategic_memory/v1/service_pb.js";
import { dialGrpcJs } from "../src/transports/grpc_js.js";
import { settingsOf } from "../src/values/options.js";

/** One message as gRPC frames it. */
function framed(): Buffer {
  const message = create(StreamFeedbackResponseSchema, { event: { case: "heartbeat", value: create(HeartbeatSchema) } });
  const bytes = toBinary(StreamFeedbackResponseSchema, message);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

test("a stream whose connection takes no new ones, as one that has reached its age, is not taken for one without", { timeout: 60_000 }, async (context) => {
  const connectTimeoutMs = 500;
  const sessions: Http2Session[] = [];
  const server = createServer().on("session", (session) => sessions.push(session));
  server.on("stream", (stream) => {
    stream.respond({ [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc" }, { waitForTrailers: true });
    stream.write(framed());
    // More than the time for connecting passes before the rest.
    setTimeout(() => stream.end(framed()), 3 * connectTimeoutMs);
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { keepaliveTimeMs, keepaliveTimeoutMs, maxMessageBytes } = settingsOf({}, dialGrpcJs);
  const limits = { connectTimeoutMs, keepaliveTimeMs, keepaliveTimeoutMs, maxMessageBytes };
  const connection = dialGrpcJs(address, { ...limits, tls: null, token: null });
  context.after(() => {
    connection.close();
    for (const session of sessions) session.destroy();
    server.close();
  });
  const stream = connection.stream(StrategicMemoryService.method.streamFeedback, create(StreamFeedbackRequestSchema));
  assert.equal((await stream.next())?.event.case, "heartbeat");
  sessions[0]!.goaway(0);
  assert.equal((await stream.next())?.event.case, "heartbeat");
  assert.equal(await stream.next(), undefined);
});
