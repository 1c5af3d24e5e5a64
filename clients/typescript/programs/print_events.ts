/**
 * Follows a service and prints what comes, one JSON object a line; ends when its standard input does.
 *
 * Usage: node print_events.js '{"addresses": ["127.0.0.1:50051"], "delivery": "EVERY", "transport": "connect-node",
 *                               "heartbeatMs": 1000, "newestEveryMs": 20}'
 *
 * With `newestEveryMs` it prints `newest` so often beside. After an error that ends what it follows it starts afresh.
 */

import { type Delivery, StrategicMemoryClient, StrategicMemoryError } from "../src/index.js";
import { dialConnectNode } from "../src/transports/connect_node.js";
import { dialGrpcJs } from "../src/transports/grpc_js.js";

interface Asked {
  readonly addresses: readonly string[];
  readonly delivery?: Delivery;
  readonly transport?: string;
  readonly heartbeatMs?: number;
  readonly newestEveryMs?: number;
}

const asked = JSON.parse(process.argv[2] ?? "{}") as Asked;
const client = new StrategicMemoryClient(asked.addresses, {
  dial: asked.transport === "connect-node" ? dialConnectNode : dialGrpcJs,
  ...(asked.heartbeatMs === undefined ? {} : { heartbeatIntervalMs: asked.heartbeatMs }),
});
let isEnding = false;

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function told(error: unknown): object {
  if (!(error instanceof StrategicMemoryError)) throw error;
  return { error: error.name, reason: error.reason, message: error.message };
}

process.stdin.resume();
process.stdin.on("end", () => {
  isEnding = true;
  client.close();
});

if (asked.newestEveryMs !== undefined) {
  client.keepNewest();
  const reading = setInterval(() => print({ event: "newest", feedback: client.newest }), asked.newestEveryMs);
  process.stdin.on("end", () => clearInterval(reading));
}

while (!isEnding) {
  try {
    for await (const { type, ...what } of client.followEvents({ delivery: asked.delivery ?? "LATEST" })) {
      print({ event: type, ...what, ...("error" in what ? told(what.error) : {}) });
    }
  } catch (error) {
    print({ event: "ended", ...told(error) });
  }
}
