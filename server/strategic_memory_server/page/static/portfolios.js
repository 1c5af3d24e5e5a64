// Which portfolio the page is about, and the list of all of them, each with a page of its own.

import { byId, element, fill, lookOf, moment, number, policy, statusOf } from "./writing.js";

/** Empty: the default one. */
export const portfolio = new URLSearchParams(location.search).get("portfolio") ?? "";

const addressOf = (name) => (name ? `/?portfolio=${encodeURIComponent(name)}` : "/");

const called = (name) => name || "the default one";

/** The path of what is asked about this portfolio. */
export const about = (path) => path + (portfolio ? `?portfolio=${encodeURIComponent(portfolio)}` : "");

export function showName() {
  if (portfolio) document.title = `${portfolio} - Strategic Memory`;
  byId("health").href = about("/health");
}

let pages = 1;
const list = { rows: [], total: 0, token: "", shown: "" };

/** Fetch the list, as many pages of it as were asked for. */
export async function fetchPortfolios(ask) {
  const rows = [];
  let [token, total] = ["", 0];
  for (let page = 0; page < pages; page += 1) {
    const answer = await (await ask(`/page/portfolios?page_token=${encodeURIComponent(token)}`)).json();
    rows.push(...answer.portfolios);
    token = answer.next_page_token ?? "";
    total = answer.total;
    if (!token) break;
  }
  Object.assign(list, { rows, total, token });
}

/** Show the list as it is at a time of the service: it may be older. A service with one portfolio shows none. */
export function showPortfolios(nowMs) {
  const { rows, total, token } = list;
  const shown = JSON.stringify([rows, rows.map((each) => holds(each, nowMs)), total, token]);
  if (!total || shown === list.shown) return;
  list.shown = shown;
  const many = total > 1 || portfolio !== "";
  byId("portfolios-section").hidden = !many;
  byId("which").hidden = !many;
  byId("which").textContent = `Portfolio ${called(portfolio)}, of ${total}`;
  byId("more").hidden = !token;
  const columns = [["Portfolio"], ["Status"], ["Preferred regime"], ["Policy"], ["Leverage"], ["Holds until"], ["Problems"]];
  fill(byId("portfolios"), columns, rows.map((each) => row(each, nowMs)), "There are none.");
}

/** Whether what is told of a portfolio is so still: nobody may have told anything since its advice ended. */
const holds = (each, nowMs) => statusOf(each) !== "ACTIVE" || !each.valid_until || nowMs < Date.parse(each.valid_until);

function row(each, nowMs) {
  const link = element("a", called(each.name));
  link.href = addressOf(each.name);
  if ((each.name ?? "") === portfolio) link.setAttribute("aria-current", "page");
  if (!each.is_followed) return [link, "not followed here"];
  if (!holds(each, nowMs)) return [link, element("span", "STALE", lookOf("STALE")), undefined, undefined, undefined, moment(each.valid_until)];
  const said = element("span", statusOf(each), lookOf(statusOf(each)));
  return [
    link, said, each.preferred_regime, policy(each.updated_policy), number(each.leverage_hint ?? 0), moment(each.valid_until),
    (each.problems ?? []).length || undefined,
  ];
}

byId("more").addEventListener("click", () => (pages += 1));
