// Totals in words: what a careful writer would print, so that a qualified number is never read as an exact one.
import type { Dimension } from "../generated/muster/v1/catalogue_pb";
import { type Figure, Qualifier } from "../generated/muster/v1/result_pb";
import type { Total } from "../generated/muster/v1/totals_service_pb";
import { baseUnitsIn, counted, formatQuantity } from "./quantity";

// A total in two parts, so that a table can line up the numbers. Neither stands alone: a headline without its caveats
// says too much.
export interface CarefulTotal {
  headline: string; // "230", "at least £120,000", "about £211,595"
  caveats: string; // "", ", at least £145,595", ", and 2 values still to be counted"
}

// What there is to say about a total, before it is put into words.
interface Statement {
  headline: string;
  certain?: string; // The part of the headline that is certain, where that is not all of it.
  bound?: string; // The most that it can be, where that is more than the headline.
}

function stateSum(sum: bigint, total: Total, dimension: Dimension): Statement {
  const text = formatQuantity(sum, dimension);
  const certain = total.atLeast > 0n ? { certain: formatQuantity(total.atLeast, dimension) } : {};
  switch (total.qualifier) {
    case Qualifier.AT_LEAST:
      return { headline: `at least ${text}` };
    case Qualifier.AT_MOST:
      return { headline: `at most ${text}`, ...certain };
    case Qualifier.ESTIMATE:
      // Where all of it is certain, "about" would say less than is known.
      if (total.atLeast >= sum && sum > 0n) return { headline: `at least ${text}` };
      return {
        headline: `about ${text}`,
        ...certain,
        ...(total.atMost !== undefined && total.atMost !== sum
          ? { bound: formatQuantity(total.atMost, dimension) }
          : {}),
      };
    default: // Exact, said or unsaid.
      return { headline: text };
  }
}

function stillToBeCounted(total: Total): string {
  return `${counted(total.uncountedCount, "value")} still to be counted`;
}

function doesNotAddUp(total: Total): string {
  return `${counted(total.resultCount, "result")} ${total.resultCount === 1n ? "does" : "do"} not add up`;
}

// As the command line writes it: "about £211,595, at least £145,595". For tables.
export function writeCarefully(total: Total, dimension: Dimension): CarefulTotal {
  const someUncounted = total.uncountedCount > 0n;
  // "At least 0" would sound as if something had been counted.
  if (someUncounted && total.sum === 0n) return { headline: stillToBeCounted(total), caveats: "" };

  const uncounted = someUncounted ? `, and ${stillToBeCounted(total)}` : "";
  if (total.sum === undefined) return { headline: "no total", caveats: ` (${doesNotAddUp(total)})${uncounted}` };
  const { headline, certain, bound } = stateSum(total.sum, total, dimension);
  const caveats = [certain && `, at least ${certain}`, bound && `, at most ${bound}`, uncounted];
  return { headline, caveats: caveats.filter(Boolean).join("") };
}

// Both parts: never one without the other.
export function carefulText(total: Total, dimension: Dimension): string {
  const { headline, caveats } = writeCarefully(total, dimension);
  return headline + caveats;
}

// The same in prose: { headline: "about £211,595", caveats: ", of which at least £145,595 is certain" }.
export function writeAtLength(total: Total, dimension: Dimension): CarefulTotal {
  if (total.sum === undefined || (total.uncountedCount > 0n && total.sum === 0n)) {
    return writeCarefully(total, dimension);
  }
  const { headline, certain, bound } = stateSum(total.sum, total, dimension);
  const caveats = [
    certain && `, of which at least ${certain} is certain`,
    bound && `, and at most ${bound} in all`,
    total.uncountedCount > 0n && `, with ${stillToBeCounted(total)}`,
  ];
  return { headline, caveats: caveats.filter(Boolean).join("") };
}

// For a tile of a map, where words do not fit; a key explains the signs. "230", "≥£120,000", "≈£211,595", "≤30 kg";
// "+" where values are still to be counted.
export function writeInSigns(total: Total, dimension: Dimension): string {
  if (total.sum === undefined) return "…";
  if (total.uncountedCount > 0n && total.sum === 0n) return "+";
  const { headline } = stateSum(total.sum, total, dimension);
  const signs = headline.replace("at least ", "≥").replace("at most ", "≤").replace("about ", "≈");
  return total.uncountedCount > 0n ? `${signs}+` : signs;
}

// A figure as its force stated it: "61", "at least 430 g", "about £66,000", "not yet counted".
export function figureText(figure: Figure, dimension: Dimension): string {
  if (figure.value === undefined) return "not yet counted";
  const value = formatQuantity(figure.value * baseUnitsIn(figure.unit), dimension);
  switch (figure.qualifier) {
    case Qualifier.AT_LEAST:
      return `at least ${value}`;
    case Qualifier.AT_MOST:
      return `at most ${value}`;
    case Qualifier.ESTIMATE:
      return `about ${value}`;
    default:
      return value;
  }
}
