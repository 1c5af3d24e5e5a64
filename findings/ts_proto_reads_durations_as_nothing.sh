#!/usr/bin/env bash
# ts-proto 2.18.0: a Duration in proto3 JSON is read as 0 seconds without a word, and is written as no other library reads it.
#
# Guessed: fromJSON takes "15s" as it takes "2024-01-05T09:30:00Z" of the Timestamp beside it, or refuses it.
# Seen: "15s" becomes { seconds: 0, nanos: 0 }, and toJSON writes {"seconds":15}, which the JSON mapping does not have:
# protobuf 7.36.2 for Python refuses it. The Timestamp, enums by name and NaN are read and written as the mapping says.
# What follows: a heartbeat interval or a delay from a JSON file, a gateway or grpcurl is 0 in TypeScript made by ts-proto; set such
# fields from numbers, or take protobuf-es.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check grpcio-tools==1.85.1 protobuf==7.36.2
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund ts-proto@2.18.0 @bufbuild/protobuf@2.17.0 typescript@7.0.2
cat >probe.proto <<'PROTO'
syntax = "proto3";
import "google/protobuf/duration.proto";
import "google/protobuf/timestamp.proto";
message Asked {
  google.protobuf.Duration heartbeat = 1;
  google.protobuf.Timestamp since = 2;
  double floor = 3;
}
PROTO
mkdir typed
venv/bin/python -m grpc_tools.protoc -I. --python_out=. --plugin=protoc-gen-ts_proto=node_modules/.bin/protoc-gen-ts_proto \
    --ts_proto_out=typed --ts_proto_opt=importSuffix=.js probe.proto
npx tsc --target es2022 --module nodenext --skipLibCheck --outDir plain typed/probe.ts typed/google/protobuf/*.ts
cat >ask.js <<'JS'
import assert from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { Asked } from "./plain/probe.js";

const { version } = JSON.parse(readFileSync("node_modules/ts-proto/package.json"));
const read = Asked.fromJSON({ heartbeat: "15s", since: "2024-01-05T09:30:00Z", floor: "NaN" });
const written = JSON.stringify(Asked.toJSON({ heartbeat: { seconds: 15, nanos: 0 }, since: undefined, floor: 0 }));
console.log(`ts-proto ${version}: "15s" is read as ${JSON.stringify(read.heartbeat)}; 15 seconds are written as ${written}`);
assert.deepEqual(read.heartbeat, { seconds: 0, nanos: 0 });
assert.equal(read.since.toISOString(), "2024-01-05T09:30:00.000Z");
assert.ok(Number.isNaN(read.floor));
assert.equal(written, '{"heartbeat":{"seconds":15}}');
writeFileSync("written.json", written);
JS
node ask.js
venv/bin/python - <<'PYTHON'
from pathlib import Path

from google.protobuf import json_format
from probe_pb2 import Asked

assert json_format.Parse('{"heartbeat": "15s"}', Asked()).heartbeat.seconds == 15
try:
    json_format.Parse(Path("written.json").read_text(), Asked())
except json_format.ParseError as error:
    print(f"protobuf for Python: {error}")
else:
    raise AssertionError("protobuf for Python reads it")
PYTHON
