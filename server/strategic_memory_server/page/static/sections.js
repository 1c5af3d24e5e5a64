// What each section of the page shows, from the messages of the service by the names of the wire.

import { byId, define, element, fill, interval, known, moment, number, policy, probability, share } from "./writing.js";

const NOTHING_YET = "Nothing is known yet.";

function bound(by, caps) {
  const cap = (caps ?? []).find((each) => each.source === by);
  return cap ? `${by}, at most ${number(cap.value ?? 0)}` : by?.replaceAll("_", " ");
}

function guard(said) {
  if (!said) return undefined;
  const since = said.since ? ` since ${moment(said.since)}` : "";
  return `leverage times ${number(said.factor ?? 0)}${since}, ${said.results ?? 0} followed results`;
}

export function showAdvice(feedback, safe) {
  const boundBy = feedback.leverage_bound_by;
  const caps = feedback.leverage_caps;
  const held = safeLeverages(feedback);
  const given = (value, instead) => (safe ? instead : value);
  define(byId("preferred"), [
    ["Regime", feedback.preferred_regime ?? "UNKNOWN", "large"],
    ["Policy", given(policy(feedback.updated_policy), "CONSERVATIVE") ?? "CONSERVATIVE", "large"],
    ["Leverage", given(number(feedback.leverage_hint ?? 0), held.preferred), "large"],
    ["Bound by", bound(boundBy, caps), "warn"],
    ["Drawdown guard", guard(feedback.guard), feedback.guard?.factor < 1 ? "warn" : undefined],
    ["Confidence", given(number(feedback.confidence_boost ?? 0), "0"), "large"],
    ["Mean pnl", number(feedback.regime_performance?.avg_pnl ?? undefined)],
    ["Win rate", share(feedback.regime_performance?.win_rate)],
    ["Entries", feedback.regime_performance?.sample_count],
  ]);
  const current = feedback.current;
  define(byId("current"), [
    ["Regime", feedback.current_regime ?? "UNKNOWN", "large"],
    ["Policy", current && given(policy(current.policy) + (current.is_probe ? " (a probe)" : ""), "CONSERVATIVE"), "large"],
    ["Leverage", current && given(number(current.leverage_hint ?? 0), held.current), "large"],
    ["Bound by", bound(current?.leverage_bound_by, caps), "warn"],
    ["Confidence", current && given(number(current.confidence_boost ?? 0), "0"), "large"],
    ["", current ? undefined : "Nothing is advised for it: too little is known of it."],
  ]);
  byId("reasons").replaceChildren(...(feedback.reasons ?? []).map((reason) => element("li", reason.sentence)));
}

/** What an operator has set or holds; empty: nothing. */
export function operatorsHand({ override, freeze }) {
  const said = [];
  if (override) {
    const most = override.is_forced ? "" : "at most ";
    const what = [
      known(override.policy) && `policy ${most}${policy(override.policy)}`,
      known(override.leverage) && `leverage ${most}${number(override.leverage)}`,
    ].filter(Boolean);
    const rules = [policy(override.rules_policy), known(override.rules_leverage_hint) && `leverage ${number(override.rules_leverage_hint)}`];
    said.push(`${by(override)} has set ${what.join(" and ")}${until(override)} The rules say ${rules.filter(Boolean).join(" and ") || "nothing"}.`);
  }
  if (freeze) said.push(`${by(freeze)} holds the advice of revision ${freeze.revision}${until(freeze)}`);
  return said.join(" ");
}

const by = (hand) => hand.set_by || "An operator";

const until = (hand) => ` until ${moment(hand.until)}: “${hand.reason ?? ""}”.`;

/** The leverages that stand when advice holds no more: 1, or less where it or the rules were less, and at most each cap. */
export function safeLeverages({ leverage_hint, current, leverage_caps, override }) {
  const caps = (leverage_caps ?? []).map((cap) => cap.value ?? 0);
  const least = (hint, rules) => number(Math.min(1, hint ?? 0, rules ?? 1, ...caps));
  return {
    preferred: least(leverage_hint, override?.rules_leverage_hint),
    current: least(current?.leverage_hint, override?.rules_current_leverage_hint),
  };
}

export function showHealth(health, feedback) {
  const { sync, replication, inputs } = health.metrics;
  // What an operator has said stands above the advice.
  const problems = health.problems.filter((problem) => !/^(override|freeze): /.test(problem));
  byId("problems").replaceChildren(...problems.map((problem) => element("li", problem)));
  byId("problem-section").hidden = !problems.length;
  define(byId("service"), [
    ["This server", `${replication.server} (${replication.role})`],
    ["Leader", replication.leader ?? "nobody that is known"],
    ["Epoch", feedback.epoch],
    ["Revision", feedback.revision],
    ["Rules", feedback.version],
    ["Subscribers", health.metrics.feedback.subscribers],
    ["Trades remembered", sync.trades_remembered],
    ["Last sync", moment(sync.completed_at)],
    ["It says", sync.failure ?? sync.explanation],
  ]);
  const rows = Object.entries(inputs).map(([source, seen]) => [source, seen.accepted, total(seen.rejected), told(seen)]);
  fill(byId("inputs"), [["Input"], ["Used"], ["Refused"], ["What was refused", "text"]], rows, NOTHING_YET);
}

