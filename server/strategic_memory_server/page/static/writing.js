// Values as a person reads them, and elements that hold them. Whatever comes from outside becomes text, never markup.

export const POLICIES = ["CONSERVATIVE", "BALANCED", "AGGRESSIVE"];

export const byId = (id) => document.getElementById(id);

export function element(name, content, className) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (content instanceof Node) made.append(content);
  else if (content !== undefined && content !== null) made.textContent = String(content);
  return made;
}

/** Put definitions into a list: [term, text, class] each; those without a text are left out. */
export function define(list, pairs) {
  list.replaceChildren(
    ...pairs
      .filter(([, text]) => text !== undefined && text !== null && text !== "")
      .flatMap(([term, text, className]) => [element("dt", term), element("dd", text, className)]),
  );
}

/** Fill a table: columns are [title, class], rows are lists of texts whose first is the heading of the row. */
export function fill(table, columns, rows, nothing) {
  const head = element("tr");
  for (const [title, className] of columns) {
    const cell = element("th", title, className);
    cell.scope = "col";
    head.append(cell);
  }
  const body = element("tbody");
  for (const row of rows) {
    const line = element("tr");
    columns.forEach(([, className], place) => {
      const cell = element(place ? "td" : "th", row[place] ?? "–", className);
      if (!place) cell.scope = "row";
      line.append(cell);
    });
    body.append(line);
  }
  if (!rows.length) {
    const cell = element("td", nothing);
    cell.colSpan = columns.length;
    body.append(element("tr", cell));
  }
  table.replaceChildren(element("thead", head), body);
}

export const known = (value) => value !== undefined && value !== null;

export const statusOf = ({ status }) => (status ?? "").replace("FEEDBACK_STATUS_", "").replace("_", " ");

export const lookOf = (status) => ({ ACTIVE: "good", "WARMING UP": "warn" })[status] ?? "bad";

export const policy = (name) => (known(name) ? String(name).replace("POLICY_", "") : undefined);

export const number = (value, digits = 4) => (known(value) ? Number(Number(value).toPrecision(digits)).toString() : undefined);

export const share = (value) => (known(value) ? `${Math.round(value * 1000) / 10} %` : undefined);

/** A probability: what is not certain is not written as if it were. */
export function probability(value) {
  if (!known(value)) return undefined;
  if (value > 0.9995) return "> 99.9 %";
  return value < 0.0005 ? "< 0.1 %" : share(value);
}

export const interval = (low, high) => (known(low) && known(high) ? `${number(low, 3)} to ${number(high, 3)}` : undefined);

export function span(ms) {
  const seconds = Math.max(0, ms / 1000);
  if (seconds < 90) return `${Math.floor(seconds)} s`;
  if (seconds < 5400) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
}

export const moment = (text) => (text ? String(text).replace("T", " ").replace(/(\.\d+)?Z$/, " UTC") : undefined);
