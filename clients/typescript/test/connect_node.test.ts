import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { ServiceUnavailableError, StrategicMemoryClient } from "../src/index.js";
import { dialConnectNode } from "../src/transports/connect_node.js";

for (const [what, says] of Object.entries({ "HTTP/1.1": "HTTP/1.1 400 Bad Request\r\n\r\n", "Redis": "-ERR unknown command\r\n" })) {
  test(`what speaks ${what} in place of the service ends no program`, async () => {
    const server = createServer((socket) => void socket.on("error", () => {}).once("data", () => socket.write(says)));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    using client = new StrategicMemoryClient(address, { dial: dialConnectNode, warn: () => {} });
    for (const ask of [() => client.getFeedback(), () => client.followEvents({ giveUpAfterMs: 1 }).next()]) {
      const left = once(server, "connection").then(([socket]) => once(socket, "close"));
      await assert.rejects(ask(), ServiceUnavailableError);
      await left; // the fault of the session comes with the end of its socket
    }
    server.close();
  });
}

test("a connection that is reset before it is made is not the fault of the service: the next server is asked", async () => {
  const server = createServer((socket) => void socket.once("data", () => socket.resetAndDestroy()));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  using client = new StrategicMemoryClient([address, "127.0.0.1:1"], { dial: dialConnectNode, tls: {}, warn: () => {} });
  await assert.rejects(client.getFeedback(), { name: "ServiceUnavailableError", address: "127.0.0.1:1" });
  server.close();
});

test("what hangs up on a plain connection, as a port of TLS does, is named", async () => {
  const server = createServer((socket) => void socket.on("error", () => {}).once("data", () => socket.end()));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  using client = new StrategicMemoryClient(address, { dial: dialConnectNode, warn: () => {} });
  const named = { name: "ServiceUnavailableError", message: /ends connections before they are made: .* whether it wants TLS/ };
  await assert.rejects(client.getFeedback(), named);
  await assert.rejects(client.followEvents({ giveUpAfterMs: 1 }).next(), named);
  server.close();
});
