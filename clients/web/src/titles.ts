// What a chart shows, said above it: made from its numbers, and no more than they bear out.
import type { Dimension } from "../generated/muster/v1/catalogue_pb";
import type { Total, TotalsRow } from "../generated/muster/v1/totals_service_pb";
import { carefulText } from "./careful_writer";
import { listed } from "./coverage_text";
import { formatQuantity } from "./quantity";
import { insideSentence } from "./reference";
import { civilDay } from "./times";

export interface NamedTotal {
  name: string;
  total: Total;
}

export interface Subject {
  metric: string; // Its name: "Cash seized".
  dimension: Dimension;
}

// Those with the highest stated value; none where nothing has a value.
function highest(totals: NamedTotal[]): NamedTotal[] {
  let found: NamedTotal[] = [];
  let most: bigint | undefined;
  for (const named of totals) {
    const { sum } = named.total;
    if (sum === undefined || (most !== undefined && sum < most)) continue;
    found = most === undefined || sum > most ? [named] : [...found, named];
    most = sum;
  }
  return found;
}

// "Highest stated" and not "most": what is stated as at least 40 may be more than what is stated as about 50.
function highestSentence(subject: Subject, totals: NamedTotal[], none: string, only: string, verb: string): string {
  const metric = insideSentence(subject.metric);
  const top = highest(totals);
  const [first] = top;
  if (totals.length === 0) return `${none} ${metric}`;
  if (first === undefined) return subject.metric;
  const text = carefulText(first.total, subject.dimension);
  if (totals.length === 1) return `${subject.metric}: ${only} ${first.name}, ${text}`;
  if (top.length > 3) return `${subject.metric}: ${top.length} state the same highest figure, ${text}`;
  const each = top.length > 1 ? `${verb} the same highest figure` : `${verb} the highest figure`;
  return `${listed(top.map(({ name }) => name))} ${each} for ${metric}: ${text}`;
}

export function forceTitle(subject: Subject, totals: NamedTotal[]): string {
  return highestSentence(subject, totals, "No force has stated a figure for", "stated only by", "stated");
}

export function regionTitle(subject: Subject, totals: NamedTotal[]): string {
  return highestSentence(subject, totals, "No region has a figure for", "only in", totals.length > 1 ? "had" : "has");
}

// `rows` by date; at most one of them without a date, of results of several days.
export function dayTitle(subject: Subject, rows: TotalsRow[]): string {
  const dated = rows.flatMap(({ date, total }) => (date !== "" && total ? [{ name: civilDay(date), total }] : []));
  const undated = rows.find((row) => row.date === "")?.total;
  const rest = undated && carefulText(undated, subject.dimension);
  if (dated.length === 0) {
    return rest === undefined
      ? `No day has a figure for ${insideSentence(subject.metric)}`
      : `${subject.metric}: no return gives single days; ${rest} in returns of several days`;
  }
  const top = highest(dated);
  const [first] = top;
  if (first === undefined) return `${subject.metric} by day`;
  const days = top.length > 3 ? `${top.length} days` : listed(top.map(({ name }) => name));
  const text = carefulText(first.total, subject.dimension);
  const several = rest === undefined ? "" : `; besides, ${rest} in returns of several days`;
  return `${subject.metric}: the highest stated day is ${days}, ${text}${several}`.replace("day is", top.length > 1 ? "days are" : "day is");
}

// `whole` is the row of no category, split along one breakdown.
export function categoryTitle(subject: Subject, breakdown: string, whole: Total | undefined, overlap: boolean): string {
  const by = insideSentence(breakdown);
  if (whole === undefined) return `${subject.metric}: nothing is stated by ${by}`;
  if (overlap) return `${subject.metric}: parts by ${by} may overlap, and do not add up`;
  if (whole.notBrokenDown === 0n) return `${subject.metric}: all that is stated is broken down by ${by}`;
  if (whole.notBrokenDown === whole.sum) return `${subject.metric}: nothing is broken down by ${by}`;
  const rest = formatQuantity(whole.notBrokenDown, subject.dimension);
  return `${subject.metric}: ${rest} of what is stated is not broken down by ${by}`;
}

// `coverageNow` and `coverageThen` are like "3 of 4 forces": two totals are not comparable without them.
export function comparisonTitle(
  subject: Subject,
  now: Total | undefined,
  then: Total | undefined,
  coverageNow: string,
  coverageThen: string,
): string {
  const say = (total: Total | undefined): string =>
    total === undefined ? "nothing reported" : carefulText(total, subject.dimension);
  return `${subject.metric}: ${say(now)} from ${coverageNow}; before, ${say(then)} from ${coverageThen}`;
}
