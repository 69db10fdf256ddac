// A question about totals, resolved against the catalogue.
#ifndef MUSTER_AGGREGATOR_TOTALS_QUERY_H_
#define MUSTER_AGGREGATOR_TOTALS_QUERY_H_

#include <optional>
#include <string>
#include <vector>

#include "aggregator/cubes.h"
#include "domain/body_set.h"
#include "domain/catalogue.h"
#include "domain/civil_day.h"
#include "domain/field_problem.h"
#include "domain/lattice.h"
#include "domain/operation.h"
#include "muster/v1/totals_service.pb.h"

namespace muster {

// Whose results: shared by totals and coverage. An empty list means all.
struct Scope {
  std::vector<std::string> operations;  // Ascending ids.
  std::vector<bool> regions;            // By region; empty: all, also bodies in none.
  std::vector<bool> forces;             // By force; empty: all.
  std::optional<absl::CivilDay> regions_as_of;

  // Who may be shown by name: coverage lists nobody else. With `only_shown` the results of others are left out of all
  // else too, as if there were none. For asking with less than all rights.
  BodySet shown = BodySet::All();
  bool only_shown = false;

  // Whether anything of a force counts in an operation whose last day is `last_day`.
  bool TakesForceOf(ForceIndex force, absl::CivilDay last_day, const Catalogue& catalogue) const {
    return TakesForce(force) && (!only_shown || Shows(force, last_day, catalogue));
  }
  // Whether it may be named.
  bool Shows(ForceIndex force, absl::CivilDay last_day, const Catalogue& catalogue) const {
    return shown.HasAll() || shown.Holds(force, catalogue.RegionOn(force, last_day));
  }

  bool TakesOperation(const std::string& id) const;
  bool TakesForce(ForceIndex force) const { return forces.empty() || forces[static_cast<size_t>(force)]; }
  bool TakesRegion(RegionIndex region) const {
    return regions.empty() || (region != kNoRegion && regions[static_cast<size_t>(region)]);
  }
};

// One kind of row of one metric: which nodes it is the sum of.
struct RowNodes {
  std::vector<int> nodes;               // One; several for a union of categories.
  std::optional<NodeSet> set;           // The same, for a union.
  std::vector<std::string> categories;  // What the row is labelled with.
};

// A metric that the query takes.
struct MetricPlan {
  MetricIndex metric = 0;
  std::vector<RowNodes> rows;  // Parents before children.
  // Which axes `not_broken_down` speaks of.
  std::array<bool, Lattice::kAxes> split{};
};

// The operation that every row is set beside.
struct Baseline {
  std::string operation;  // Its id.
  // How many days its first day comes before that of the query's operation; below zero if it comes after.
  int days_before = 0;
};

struct TotalsQuery {
  Scope scope;
  std::vector<MetricPlan> metrics;  // Ascending.
  std::optional<absl::CivilDay> first_day;
  std::optional<absl::CivilDay> last_day;
  bool by_operation = false;
  bool by_region = false;
  bool by_force = false;
  bool by_date = false;
  std::optional<Baseline> baseline;  // Set: the scope names one operation.

  bool HasDates() const { return first_day.has_value() || last_day.has_value(); }
};

// The same question of the baseline of `query`, which has one: about its operation, on the days at the same distances
// from its first.
TotalsQuery BaselineQuery(const TotalsQuery& query);

// Resolves a query, or names everything that is wrong with it, with paths below `path` ("query").
std::optional<TotalsQuery> ParseTotalsQuery(const v1::TotalsQuery& proto, absl::string_view path,
                                            const Catalogue& catalogue, const OperationDirectory& operations,
                                            FieldProblems* problems);

// The same for coverage, with paths at the top of the request.
std::optional<Scope> ParseCoverageScope(const v1::GetCoverageRequest& request, const Catalogue& catalogue,
                                        const OperationDirectory& operations, FieldProblems* problems);

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_TOTALS_QUERY_H_
