// What the tiles of the map say.
import { type Dimension, type Force } from "../generated/muster/v1/catalogue_pb";
import { type Coverage, CoverageState, type ForceCoverage, type Total } from "../generated/muster/v1/totals_service_pb";
import { carefulText, writeInSigns } from "./careful_writer";
import { hasReported, stateText } from "./coverage_text";
import type { TileContent } from "./parts/tile_map";
import type { Reference } from "./reference";

// Depths of colour: enough to compare, few enough to tell apart.
const DEPTHS = 4;

const OUTSIDE: TileContent = { look: "outside", signs: "", text: "not in this question" };

function statesOf(coverage: Coverage): Map<string, ForceCoverage> {
  return new Map(coverage.forces.map((force) => [force.force, force]));
}

export const TOTALS_KEY =
  "A stronger colour is more. ≥ at least, ≈ about, ≤ at most, + some still to be counted, – reported without a figure for this. " +
  "Dashed edge: nothing heard, which is not zero.";

// Each force's total of one metric; `totals` by force, `most` the largest of their sums.
export function totalTiles(
  totals: Map<string, Total>,
  most: bigint,
  coverage: Coverage,
  dimension: Dimension,
): (force: Force) => TileContent {
  const states = statesOf(coverage);
  return ({ id }) => {
    const total = totals.get(id);
    if (total !== undefined) {
      const { sum = 0n } = total;
      const depth = sum <= 0n || most <= 0n ? 0 : Math.min(DEPTHS, Number((sum * BigInt(DEPTHS)) / most) + 1);
      return { look: `depth-${depth}`, signs: writeInSigns(total, dimension), text: carefulText(total, dimension) };
    }
    const state = states.get(id);
    if (state === undefined) return OUTSIDE;
    return hasReported(state)
      ? { look: "no-figure", signs: "–", text: "reported, without a figure for this" }
      : { look: "missing", signs: "missing", text: "missing: nothing heard, which is not zero" };
  };
}

const STATE_SIGNS: Record<CoverageState, string> = {
  [CoverageState.UNSPECIFIED]: "?",
  [CoverageState.FINAL]: "final",
  [CoverageState.PROVISIONAL]: "prov.",
  [CoverageState.NIL]: "nil",
  [CoverageState.COVERED]: "covered",
  [CoverageState.RETRACTED]: "retract.",
  [CoverageState.MISSING]: "missing",
};

export const STATES_KEY =
  "Strong colour: final, nil or covered by a joint return. Weak: provisional. Dashed edge: nothing heard, or all retracted.";

// How far each force has got.
export function stateTiles(coverage: Coverage, reference: Reference): (force: Force) => TileContent {
  const states = statesOf(coverage);
  return ({ id }) => {
    const state = states.get(id);
    if (state === undefined) return OUTSIDE;
    const look = !hasReported(state) ? "missing" : state.state === CoverageState.PROVISIONAL ? "depth-1" : "depth-4";
    const late = state.late ? ", late" : "";
    return { look, signs: STATE_SIGNS[state.state], text: stateText(state, reference).text + late };
  };
}
