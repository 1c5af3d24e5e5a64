// The last revisions as charts. Each revision stands until the next one, so every line is a staircase.

import { byId, number, POLICIES } from "./writing.js";

const drawn = new Map();

const inkOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Times as the rest of the page writes them: by UTC, as far as they tell something. */
function moments(_, seconds, axis, space, step) {
  const [from, to] = step < 1 ? [11, 23] : step < 60 ? [11, 19] : step < 86400 ? [5, 16] : [0, 10];
  return seconds.map((each) => new Date(each * 1000).toISOString().slice(from, to).replace("T", " "));
}

/** Where nothing is pointed at, the newest revision is spelt out. */
const newest = (chart) => chart.cursor.idx === null && chart.setLegend({ idx: chart.data[0].length - 1 });

function options(width, label, range, names) {
  const axis = { stroke: inkOf("--soft"), grid: { stroke: inkOf("--line"), width: 1 }, ticks: { stroke: inkOf("--line") } };
  const value = (_, at) => (at === null ? "–" : names ? (names[at] ?? "") : number(at));
  return {
    width,
    height: 150,
    scales: { y: { range } },
    cursor: { drag: { x: true, y: false } },
    hooks: { ready: [newest], setCursor: [newest] },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    axes: [{ ...axis, values: moments, space: 110 }, { ...axis, size: 110, splits: names && (() => names.map((_, place) => place)), values: names && ((_, at) => at.map((place) => names[place] ?? "")) }],
    series: [
      { label: "UTC", value: "{YYYY}-{MM}-{DD} {HH}:{mm}:{ss}" },
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
  const count = columns.revision.length;
  byId("history-summary").textContent = count ? summary(columns, count) : "Nothing was published yet.";
  byId("charts").hidden = count < 2;
  if (count < 2) return;
  const times = columns.said_ms.map((ms) => (ms === null ? null : ms / 1000));
  const present = [...new Set(columns.current)].sort();
  draw("chart-policy", times, columns.policy, "Policy", [-0.2, 2.2], POLICIES);
  draw("chart-confidence", times, columns.confidence, "Confidence", [0, 1]);
  draw("chart-leverage", times, columns.leverage, "Leverage", [0, 2]);
  draw("chart-regime", times, columns.current.map((name) => present.indexOf(name)), "Regime", [-0.5, present.length - 0.5], present);
}

function summary(columns, count) {
  const last = count - 1;
  const changes = columns.policy.filter((policy, place) => place && policy !== columns.policy[place - 1]).length;
  const most = Math.max(...columns.leverage);
  const least = Math.min(...columns.leverage);
  return (
    `${count} revision${count === 1 ? "" : "s"}, up to ${columns.revision[last]}: the policy changed ${changes} times and is ${POLICIES[columns.policy[last]]}, ` +
    `the leverage was between ${number(least)} and ${number(most)}.`
  );
}
