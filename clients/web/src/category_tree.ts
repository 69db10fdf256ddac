// The rows of one breakdown as a tree that adds up: below every node that its children do not account for stands what
// is not broken down.
import type { Total, TotalsRow } from "../generated/muster/v1/totals_service_pb";
import type { Reference } from "./reference";

export interface TreeRow {
  category: string; // Empty on the row of the whole metric.
  depth: number;
  total: Total;
  rest: boolean; // What is not broken down of the node above: its `total` is that node's.
}

// `rows` are grouped by category along one breakdown: parents before children.
export function categoryTree(rows: TotalsRow[], reference: Reference): TreeRow[] {
  const tree: TreeRow[] = [];
  // Nodes whose children are being listed, outermost first.
  const open: TreeRow[] = [];
  const closeTo = (depth: number): void => {
    for (let node = open.at(-1); node !== undefined && node.depth >= depth; node = open.at(-1)) {
      open.pop();
      if (node.total.notBrokenDown > 0n) tree.push({ ...node, depth: node.depth + 1, rest: true });
    }
  };
  for (const { categories, total } of rows) {
    if (total === undefined) continue;
    const [category = ""] = categories;
    const depth = category === "" ? 0 : reference.depthOf(category) + 1;
    closeTo(depth);
    const node = { category, depth, total, rest: false };
    tree.push(node);
    open.push(node);
  }
  closeTo(0);
  return tree;
}
