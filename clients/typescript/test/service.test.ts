/** Against a real service whose address is in STRATEGIC_MEMORY_ADDRESS, and has published; skipped without. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  AccessDeniedError,
  type ClientOptions,
  DeadlineExceededError,
  InvalidRequestError,
  MessageTooLargeError,
  ResumePointError,
  ServiceUnavailableError,
  StrategicMemoryClient,
} from "../src/index.js";
import { dialConnectNode } from "../src/transports/connect_node.js";
import { dialGrpcJs } from "../src/transports/grpc_js.js";

const ADDRESS = process.env["STRATEGIC_MEMORY_ADDRESS"];
const TLS_ADDRESS = process.env["STRATEGIC_MEMORY_TLS_ADDRESS"];
const TOKEN_FILE = process.env["STRATEGIC_MEMORY_TOKEN_FILE"];
const ROOT_CERTIFICATES = process.env["STRATEGIC_MEMORY_ROOT_CERTIFICATES"];
const SILENT_ADDRESS = process.env["STRATEGIC_MEMORY_SILENT_ADDRESS"];
const NOWHERE = "127.0.0.1:1";

const open: StrategicMemoryClient[] = [];
after(() => open.forEach((client) => client.close()));

for (const [name, dial] of Object.entries({ "grpc-js": dialGrpcJs, "connect-node": dialConnectNode })) {
  const clientOf = (address: string | string[], options: ClientOptions = {}): StrategicMemoryClient => {
    const client = new StrategicMemoryClient(address, { dial, warn: () => {}, ...options });
    open.push(client);
    return client;
  };
  const onService = (what: string, run: (address: string) => Promise<void>): void =>
    void test(`${name}: ${what}`, { skip: ADDRESS === undefined }, () => run(ADDRESS!));

  onService("the feedback in force is asked for, at the second server where the first is away", async (address) => {
    const feedback = await clientOf([NOWHERE, address]).getFeedback();
    assert.equal(feedback.status, "ACTIVE");
    assert.ok(feedback.revision > 0 && feedback.epoch !== "" && feedback.sentAt !== null);
  });

  onService("newest is safe until it was heard, then what is in force, and safe again once closed", async (address) => {
    const client = clientOf(address);
    assert.equal(client.newest.status, "WARMING_UP");
    const newest = await client.waitForNewest();
    assert.equal(newest.status, "ACTIVE");
    client.close();
    assert.equal(client.newest.status, "STALE");
    assert.equal(client.newest.updatedPolicy, "CONSERVATIVE");
  });

  onService("a subscription starts with what is in force, and ends when the client is closed", async (address) => {
    const client = clientOf(address);
    const seen: number[] = [];
    for await (const feedback of client.follow()) {
      seen.push(feedback.revision);
      client.close();
    }
    assert.equal(seen.length, 1);
  });

  onService("a subscription resumes, with its own feedback where that is asked for", async (address) => {
    const client = clientOf(address);
    const { revision, epoch } = await client.getFeedback();
    const resumed = client.followEvents({ resumeAfter: { revision, epoch }, heartbeatIntervalMs: 100 });
    assert.equal((await resumed.next()).value?.type, "heartbeat");
    await resumed.return();
    for await (const feedback of client.follow({ resumeAfter: { revision, epoch }, sendCurrent: true })) {
      assert.equal(feedback.revision, revision);
      break;
    }
  });

  onService("a place that the log does not have is refused with its reason", async (address) => {
    const client = clientOf(address);
    const { epoch, revision } = await client.getFeedback();
    const resumeAfter = { revision: 10 ** 9, epoch };
    const refused = clientOf(address, { catchUpMs: 1 }).follow({ resumeAfter, delivery: "EVERY" }).next();
    await assert.rejects(refused, (error) => {
      assert.ok(error instanceof ResumePointError);
      assert.deepEqual([error.reason, error.current, error.epoch], ["REVISION_IN_FUTURE", revision, epoch]);
      return true;
    });
  });

  onService("a signal ends a subscription without an error", async (address) => {
    const stopping = new AbortController();
    const following = clientOf(address).follow({ signal: stopping.signal });
    assert.equal((await following.next()).done, false);
    const waiting = following.next();
    stopping.abort();
    assert.equal((await waiting).done, true);
  });

  onService("observations of one's own are analysed", async (address) => {
    const { analysis, feedback } = await clientOf(address).analyze({
      memory: {
        regimeObservations: { regime: ["BULL", "BULL", "BEAR"], pnl: [0.4, null, -0.1], timeMs: [1, 2, new Date(3)] },
        tradeResults: { marketRegime: ["BULL"], realizedPnl: new Float64Array([0.2]), policy: ["BALANCED"], timeMs: [4] },
      },
      settings: { minimumSamples: 1, asOf: new Date(10), maxAgeMs: 60_000 },
    });
    assert.equal(analysis.preferredRegime, "BULL");
    assert.equal(feedback.preferredRegime, "BULL");
    assert.equal(feedback.revision, 0);
  });

  onService("what is wrong with a column is told by its name", async (address) => {
    const memory = { tradeResults: { realizedPnl: [0.1, Infinity], policy: ["BALANCED" as const, null] } };
    await assert.rejects(clientOf(address).analyze({ memory }), (error) => {
      assert.ok(error instanceof InvalidRequestError);
      assert.equal(error.violations[0]?.field, "memory.tradeResults.realizedPnl[1]");
      return true;
    });
  });

  onService("an answer above the limit is an error that says so", async (address) => {
    await assert.rejects(clientOf(address, { maxMessageBytes: 10 }).getFeedback(), MessageTooLargeError);
    await assert.rejects(clientOf(address, { maxMessageBytes: 10 }).follow().next(), MessageTooLargeError);
  });

  test(`${name}: a server that is not there is an error with its address`, async () => {
    await assert.rejects(clientOf(NOWHERE).getFeedback(), (error) => {
      assert.ok(error instanceof ServiceUnavailableError);
      assert.equal(error.address, NOWHERE);
      return true;
    });
    await assert.rejects(clientOf(NOWHERE).follow({ giveUpAfterMs: 300 }).next(), ServiceUnavailableError);
  });

  test(`${name}: a call has a deadline, and so has silence`, { skip: SILENT_ADDRESS === undefined }, async () => {
    const client = clientOf(SILENT_ADDRESS!, { heartbeatIntervalMs: 100, missedHeartbeats: 1, connectTimeoutMs: 300 });
    await assert.rejects(client.getFeedback({ timeoutMs: 300 }), (error) => {
      assert.ok(error instanceof DeadlineExceededError || error instanceof ServiceUnavailableError);
      return true;
    });
    await assert.rejects(client.follow({ giveUpAfterMs: 1 }).next(), ServiceUnavailableError);
  });

  test(`${name}: the connection is encrypted where that is asked for`, { skip: TLS_ADDRESS === undefined }, async () => {
    const tls = { rootCertificates: ROOT_CERTIFICATES!, serverName: "memory.test" };
    const tokenFile = TOKEN_FILE!;
    const feedback = await clientOf(TLS_ADDRESS!, { tls, tokenFile }).getFeedback();
    assert.equal(feedback.status, "ACTIVE");
    for await (const { status } of clientOf(TLS_ADDRESS!, { tls, tokenFile }).follow()) {
      assert.equal(status, "ACTIVE");
      break;
    }
    await assert.rejects(clientOf(TLS_ADDRESS!, { tls: {}, tokenFile }).getFeedback(), ServiceUnavailableError);
    await assert.rejects(clientOf(TLS_ADDRESS!).getFeedback());
  });

  test(`${name}: who is not known, or may not, is told so`, { skip: TLS_ADDRESS === undefined }, async () => {
    const tls = { rootCertificates: ROOT_CERTIFICATES!, serverName: "memory.test" };
    const denied = (reason: string) => (error: unknown) => error instanceof AccessDeniedError && error.reason === reason;
    const unknown = clientOf(TLS_ADDRESS!, { tls, token: "another" });
    await assert.rejects(unknown.getFeedback(), denied("NOT_IDENTIFIED"));
    await assert.rejects(unknown.follow().next(), denied("NOT_IDENTIFIED"));
    await assert.rejects(clientOf(TLS_ADDRESS!, { tls, tokenFile: TOKEN_FILE! }).analyze(), denied("OUT_OF_SCOPE"));
  });
}
