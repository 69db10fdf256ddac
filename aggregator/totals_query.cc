#include "aggregator/totals_query.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/quote.h"

namespace muster {
namespace {

using Ids = google::protobuf::RepeatedPtrField<std::string>;

class QueryParser {
 public:
  QueryParser(absl::string_view path, const Catalogue& catalogue, const OperationDirectory& operations,
              FieldProblems* problems)
      : path_(path), catalogue_(catalogue), operations_(operations), problems_(problems) {}

  // Of TotalsQuery or GetCoverageRequest: the fields are named alike.
  template <typename Proto>
  Scope ParseScope(const Proto& proto) {
    Scope scope;
    for (int index = 0; index < proto.operations_size(); ++index) {
      const std::string& id = proto.operations(index);
      if (operations_.Find(id) == nullptr) {
        Unknown("operations", index, id, "operation", "UNKNOWN_OPERATION", operations_.Nearest(id));
      }
      scope.operations.push_back(id);
    }
    std::sort(scope.operations.begin(), scope.operations.end());
    if (!proto.regions().empty()) scope.regions.resize(static_cast<size_t>(catalogue_.region_count()));
    for (int index = 0; index < proto.regions_size(); ++index) {
      const std::string& id = proto.regions(index);
      if (const std::optional<RegionIndex> region = catalogue_.FindRegion(id)) {
        scope.regions[static_cast<size_t>(*region)] = true;
      } else {
        Unknown("regions", index, id, "region", "UNKNOWN_REGION", catalogue_.NearestRegion(id));
      }
    }
    if (!proto.forces().empty()) scope.forces.resize(static_cast<size_t>(catalogue_.force_count()));
    for (int index = 0; index < proto.forces_size(); ++index) {
      const std::string& id = proto.forces(index);
      if (const std::optional<ForceIndex> force = catalogue_.FindForce(id)) {
        scope.forces[static_cast<size_t>(*force)] = true;
      } else {
        Unknown("forces", index, id, "force", "UNKNOWN_FORCE", catalogue_.NearestForce(id));
      }
    }
    scope.regions_as_of = ParseDate("regions_as_of", proto.regions_as_of());
    return scope;
  }

  TotalsQuery Parse(const v1::TotalsQuery& proto) {
    TotalsQuery query;
    query.scope = ParseScope(proto);
    query.first_day = ParseDate("start_date", proto.start_date());
    query.last_day = ParseDate("end_date", proto.end_date());
    if (query.first_day && query.last_day && *query.last_day < *query.first_day) {
      Add("end_date", "PERIOD_REVERSED",
          absl::StrCat("is ", proto.end_date(), ", before start_date, which is ", proto.start_date()));
    }
    ParseGroupBy(proto, &query);
    ParseBreakdowns(proto);
    ParseCategories(proto);
    ParseMetrics(proto, &query);
    ParseBaseline(proto, &query);
    return query;
  }

 private:
  void Add(absl::string_view field, absl::string_view reason, std::string description) {
    problems_->push_back({path_.empty() ? std::string(field) : absl::StrCat(path_, ".", field), std::string(reason),
                          std::move(description)});
  }

  void Unknown(absl::string_view field, int index, const std::string& id, absl::string_view what,
               absl::string_view reason, const std::string& nearest) {
    Add(absl::StrCat(field, "[", index, "]"), reason,
        absl::StrCat(Quote(id), " is no known ", what, DidYouMean(nearest)));
  }

  std::optional<absl::CivilDay> ParseDate(absl::string_view field, const std::string& text) {
    if (text.empty()) return std::nullopt;
    const std::optional<absl::CivilDay> day = ParseCivilDay(text);
    if (!day) {
      Add(field, "DATE_MALFORMED", absl::StrCat("is ", Quote(text), "; must be a day like 2021-10-15"));
    }
    return day;
  }

  void ParseGroupBy(const v1::TotalsQuery& proto, TotalsQuery* query) {
    std::set<int> seen;
    for (int index = 0; index < proto.group_by_size(); ++index) {
      const std::string field = absl::StrCat("group_by[", index, "]");
      if (!seen.insert(proto.group_by(index)).second) Add(field, "REPEATED", "is named twice; name each once");
      switch (proto.group_by(index)) {
        case v1::GROUP_BY_OPERATION:
          query->by_operation = true;
          break;
        case v1::GROUP_BY_REGION:
          query->by_region = true;
          break;
        case v1::GROUP_BY_FORCE:
          query->by_force = true;
          break;
        case v1::GROUP_BY_DATE:
          query->by_date = true;
          break;
        case v1::GROUP_BY_CATEGORY:
          by_category_ = true;
          break;
        default:
          Add(field, "UNKNOWN_GROUP_BY", "must be operation, region, force, date or category");
      }
    }
  }

