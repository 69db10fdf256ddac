// The catalogue and the operations: names for ids, and what a metric is.
import {
  type Breakdown,
  type Catalogue,
  type Category,
  Dimension,
  type Force,
  type Metric,
  type Operation,
} from "../generated/muster/v1/catalogue_pb";

export class Reference {
  readonly metrics: Map<string, Metric>;
  readonly forces: Map<string, Force>;
  readonly #categories = new Map<string, Category>();
  readonly #breakdowns: Map<string, Breakdown>;
  readonly #operations: Map<string, Operation>;

  // `operations` by start date, as the server lists them.
  constructor(
    readonly catalogue: Catalogue,
    readonly operations: Operation[],
  ) {
    this.metrics = new Map(catalogue.metrics.map((metric) => [metric.id, metric]));
    this.forces = new Map(catalogue.forces.map((force) => [force.id, force]));
    this.#breakdowns = new Map(catalogue.breakdowns.map((breakdown) => [breakdown.id, breakdown]));
    this.#operations = new Map(operations.map((operation) => [operation.id, operation]));
    for (const breakdown of catalogue.breakdowns) {
      for (const category of breakdown.categories) this.#categories.set(category.id, category);
    }
  }

  operation(id: string): Operation | undefined {
    return this.#operations.get(id);
  }

  // An id that the catalogue does not know stands for itself.
  operationTitle(id: string): string {
    return this.#operations.get(id)?.title || id;
  }

  forceName(id: string): string {
    return this.forces.get(id)?.name || id;
  }

  regionName(id: string): string {
    return this.catalogue.regions.find((region) => region.id === id)?.name || id;
  }

  // "the South East region", to stand inside a sentence.
  regionPhrase(id: string): string {
    return `the ${this.regionName(id).replace(/ region$/, "")} region`;
  }

  metricName(id: string): string {
    return this.metrics.get(id)?.name || id;
  }

  dimensionOf(metric: string): Dimension {
    return this.metrics.get(metric)?.dimension ?? Dimension.COUNT;
  }

  breakdown(id: string): Breakdown | undefined {
    return this.#breakdowns.get(id);
  }

  categoryName(id: string): string {
    return this.#categories.get(id)?.name || id;
  }

  // "Male, Child".
  categoryNames(ids: string[]): string {
    return ids.map((id) => this.categoryName(id)).join(", ");
  }

  // How far below the top of its breakdown a category is; 0 at the top.
  depthOf(id: string): number {
    let depth = 0;
    for (let node = this.#categories.get(id); node?.parent; node = this.#categories.get(node.parent)) depth += 1;
    return depth;
  }
}

// "arrests" for "Arrests", to stand inside a sentence; "National Referral Mechanism referrals" stays.
export function insideSentence(name: string): string {
  const [first = "", second = ""] = name.split(" ");
  const isName = /^[A-Z]{2}/.test(first) || /^[A-Z]/.test(second);
  return isName ? name : name.charAt(0).toLowerCase() + name.slice(1);
}
