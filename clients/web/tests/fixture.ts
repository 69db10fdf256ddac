// A small catalogue, and short ways to say totals and coverage.
import { create } from "@bufbuild/protobuf";
import { CatalogueSchema, Dimension, ForceKind } from "../generated/muster/v1/catalogue_pb";
import { Qualifier } from "../generated/muster/v1/result_pb";
import {
  type Coverage,
  CoverageSchema,
  CoverageState,
  type Total,
  type TotalsRow,
  TotalSchema,
  TotalsRowSchema,
} from "../generated/muster/v1/totals_service_pb";
import { Reference } from "../src/reference";

const territorial = (id: string, name: string) => ({ id, name, kind: ForceKind.TERRITORIAL });

export const reference = new Reference(
  create(CatalogueSchema, {
    regions: [
      { id: "south-east", name: "South East", unitName: "SEROCU" },
      { id: "west-midlands-region", name: "West Midlands region" },
    ],
    forces: [
      territorial("thames-valley", "Thames Valley"),
      territorial("hampshire", "Hampshire"),
      territorial("surrey", "Surrey"),
      territorial("sussex", "Sussex"),
    ],
    breakdowns: [
      {
        id: "drug",
        name: "Drug",
        categories: [
          { id: "class-a", name: "Class A" },
          { id: "heroin", name: "Heroin", parent: "class-a" },
          { id: "class-b", name: "Class B" },
        ],
      },
    ],
    metrics: [
      { id: "arrests", name: "Arrests", dimension: Dimension.COUNT },
      { id: "cash-seized", name: "Cash seized", dimension: Dimension.MONEY },
      { id: "phones-seized", name: "Phones seized", dimension: Dimension.COUNT },
      { id: "deal-phones-seized", name: "Deal phones seized", dimension: Dimension.COUNT, subsetOf: "phones-seized" },
      { id: "nrm-referrals", name: "National Referral Mechanism referrals", dimension: Dimension.COUNT },
    ],
  }),
  [
    {
      $typeName: "muster.v1.Operation",
      id: "week",
      title: "Week of Action",
      startDate: "2023-02-27",
      endDate: "2023-03-05",
      expectedForces: [],
      expectedMetrics: [],
      closed: false,
      changePosition: 0n,
    },
  ],
);

export function exact(sum: bigint, forceCount = 1): Total {
  return create(TotalSchema, {
    sum, qualifier: Qualifier.EXACT, atLeast: sum, atMost: sum, resultCount: BigInt(forceCount), forceCount,
  });
}

export function estimate(sum: bigint, atLeast: bigint, forceCount = 1): Total {
  return create(TotalSchema, {
    sum, qualifier: Qualifier.ESTIMATE, atLeast, estimate: sum - atLeast, resultCount: BigInt(forceCount), forceCount,
  });
}

export function row(metric: string, total: Total, change: Partial<TotalsRow> = {}): TotalsRow {
  return { ...create(TotalsRowSchema, { metric, total }), ...change };
}

// "final hampshire", "missing surrey", "provisional sussex late", "unasked kent".
export function coverage(...forces: string[]): Coverage {
  const states: Record<string, CoverageState> = {
    final: CoverageState.FINAL,
    unasked: CoverageState.FINAL,
    provisional: CoverageState.PROVISIONAL,
    nil: CoverageState.NIL,
    covered: CoverageState.COVERED,
    retracted: CoverageState.RETRACTED,
    missing: CoverageState.MISSING,
  };
  const read = forces.map((text) => {
    const [state = "", force = "", late = ""] = text.split(" ");
    return { force, state: states[state] ?? CoverageState.UNSPECIFIED, expected: state !== "unasked", late: late === "late" };
  });
  const expected = read.filter((force) => force.expected);
  const reported = expected.filter(({ state }) => state !== CoverageState.MISSING && state !== CoverageState.RETRACTED);
  return create(CoverageSchema, { expectedCount: expected.length, reportedCount: reported.length, forces: read });
}
