// Sentences to hand to the press, made from the totals and from nothing else. Each stands alone: none goes without its
// qualifiers, its coverage and the moment that it stands for, however it is copied.
import { Dimension } from "../generated/muster/v1/catalogue_pb";
import type { Coverage, TotalsRow } from "../generated/muster/v1/totals_service_pb";
import { writeAtLength } from "./careful_writer";
import { coverageNames, coverageSentence, listed } from "./coverage_text";
import { counted } from "./quantity";
import { insideSentence, type Reference } from "./reference";
import { moment, period } from "./times";

export interface PressLine {
  id: string; // "coverage", or the id of the metric.
  text: string;
}

export interface PressQuestion {
  operation: string;
  region: string; // Empty: all.
}

// `rows` are of one operation, one for each metric; `coverage` came with them; `asOf` is what they stand for.
export function pressLines(
  question: PressQuestion,
  rows: TotalsRow[],
  coverage: Coverage,
  asOf: Date,
  reference: Reference,
): PressLine[] {
  const title = reference.operationTitle(question.operation);
  const where = question.region === "" ? "" : ` in ${reference.regionPhrase(question.region)}`;
  const names = coverageNames(coverage, reference);
  const standing = `As at ${moment(asOf)}, ${coverageSentence(coverage, names)}`;

  const operation = reference.operation(question.operation);
  const when = operation === undefined ? "" : ` (${period(operation.startDate, operation.endDate)})`;
  const also = names.unasked.length === 0 ? "" : ` ${listed(names.unasked)} reported as well.`;
  const place = where === "" ? "all forces" : `the forces${where}`;
  const lines: PressLine[] = [{ id: "coverage", text: `${title}${when}, ${place}. ${standing}${also}` }];
  for (const row of rows) {
    const sentence = metricSentence(row, where, reference);
    if (sentence !== undefined) lines.push({ id: row.metric, text: `${title}: ${sentence} ${standing}` });
  }
  return lines;
}

// "3 forces in the South East region reported 259 arrests."
function metricSentence(row: TotalsRow, where: string, reference: Reference): string | undefined {
  const { total, metric } = row;
  if (total === undefined) return undefined;
  const known = reference.metrics.get(metric);
  const dimension = reference.dimensionOf(metric);
  const name = insideSentence(reference.metricName(metric));
  const { headline, caveats } = writeAtLength(total, dimension);
  // "259 arrests" reads well; "1 arrests" and "£120,000 cash seized" do not.
  const countsThings = dimension === Dimension.COUNT && total.sum !== undefined && total.sum > 1n;
  const what = countsThings ? `${headline} ${name}${caveats}` : `${name}: ${headline}${caveats}`;
  const among = known?.subsetOf ? ` These are among the ${insideSentence(reference.metricName(known.subsetOf))}.` : "";
  return `${counted(total.forceCount, "force")}${where} reported ${what}.${among}`;
}
