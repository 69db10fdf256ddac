// Who is in a total, in words. It goes with every total: "3 of 4 forces" is a part of the number.
import { type Coverage, CoverageState, type ForceCoverage } from "../generated/muster/v1/totals_service_pb";
import { counted, withThousands } from "./quantity";
import type { Reference } from "./reference";

// Forces by name, in the order of the server's answer.
export interface CoverageNames {
  reported: string[];
  provisional: string[];
  late: string[];
  missing: string[];
  unasked: string[]; // Reported, though not expected.
  hidden: number; // Expected forces that are counted and not named to the caller.
}

export function hasReported(force: ForceCoverage): boolean {
  return (
    force.state === CoverageState.FINAL ||
    force.state === CoverageState.PROVISIONAL ||
    force.state === CoverageState.NIL ||
    force.state === CoverageState.COVERED
  );
}

// Of one operation.
export function coverageNames(coverage: Coverage, reference: Reference): CoverageNames {
  const names: CoverageNames = { reported: [], provisional: [], late: [], missing: [], unasked: [], hidden: 0 };
  let expected = 0;
  for (const force of coverage.forces) {
    const name = reference.forceName(force.force);
    const reported = hasReported(force);
    if (!force.expected) {
      if (reported) names.unasked.push(name);
      continue;
    }
    expected += 1;
    if (force.late) names.late.push(name);
    if (force.state === CoverageState.PROVISIONAL) names.provisional.push(name);
    (reported ? names.reported : names.missing).push(name);
  }
  names.hidden = Math.max(0, coverage.expectedCount - expected);
  return names;
}

// "Hampshire, Surrey and Sussex".
export function listed(names: string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

// "3 of 4 forces", "no force is expected to report".
export function coverageCount(coverage: Coverage): string {
  if (coverage.expectedCount === 0) return "no force is expected to report";
  return `${withThousands(coverage.reportedCount)} of ${counted(coverage.expectedCount, "force")}`;
}

// More names than this are left to a list of their own.
const MAX_NAMES = 6;

// "3 of the 4 forces expected to report had done so; Surrey had not." For prose in the past tense: what is said stands
// for a moment. `names` are those of `coverage`.
export function coverageSentence(coverage: Coverage, names: CoverageNames): string {
  const { expectedCount, reportedCount } = coverage;
  if (expectedCount === 0) return "no force was expected to report.";
  if (reportedCount === expectedCount) {
    const all = expectedCount === 1 ? "the one force expected to report" : `all ${withThousands(expectedCount)} forces expected to report`;
    return `${all} had done so${mayChange(names)}.`;
  }
  const missing = expectedCount - reportedCount;
  const who =
    names.hidden > 0 || names.missing.length > MAX_NAMES
      ? withThousands(missing)
      : listed(names.missing) || withThousands(missing);
  const of = `${withThousands(reportedCount)} of the ${counted(expectedCount, "force")} expected to report`;
  return `${of} had done so; ${who} had not${mayChange(names)}.`;
}

function mayChange({ provisional }: CoverageNames): string {
  if (provisional.length === 0) return "";
  const whose = provisional.length > MAX_NAMES ? `${withThousands(provisional.length)} forces` : listed(provisional);
  return `; what ${whose} reported is provisional and may change`;
}

export interface StateText {
  text: string;
  colour: "green" | "yellow" | "red" | "grey" | "blue";
}

// For a tag: the words say all, the colour only helps.
export function stateText(force: ForceCoverage, reference: Reference): StateText {
  switch (force.state) {
    case CoverageState.FINAL:
      return { text: "Final", colour: "green" };
    case CoverageState.PROVISIONAL:
      return { text: "Provisional", colour: "yellow" };
    case CoverageState.NIL:
      return { text: "Nil", colour: "green" };
    case CoverageState.COVERED:
      return { text: `Covered by ${reference.forceName(force.coveredBy)}`, colour: "blue" };
    case CoverageState.RETRACTED:
      return { text: "Retracted", colour: "red" };
    case CoverageState.MISSING:
      return { text: force.expected ? "Missing" : "Not heard", colour: force.expected ? "red" : "grey" };
    default:
      return { text: "Unknown", colour: "grey" };
  }
}
