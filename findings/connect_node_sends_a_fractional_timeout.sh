#!/usr/bin/env bash
# @connectrpc/connect-node 2.2.0: a timeout with a fraction of a millisecond goes over the wire as it is, which is no gRPC.
#
# Guessed: `timeoutMs` is a number, so 4999.5 is rounded to whole milliseconds, or sent in a smaller unit: the gRPC
# protocol has `grpc-timeout` as at most 8 digits and a unit.
# Seen: `grpc-timeout: 4999.5m`; 5000 is sent as 5000m.
# What follows: what is left of a deadline (performance.now() has fractions) is what a client passes on; servers that keep
# to the protocol refuse such a call at once (one of grpc-core with INTERNAL), and whole numbers in tests never show it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund @connectrpc/connect@2.2.0 @connectrpc/connect-node@2.2.0 @bufbuild/protobuf@2.12.0
cat >ask.js <<'JS'
import http2 from "node:http2";
import { readFileSync } from "node:fs";
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, file_google_protobuf_empty } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

const empty = ".google.protobuf.Empty";
const file = create(FileDescriptorProtoSchema, {
  name: "probe.proto",
  syntax: "proto3",
  dependency: ["google/protobuf/empty.proto"],
  service: [{ name: "Probe", method: [{ name: "Ask", inputType: empty, outputType: empty }] }],
});
const registry = createFileRegistry(file, () => file_google_protobuf_empty);

let sent;
const server = http2.createServer((request, response) => {
  sent = request.headers["grpc-timeout"];
  response.writeHead(200, { "content-type": "application/grpc+proto" });
  response.addTrailers({ "grpc-status": "0" });
  response.end(Buffer.from([0, 0, 0, 0, 0]));
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${server.address().port}` });
const client = createClient(registry.getService("Probe"), transport);
const version = JSON.parse(readFileSync("node_modules/@connectrpc/connect-node/package.json")).version;
const seen = [];
for (const timeoutMs of [5000, 4999.5]) {
  await client.ask({}, { timeoutMs });
  console.log(`@connectrpc/connect-node ${version}: timeoutMs ${timeoutMs} is sent as grpc-timeout: ${sent}`);
  seen.push(sent);
}
process.exit(seen.join() === "5000m,4999.5m" ? 0 : 1);
JS
node ask.js
