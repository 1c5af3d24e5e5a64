// Follows the service: what it says is shown at once; when it is silent, the page says so and what holds meanwhile.

import { showRevisions } from "./charts.js";
import { about, fetchPortfolios, showName, showPortfolios } from "./portfolios.js";
import { operatorsHand, safeLeverages, showAdvice, showHealth, showMemory } from "./sections.js";
import { byId, define, lookOf, moment, span, statusOf } from "./writing.js";

const SILENT_MS = 1700;
const GIVEN_UP_MS = 5000;
const AGAIN_MS = 1000;
// One question that hangs would hold up all that follow.
const LONGEST_MS = 30000;
const MEMORY_MS = 5000;
const REVISIONS_MS = 1000;

const state = { now: null, heard: instant(), heardMs: 0, validMs: null, until: "", revision: "", revisionsAt: -Infinity, memoryAt: -Infinity, failure: "", refused: false };
const connection = { begun: instant(), end: new AbortController(), leastAhead: Infinity };

function instant() {
  return { steady: performance.now(), wall: Date.now() };
}

/** How long ago that was: one clock stands still while the machine sleeps, the other one may be set back. */
const since = (then) => Math.max(performance.now() - then.steady, Date.now() - then.wall);

function token() {
  return sessionStorage.getItem("token");
}

async function ask(path, signal = AbortSignal.timeout(LONGEST_MS)) {
  const headers = token() ? { authorization: `Bearer ${token()}` } : {};
  const answer = await fetch(path, { headers, cache: "no-store", signal });
  if (answer.status === 401 || answer.status === 403) {
    byId("login").hidden = false;
    throw new Error(sentence(await answer.text()));
  }
  byId("login").hidden = true;
  if (!answer.ok) throw Object.assign(new Error(sentence(await answer.text())), { status: answer.status });
  return answer;
}

function sentence(answer) {
  try {
    return JSON.parse(answer).failure ?? answer;
  } catch {
    return answer;
  }
}

/** Read server-sent events; EventSource could show no token. */
async function follow() {
  Object.assign(connection, { begun: instant(), end: new AbortController(), leastAhead: Infinity });
  const answer = await ask(about("/page/now"), connection.end.signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the service has ended the connection");
    const events = (waiting + value).split("\n\n");
    waiting = events.pop();
    events.forEach(hear);
  }
}

function hear(event) {
  const [, name, data] = /^event: (.*)\ndata: (.*)$/s.exec(event) ?? [];
  if (!name) return;
  const said = JSON.parse(data);
  const clock = name === "now" ? said.clock : said;
  // All counts from this one reading: should the page stand still before the next line, that prolongs nothing.
  const heard = instant();
  const late = lateness(clock.now_ms, heard);
  state.heard = heard;
  state.heardMs = clock.now_ms + late;
  state.failure = "";
  state.refused = false;
  state.validMs = clock.valid_for_ms === null ? null : clock.valid_for_ms - late;
  state.until = clock.valid_for_ms === null ? "" : moment(new Date(clock.now_ms + clock.valid_for_ms).toISOString());
  if (name === "now") {
    state.now = said.now;
    byId("shown").hidden = false;
    showHealth(said.now.health, said.now.feedback);
    refresh();
  }
  show();
}

/** How long ago that was said: a page that was frozen, or a proxy, has it wait. What waited too long is not taken. */
function lateness(saidMs, heard) {
  const ahead = heard.wall - saidMs;
  connection.leastAhead = Math.min(connection.leastAhead, ahead);
  const late = ahead - connection.leastAhead;
  if (late > GIVEN_UP_MS) throw new Error("what the service says comes too late");
  return late;
}

/** Nobody tells this side that the other one is gone, where the network between them was cut. */
function giveUpSilent() {
  if (Math.min(since(state.heard), since(connection.begun)) > GIVEN_UP_MS) connection.end.abort(new Error("it is silent"));
}

const isSilent = () => state.failure !== "" || since(state.heard) > SILENT_MS;

const leftMs = () => state.validMs - since(state.heard);

const isOver = () => state.refused || (state.validMs !== null && leftMs() < 0);

const status = () => statusOf(state.now.feedback);