  void ParseBaseline(const v1::TotalsQuery& proto, TotalsQuery* query) {
    const std::string& id = proto.baseline_operation();
    if (id.empty()) return;
    const Operation* const baseline = operations_.Get(id);
    if (baseline == nullptr) {
      Add("baseline_operation", "UNKNOWN_OPERATION",
          absl::StrCat(Quote(id), " is no known operation", DidYouMean(operations_.Nearest(id))));
    }
    const std::vector<std::string>& asked = query->scope.operations;  // Ascending.
    if (asked.empty() || asked.front() != asked.back()) {
      Add("baseline_operation", "BASELINE_NEEDS_ONE_OPERATION",
          "is set beside one operation; name that one in operations, and no other");
      return;
    }
    if (asked.front() == id) {
      Add("baseline_operation", "BASELINE_IS_THE_OPERATION", "is the operation itself; name an earlier one");
    }
    const Operation* const operation = operations_.Get(asked.front());
    if (baseline == nullptr || operation == nullptr) return;
    query->baseline = {id, static_cast<int>(operation->window.first - baseline->window.first)};
  }

  void ParseBreakdowns(const v1::TotalsQuery& proto) {
    for (int index = 0; index < proto.breakdowns_size(); ++index) {
      const std::string& id = proto.breakdowns(index);
      if (const std::optional<BreakdownIndex> breakdown = catalogue_.FindBreakdown(id)) {
        breakdowns_.insert(*breakdown);
      } else {
        Unknown("breakdowns", index, id, "breakdown", "UNKNOWN_BREAKDOWN", catalogue_.NearestBreakdown(id));
      }
    }
  }

  void ParseCategories(const v1::TotalsQuery& proto) {
    for (int index = 0; index < proto.categories_size(); ++index) {
      const std::string& id = proto.categories(index);
      if (const std::optional<CategoryIndex> category = catalogue_.FindCategory(id)) {
        categories_.insert(*category);
      } else {
        Unknown("categories", index, id, "category", "UNKNOWN_CATEGORY", catalogue_.NearestCategory(id));
      }
    }
  }

  void ParseMetrics(const v1::TotalsQuery& proto, TotalsQuery* query) {
    const bool adds_nothing_up = query->by_force && (query->by_operation || query->scope.operations.size() == 1);
    std::set<MetricIndex> named;
    for (int index = 0; index < proto.metrics_size(); ++index) {
      const std::string& id = proto.metrics(index);
      const std::string field = absl::StrCat("metrics[", index, "]");
      const std::optional<MetricIndex> metric = catalogue_.FindMetric(id);
      if (!metric) {
        Unknown("metrics", index, id, "metric", "UNKNOWN_METRIC", catalogue_.NearestMetric(id));
        continue;
      }
      named.insert(*metric);
      if (catalogue_.metric(*metric).additivity() == v1::ADDITIVITY_NOT_ADDITIVE && !adds_nothing_up) {
        Add(field, "NOT_ADDITIVE",
            absl::StrCat("\"", id, "\" does not add up; group by force and operation to see what each stated"));
      } else if (HasUnionOfOverlapping(*metric)) {
        Add(field, "PARTS_OVERLAP",
            absl::StrCat("the parts of \"", id,
                         "\" may overlap, so several categories have no total; group by category, or name one"));
      }
    }
    for (MetricIndex metric = 0; metric < catalogue_.metric_count(); ++metric) {
      const v1::Additivity additivity = catalogue_.metric(metric).additivity();
      const bool taken = named.empty() ? (additivity != v1::ADDITIVITY_NOT_ADDITIVE || adds_nothing_up) &&
                                             !HasUnionOfOverlapping(metric)
                                       : named.count(metric) != 0;
      if (!taken || (!proto.metrics().empty() && named.empty())) continue;
      if (std::optional<MetricPlan> plan = Plan(metric)) query->metrics.push_back(*std::move(plan));
    }
  }

  // The categories of the query on one axis, outermost only; empty if the query names none there.
  std::vector<int> WantedOn(MetricIndex metric, int axis) const {
    const BreakdownTree& tree = catalogue_.lattice(metric).tree(axis);
    std::vector<int> wanted;
    for (const CategoryIndex category : categories_) {
      const std::optional<Catalogue::Place> place = catalogue_.PlaceOf(metric, category);
      if (place && place->axis == axis) wanted.push_back(place->tree_node);
    }
    std::vector<int> outermost;
    for (const int node : wanted) {
      if (std::none_of(wanted.begin(), wanted.end(),
                       [&](int other) { return other != node && tree.IsWithin(node, other); })) {
        outermost.push_back(node);
      }
    }
    std::sort(outermost.begin(), outermost.end());
    return outermost;
  }

