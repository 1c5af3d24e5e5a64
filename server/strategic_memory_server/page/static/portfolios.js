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

/** Fetch and show the list, as many pages of it as were asked for; a service with one portfolio shows none. */
export async function showPortfolios(ask) {
  const rows = [];
  let [token, total] = ["", 0];
  for (let page = 0; page < pages; page += 1) {
    const answer = await (await ask(`/page/portfolios?page_token=${encodeURIComponent(token)}`)).json();
    rows.push(...answer.portfolios);
    token = answer.next_page_token ?? "";
    total = answer.total;
    if (!token) break;
  }
  const many = total > 1 || portfolio !== "";
  byId("portfolios-section").hidden = !many;
  byId("which").hidden = !many;
  byId("which").textContent = `Portfolio ${called(portfolio)}, of ${total}`;
  byId("more").hidden = !token;
  const columns = [["Portfolio"], ["Status"], ["Preferred regime"], ["Policy"], ["Leverage"], ["Holds until"], ["Problems"]];
  fill(byId("portfolios"), columns, rows.map(row), "There are none.");
}

function row(each) {
  const link = element("a", called(each.name));
  link.href = addressOf(each.name);
  if ((each.name ?? "") === portfolio) link.setAttribute("aria-current", "page");
  if (!each.is_followed) return [link, "not followed here"];
  const said = element("span", statusOf(each), lookOf(statusOf(each)));
  return [
    link, said, each.preferred_regime, policy(each.updated_policy), number(each.leverage_hint ?? 0), moment(each.valid_until),
    (each.problems ?? []).length || undefined,
  ];
}

byId("more").addEventListener("click", () => (pages += 1));
