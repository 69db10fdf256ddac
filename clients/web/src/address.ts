// What the page shows is all in its address, so that an address can be kept, sent and printed.

export const PAGES = ["operation", "forces", "why", "as-at", "press-lines"] as const;
export type PageName = (typeof PAGES)[number];

export interface View {
  page: PageName;
  operation: string; // Empty: the newest one that anybody has reported on.
  region: string; // Empty: all.
  compare: string; // An earlier operation; "none"; empty: the last one before that anybody has reported on.
  metric: string; // Empty: the first.
  force: string; // Why, As at: only this force. Empty: all.
  category: string; // Why, As at: only this category, or several joined by "+". Empty: all.
  date: string; // Why: only this day, ISO 8601. Empty: all.
  result: string; // Why: the result whose history is open, "force/result_id".
  at: string; // As at: a time, ISO 8601 in UTC.
  position: string; // As at: a position of the log.
}

const KEYS = [
  "operation", "region", "compare", "metric", "force", "category", "date", "result", "at", "position",
] as const satisfies readonly (keyof View)[];

// Which keys mean something on which page. Those of the question go from page to page.
const QUESTION = ["operation", "region", "compare", "metric"] as const;
const OWN: Record<PageName, readonly (keyof View)[]> = {
  operation: [],
  forces: [],
  why: ["force", "category", "date", "result"],
  "as-at": ["force", "category", "at", "position"],
  "press-lines": [],
};

export function parseAddress(path: string, search: string): View {
  const name = path.replace(/^\/|\/$/g, "");
  const page = PAGES.find((known) => known === name) ?? "operation";
  const given = new URLSearchParams(search);
  const view: View = {
    page, operation: "", region: "", compare: "", metric: "", force: "", category: "", date: "", result: "", at: "",
    position: "",
  };
  for (const key of KEYS) view[key] = given.get(key) ?? "";
  return view;
}

export function formatAddress(view: View): string {
  const given = new URLSearchParams();
  for (const key of KEYS) {
    const meant = (QUESTION as readonly string[]).includes(key) || OWN[view.page].includes(key);
    if (meant && view[key] !== "") given.set(key, view[key]);
  }
  const search = given.toString();
  return `/${view.page}${search === "" ? "" : `?${search}`}`;
}

// The same question on another page.
export function onPage(view: View, page: PageName, change: Partial<View> = {}): View {
  const empty = parseAddress(`/${page}`, "");
  const { operation, region, compare, metric } = view;
  return { ...empty, operation, region, compare, metric, ...change };
}