  bool IsSplit(MetricIndex metric, int axis) const {
    return breakdowns_.empty() || breakdowns_.count(catalogue_.axes(metric)[static_cast<size_t>(axis)]) != 0;
  }

  bool HasUnionOfOverlapping(MetricIndex metric) const {
    if (catalogue_.metric(metric).additivity() != v1::ADDITIVITY_PARTS_OVERLAP) return false;
    for (int axis = 0; axis < catalogue_.lattice(metric).axis_count(); ++axis) {
      if (!(by_category_ && IsSplit(metric, axis)) && WantedOn(metric, axis).size() > 1) return true;
    }
    return false;
  }

  // nullopt if the metric lacks a breakdown of which the query wants categories.
  std::optional<MetricPlan> Plan(MetricIndex metric) const {
    for (const CategoryIndex category : categories_) {
      if (!catalogue_.PlaceOf(metric, category)) return std::nullopt;
    }
    const Lattice& lattice = catalogue_.lattice(metric);
    MetricPlan plan;
    plan.metric = metric;
    // For each axis, the choices of a row: each a list of tree nodes that it adds up.
    std::array<std::vector<std::vector<int>>, Lattice::kAxes> choices;
    for (int axis = 0; axis < Lattice::kAxes; ++axis) {
      std::vector<std::vector<int>>& list = choices[static_cast<size_t>(axis)];
      if (axis >= lattice.axis_count()) {
        list.push_back({0});
        continue;
      }
      const BreakdownTree& tree = lattice.tree(axis);
      std::vector<int> wanted = WantedOn(metric, axis);
      plan.split[static_cast<size_t>(axis)] = IsSplit(metric, axis);
      if (!by_category_ || !IsSplit(metric, axis)) {
        list.push_back(wanted.empty() ? std::vector<int>{0} : wanted);
        continue;
      }
      for (int node = 0; node < tree.size(); ++node) {
        if (wanted.empty() ||
            std::any_of(wanted.begin(), wanted.end(), [&](int root) { return tree.IsWithin(node, root); })) {
          list.push_back({node});
        }
      }
    }
    for (const std::vector<int>& first : choices[0]) {
      for (const std::vector<int>& second : choices[1]) plan.rows.push_back(RowOf(metric, first, second));
    }
    return plan;
  }

  RowNodes RowOf(MetricIndex metric, const std::vector<int>& first, const std::vector<int>& second) const {
    const Lattice& lattice = catalogue_.lattice(metric);
    RowNodes row;
    for (const int a : first) {
      for (const int b : second) row.nodes.push_back(lattice.NodeAt({a, b}));
    }
    for (int axis = 0; axis < lattice.axis_count(); ++axis) {
      for (const int tree_node : axis == 0 ? first : second) {
        const CategoryIndex category = lattice.tree(axis).category[static_cast<size_t>(tree_node)];
        if (category >= 0) row.categories.push_back(catalogue_.category(category).id());
      }
    }
    if (row.nodes.size() > 1) {
      row.set.emplace(lattice.size());
      for (const int node : row.nodes) row.set->Add(node);
    }
    return row;
  }

  const absl::string_view path_;
  const Catalogue& catalogue_;
  const OperationDirectory& operations_;
  FieldProblems* const problems_;
  bool by_category_ = false;
  std::set<BreakdownIndex> breakdowns_;
  std::set<CategoryIndex> categories_;
};

}  // namespace

bool Scope::TakesOperation(const std::string& id) const {
  return operations.empty() || std::binary_search(operations.begin(), operations.end(), id);
}

TotalsQuery BaselineQuery(const TotalsQuery& query) {
  TotalsQuery of_baseline = query;
  of_baseline.scope.operations = {query.baseline->operation};
  if (query.first_day) of_baseline.first_day = *query.first_day - query.baseline->days_before;
  if (query.last_day) of_baseline.last_day = *query.last_day - query.baseline->days_before;
  of_baseline.baseline.reset();
  return of_baseline;
}

std::optional<TotalsQuery> ParseTotalsQuery(const v1::TotalsQuery& proto, absl::string_view path,
                                            const Catalogue& catalogue, const OperationDirectory& operations,
                                            FieldProblems* problems) {
  TotalsQuery query = QueryParser(path, catalogue, operations, problems).Parse(proto);
  if (!problems->empty()) return std::nullopt;
  return query;
}

std::optional<Scope> ParseCoverageScope(const v1::GetCoverageRequest& request, const Catalogue& catalogue,
                                        const OperationDirectory& operations, FieldProblems* problems) {
  Scope scope = QueryParser("", catalogue, operations, problems).ParseScope(request);
  if (!problems->empty()) return std::nullopt;
  return scope;
}

}  // namespace muster
