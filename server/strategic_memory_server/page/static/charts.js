// The last revisions as charts. Each revision stands until the next one, so every line is a staircase.

import { byId, number, POLICIES } from "./writing.js";

const drawn = new Map();

const inkOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(width, label, range, names) {
  const axis = { stroke: inkOf("--soft"), grid: { stroke: inkOf("--line"), width: 1 }, ticks: { stroke: inkOf("--line") } };
  const value = (_, at) => (at === null ? "–" : names ? (names[at] ?? "") : number(at));
  return {
    width,
    height: 150,
    scales: { y: { range } },
    cursor: { drag: { x: true, y: false } },
    axes: [axis, { ...axis, size: names ? 110 : 50, splits: names && (() => names.map((_, place) => place)), values: names && ((_, at) => at.map((place) => names[place] ?? "")) }],
    series: [
      { label: "Time", value: "{YYYY}-{MM}-{DD} {HH}:{mm}:{ss}" },
      { label, stroke: inkOf("--accent"), width: 2, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false }, value },
    ],
  };
}

function draw(id, times, values, label, range, names) {
  const place = byId(id);
  drawn.get(id)?.destroy();
  drawn.set(id, new uPlot(options(place.clientWidth || 300, label, range, names), [times, values], place));
}

export function showRevisions(columns) {
  const times = columns.said_ms.map((ms) => (ms === null ? null : ms / 1000));
  const present = [...new Set(columns.current)].sort();
  draw("chart-policy", times, columns.policy, "Policy", [-0.2, 2.2], POLICIES);
  draw("chart-confidence", times, columns.confidence, "Confidence", [0, 1]);
  draw("chart-leverage", times, columns.leverage, "Leverage", [0, 2]);
  draw("chart-regime", times, columns.current.map((name) => present.indexOf(name)), "Regime", [-0.5, present.length - 0.5], present);
  const count = columns.revision.length;
  byId("history-summary").textContent = count ? summary(columns, count) : "Nothing was published yet.";
}

function summary(columns, count) {
  const last = count - 1;
  const changes = columns.policy.filter((policy, place) => place && policy !== columns.policy[place - 1]).length;
  const most = Math.max(...columns.leverage);
  const least = Math.min(...columns.leverage);
  return (
    `${count} revisions, up to ${columns.revision[last]}: the policy changed ${changes} times and is ${POLICIES[columns.policy[last]]}, ` +
    `the leverage was between ${number(least)} and ${number(most)}.`
  );
}
