// What the pages ask the server.
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type QueryTotalsResponse,
  type TotalsQuerySchema,
  type TotalsRow,
} from "../generated/muster/v1/totals_service_pb";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { View } from "./address";
import { hasReported } from "./coverage_text";
import type { Reference } from "./reference";
import type { Stand } from "./parts/standing";
import { type Problem, problemOf, totals, within } from "./service";
import { toDate } from "./times";

export type Query = MessageInitShape<typeof TotalsQuerySchema>;

const PAGE_SIZE = 10_000;

// All rows of a query, and what they stand for. Rows of several pages are of one position: the server keeps the answer.
export async function queryTotals(query: Query, signal: AbortSignal): Promise<QueryTotalsResponse> {
  const first = await totals.queryTotals({ query, pageSize: PAGE_SIZE }, within(signal));
  for (let pageToken = first.nextPageToken; pageToken !== ""; ) {
    const page = await totals.queryTotals({ query, pageSize: PAGE_SIZE, pageToken }, within(signal));
    first.rows.push(...page.rows);
    pageToken = page.nextPageToken;
  }
  return first;
}

// A part of a page that may be refused while the rest is shown.
export type Outcome<Answer> = { answer: Answer; problem?: undefined } | { answer?: undefined; problem: Problem };

// Lets through what concerns the whole page: a lost server, and a caller who has to sign in.
export async function outcomeOf<Answer>(call: Promise<Answer>): Promise<Outcome<Answer>> {
  try {
    return { answer: await call };
  } catch (error) {
    const problem = problemOf(error);
    if (problem.kind === "unreachable" || problem.kind === "signed-out") throw error;
    return { problem };
  }
}

export function regionsOf(view: Pick<View, "region">): string[] {
  return view.region === "" ? [] : [view.region];
}

export function baseQuery(view: Pick<View, "operation" | "region">): { operations: string[]; regions: string[] } {
  return { operations: [view.operation], regions: regionsOf(view) };
}

// How many operations back one is looked for that anybody has reported on.
const LOOK_BACK = 12;

// Fills in what an address leaves open: the newest operation that anybody has reported on, and the one before it.
export async function completeView(view: View, reference: Reference, signal: AbortSignal): Promise<View> {
  if (view.operation !== "" && view.compare !== "") return view;
  const all = reference.operations;
  const chosen = all.findIndex((operation) => operation.id === view.operation);
  const today = new Date().toISOString().slice(0, 10);
  const candidates = (chosen >= 0 ? all.slice(0, chosen) : all.filter((operation) => operation.startDate <= today))
    .slice(-LOOK_BACK)
    .map((operation) => operation.id)
    .reverse();
  if (candidates.length === 0) {
    return { ...view, operation: view.operation || all[0]?.id || "", compare: view.compare || "none" };
  }
  // Who may not see who reported gets the newest one.
  const { answer } = await outcomeOf(totals.getCoverage({ operations: candidates }, within(signal)));
  const heard = answer?.coverage?.forces.filter(hasReported) ?? [];
  const reported = new Set(heard.map((force) => force.operation));
  const newest = candidates.filter((operation) => reported.has(operation));
  const operation = view.operation || newest.shift() || candidates[0] || "";
  return { ...view, operation, compare: view.compare || newest[0] || "none" };
}

// The metric that a page is about: the one of its address, if it has a row; else the first that has.
export function chosenMetric(view: View, rows: TotalsRow[]): string {
  if (view.metric !== "") return view.metric;
  return rows.find((row) => row.metric === "arrests")?.metric ?? rows[0]?.metric ?? "arrests";
}

// What an answer stands for.
export function standOf(answer: { asOfTime?: Timestamp; position: bigint }): Stand {
  return { asOf: answer.asOfTime === undefined ? new Date(0) : toDate(answer.asOfTime), position: answer.position };
}