const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);

function told(seen) {
  return Object.entries(seen.rejected)
    .map(([reason, count]) => `${reason.replaceAll("_", " ")} (${count})${example(seen, reason)}`)
    .join("; ");
}

const example = (seen, reason) => (seen.examples?.[reason] ? `, such as “${seen.examples[reason]}”` : "");

export function showMemory(memory) {
  const regimes = memory.regimes ?? [];
  fill(
    byId("regimes"),
    [["Regime"], ["Entries"], ["Mean pnl"], ["Win rate"], ["Trades"], ["Their mean pnl"], ["95 % interval"], ["Best policy"]],
    regimes.map((each) => [
      each.regime,
      each.sample_count,
      number(each.avg_pnl ?? 0),
      share(each.win_rate),
      each.performance?.trades,
      number(each.performance?.mean_pnl),
      interval(each.performance?.mean_pnl_interval?.low, each.performance?.mean_pnl_interval?.high),
      policy(each.best_policy),
    ]),
    NOTHING_YET,
  );
  fill(
    byId("evidence"),
    [["Regime and policy"], ["Trades"], ["Mean pnl"], ["90 % interval"], ["P(best)"], ["P(beats CONSERVATIVE)"], ["P(mean above 0)"]],
    regimes.flatMap((each) => (each.evidence?.policies ?? []).map((of) => [
      `${each.regime} ${policy(of.policy)}`,
      of.observations ?? 0,
      number(of.mean_pnl ?? 0),
      interval(of.interval_low ?? 0, of.interval_high ?? 0),
      probability(of.probability_best ?? 0),
      probability(of.probability_beats_conservative),
      probability(of.probability_mean_positive ?? 0),
    ])),
    "There are no trades with a policy yet.",
  );
  showTransitions(memory.regime_dynamics?.regimes ?? [], new Map(regimes.map((each) => [each.regime, each.sample_count ?? 0])));
  showWorth(memory.past_advice);
}

const MOST_IN_MATRIX = 12;

/** Those with the most entries, in the order in which they come: a matrix grows with the square of the regimes. */
function showTransitions(all, entries) {
  const most = all.map((course, place) => ({ course, place, seen: entries.get(course.regime) ?? 0 }));
  most.sort((one, other) => other.seen - one.seen);
  const shown = most.slice(0, MOST_IN_MATRIX).sort((one, other) => one.place - other.place);
  byId("transitions-note").textContent = shown.length < all.length ? `Shown are ${shown.length} of ${all.length} regimes.` : "";
  fill(
    byId("transitions"),
    [["After"], ...shown.map(({ course }) => [course.regime]), ["Lasts, observations"], ["Share of time"]],
    shown.map(({ course }) => [
      course.regime,
      ...shown.map(({ place }) => share(course.next_probabilities?.[place] ?? 0)),
      number(course.mean_dwell_observations, 3),
      share(course.stationary_share),
    ]),
    "Too few observations.",
  );
}

const SUBJECTS = {
  ADVICE_SUBJECT_PREFERRED_REGIME: "preferred regime",
  ADVICE_SUBJECT_CURRENT_REGIME: "regime that was present",
  ADVICE_SUBJECT_EVIDENCE: "evidence",
};

function showWorth(past) {
  const after = past?.after_changes;
  byId("worth-summary").textContent = past
    ? `${past.revisions ?? 0} revisions, judged by the ${past.trades ?? 0} trades that came after them. ` +
      "It shows what came after the advice, not what the advice has caused." +
      (after?.compared
        ? ` After ${after.compared} changes of the advice the mean pnl changed by ${number(after.mean_change ?? 0, 3)} ` +
          `(interval ${interval(after.mean_change_interval?.low ?? 0, after.mean_change_interval?.high ?? 0)}).`
        : "")
    : NOTHING_YET;
  const rows = (past?.calibrations ?? []).flatMap((found) =>
    (found.bins ?? []).filter((bin) => bin.statements).map((bin) => [
      SUBJECTS[found.subject] ?? found.subject,
      `${number(bin.low ?? 0)} to ${number(bin.high ?? 1)}`,
      bin.statements,
      share(bin.mean_confidence ?? 0),
      share(bin.frequency ?? 0),
      interval(bin.frequency_interval?.low ?? 0, bin.frequency_interval?.high ?? 1),
    ]),
  );
  const columns = [["Confidence about"], ["Said"], ["Times"], ["Mean said"], ["Came true"], ["Interval"]];
  fill(byId("worth"), columns, rows, "Too few trades have come after the advice.");
}
