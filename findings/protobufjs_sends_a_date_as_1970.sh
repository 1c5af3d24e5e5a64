#!/usr/bin/env bash
# protobufjs 8.8.1: a Date in a field of google.protobuf.Timestamp is sent as 1970, and `verify` finds nothing wrong with it.
#
# Guessed: fromObject takes a Date for a Timestamp, as it takes a number or a text for a Long, or refuses it, as it does a text there.
# Seen: a Date is an object without `seconds` and `nanos`, so the Timestamp is empty, which every reader takes for 1970-01-01 00:00;
# `create` with `encode` does the same. `verify` says null of it, and refuses the text. In a uint32, -1 passes `verify` and is sent as
# 4294967295, and 2^32 as 0.
# What follows: `{ seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 }`; a trade's time or a `since` is 1970 otherwise, and
# no test that only looks for errors shows it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund protobufjs@8.8.1
cat >probe.proto <<'PROTO'
syntax = "proto3";
import "google/protobuf/timestamp.proto";
message Trade {
  google.protobuf.Timestamp closed_at = 1;
  uint32 lots = 2;
}
PROTO
cat >send.js <<'JS'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import protobuf from "protobufjs";

const { version } = JSON.parse(readFileSync("node_modules/protobufjs/package.json"));
const Trade = protobuf.loadSync("probe.proto").lookupType("Trade");
function read(name, object, build) {
  const checked = Trade.verify(object);
  let received;
  try {
    received = Trade.decode(Trade.encode(build(object)).finish());
  } catch (error) {
    received = undefined;
  }
  const { closedAt, lots } = received ?? {};
  const time = closedAt && new Date(1000 * Number(closedAt.seconds) + closedAt.nanos / 1e6).toISOString();
  console.log(`protobufjs ${version}: ${name}: verify says ${checked}; read as ${received ? (time ?? lots) : "nothing, it is refused"}`);
  return [checked, time ?? (received && lots)];
}
const date = new Date("2024-01-05T09:30:00.123Z");
const ms = date.getTime();
const whole = { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
const from = (object) => Trade.fromObject(object);
const epoch = "1970-01-01T00:00:00.000Z";
assert.deepEqual(read("a Date", { closedAt: date }, from), [null, epoch]);
assert.deepEqual(read("a Date, by create", { closedAt: date }, (object) => Trade.create(object)), [null, epoch]);
assert.deepEqual(read("seconds and nanos", { closedAt: whole }, from), [null, date.toISOString()]);
assert.deepEqual(read("its text", { closedAt: date.toISOString() }, from), ["closedAt.object expected", undefined]);
assert.deepEqual(read("-1 lots", { lots: -1 }, from), [null, 4_294_967_295]);
assert.deepEqual(read("2^32 lots", { lots: 2 ** 32 }, from), [null, 0]);
JS
node send.js