function show() {
  if (!state.now) return;
  const { feedback, health } = state.now;
  const over = isOver() && status() === "ACTIVE";
  const said = over ? "STALE" : status();
  setText("status", `${said}${isSilent() && !state.refused ? ", no contact" : ""}`);
  byId("status").className = isSilent() ? "bad" : lookOf(said);
  const key = JSON.stringify([feedback, over]);
  if (key !== state.shown) {
    state.shown = key;
    showAdvice(feedback, over);
    const hand = operatorsHand(feedback);
    byId("hand").hidden = !hand;
    setText("hand", hand);
    setText("reasons-note", said === "STALE" ? "Reasons of what it said last, which holds no more." : "");
  }
  define(byId("validity"), [
    ["Status", said, `large ${lookOf(said)}`],
    ["Holds for", state.validMs === null || said !== "ACTIVE" ? undefined : span(leftMs()), "large"],
    ["Until", moment(feedback.valid_until)],
    ["Newest entry", moment(feedback.data_as_of)],
    ["Said", moment(feedback.timestamp)],
  ]);
  alarm(alarms(feedback, health, said));
  showPortfolios(state.heardMs + since(state.heard));
}

/** What must be known before all else. It counts no seconds: a screen reader reads out each change of it. */
function alarms(feedback, health, said) {
  const instead = `act as if it said CONSERVATIVE, confidence 0 and leverage ${safeLeverages(feedback).preferred}`;
  if (state.refused) return `The service has no advice for this page (${state.failure}): ${instead}.`;
  if (isSilent()) {
    const why = state.failure ? ` (${state.failure})` : "";
    return said === "ACTIVE" && !isOver()
      ? `No contact with the service${why}. What it said last holds until ${state.until}; then ${instead}.`
      : `No contact with the service${why}: ${instead}.`;
  }
  const failure = health.metrics.sync.failure ?? health.problems.find((problem) => problem.startsWith("feedback log: "));
  if (failure) return `The service cannot read or write Redis (${failure}). What it said holds until ${moment(feedback.valid_until) ?? "then"}; then ${instead}.`;
  if (said === "STALE") return `The advice is stale: ${instead}.`;
  return "";
}

function alarm(text) {
  byId("alarm").hidden = !text;
  setText("alarm", text);
}

function setText(id, text) {
  // What has not changed is not read out again.
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

/** Fetch what is behind the advice: revisions whenever there is a new one, the memory now and then. */
async function refresh() {
  const { feedback } = state.now;
  const revision = `${feedback.epoch} ${feedback.revision}`;
  const now = performance.now();
  const wantsRevisions = revision !== state.revision && now - state.revisionsAt >= REVISIONS_MS;
  const wantsMemory = now - state.memoryAt >= MEMORY_MS;
  if (state.refreshing || !(wantsRevisions || wantsMemory)) return;
  state.refreshing = true;
  if (wantsRevisions) {
    state.revisionsAt = now;
    const columns = await shown(about("/page/revisions"), showRevisions);
    // Another worker or server may have answered, which has yet to read the newest one: it is asked for again.
    if (columns && reaches(columns, feedback)) state.revision = revision;
  }
  if (wantsMemory) {
    state.memoryAt = now;
    await shown(about("/page/memory"), showMemory);
    await fetchPortfolios(ask).catch(() => {}); // the next one may come
  }
  state.refreshing = false;
}

/** Whether revisions go as far as a feedback does. */
const reaches = (columns, { epoch, revision }) => columns.epoch === (epoch ?? "") && (columns.revision.at(-1) ?? 0) >= Number(revision ?? 0);

/** Fetch and show one part, and give it. Where that fails what is shown stays, older; the alarm or the problems say why. */
async function shown(path, show) {
  try {
    const found = await (await ask(path)).json();
    show(found);
    return found;
  } catch {
    return undefined;
  }
}

async function run() {
  for (;;) {
    try {
      await follow();
    } catch (error) {
      connection.end.abort();
      state.failure = String(error.message ?? error).trim().slice(0, 200);
      state.refused = error.status === 400 || error.status === 404;
    }
    if (!state.now) setText("status", state.refused ? state.failure : `No contact with the service: ${state.failure}`);
    show();
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", byId("token").value.trim());
  byId("token").value = "";
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (state.revision = ""));
window.addEventListener("resize", () => (state.revision = ""));
showName();
setInterval(show, 250);
setInterval(giveUpSilent, 250);
setInterval(() => state.now && !isSilent() && refresh(), 1000);
run();
