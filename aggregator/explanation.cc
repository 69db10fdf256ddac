#include "aggregator/explanation.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "aggregator/totals.h"
#include "domain/civil_day.h"
#include "domain/quote.h"

namespace muster {
namespace {

// Checks the labels of a row one by one.
class LabelChecker {
 public:
  LabelChecker(absl::string_view path, FieldProblems* problems) : path_(path), problems_(problems) {}

  void Add(absl::string_view field, absl::string_view reason, std::string description) {
    problems_->push_back({absl::StrCat(path_, ".", field), std::string(reason), std::move(description)});
  }

  // Whether the row may have this label and has it.
  bool Has(absl::string_view field, const std::string& label, bool is_grouped, bool is_required) {
    if (!is_grouped && !label.empty()) {
      Add(field, "NOT_GROUPED_BY", absl::StrCat("is ", Quote(label), "; the query does not group by it"));
    } else if (is_grouped && label.empty() && is_required) {
      Add(field, "REQUIRED", "is empty; every row of this query has one");
    }
    return is_grouped && !label.empty();
  }

  void NotInQuery(absl::string_view field, const std::string& label) {
    Add(field, "NOT_IN_QUERY", absl::StrCat("is ", Quote(label), ", of which the query has no rows"));
  }

 private:
  const absl::string_view path_;
  FieldProblems* const problems_;
};

// The nodes that the row is of, whatever the order of its categories; nullptr if the plan has no such row.
const RowNodes* FindRow(const MetricPlan& plan, const v1::TotalsRow& row) {
  std::vector<std::string> wanted(row.categories().begin(), row.categories().end());
  std::sort(wanted.begin(), wanted.end());
  for (const RowNodes& nodes : plan.rows) {
    std::vector<std::string> categories = nodes.categories;
    std::sort(categories.begin(), categories.end());
    if (categories == wanted) return &nodes;
  }
  return nullptr;
}

}  // namespace

std::optional<ExplainedRow> ExplainedRow::Resolve(const TotalsQuery& query, const v1::TotalsRow& row,
                                                  absl::string_view path, const Catalogue& catalogue,
                                                  const OperationDirectory& operations, FieldProblems* problems) {
  const size_t problems_before = problems->size();
  LabelChecker check(path, problems);
  TotalsQuery narrow = query;
  narrow.baseline.reset();
  if (check.Has("operation", row.operation(), query.by_operation, true)) {
    if (operations.Find(row.operation()) == nullptr || !query.scope.TakesOperation(row.operation())) {
      check.NotInQuery("operation", row.operation());
    }
    narrow.scope.operations = {row.operation()};
  }
  if (check.Has("region", row.region(), query.by_region, false)) {
    const std::optional<RegionIndex> region = catalogue.FindRegion(row.region());
    if (!region || !query.scope.TakesRegion(*region)) check.NotInQuery("region", row.region());
  }
  if (check.Has("force", row.force(), query.by_force, true)) {
    const std::optional<ForceIndex> force = catalogue.FindForce(row.force());
    if (!force || !query.scope.TakesForce(*force)) {
      check.NotInQuery("force", row.force());
    } else {
      narrow.scope.forces.assign(static_cast<size_t>(catalogue.force_count()), false);
      narrow.scope.forces[static_cast<size_t>(*force)] = true;
    }
  }
  if (check.Has("date", row.date(), query.by_date, false) && !ParseCivilDay(row.date())) {
    check.Add("date", "DATE_MALFORMED", absl::StrCat("is ", Quote(row.date()), "; must be a day like 2021-10-15"));
  }
  const std::optional<MetricIndex> metric = catalogue.FindMetric(row.metric());
  const auto plan = std::find_if(query.metrics.begin(), query.metrics.end(),
                                 [&](const MetricPlan& one) { return metric && one.metric == *metric; });
  narrow.metrics.clear();
  if (row.metric().empty()) {
    check.Add("metric", "REQUIRED", "is empty; every row has one");
  } else if (plan == query.metrics.end()) {
    check.NotInQuery("metric", row.metric());
  } else if (const RowNodes* const nodes = FindRow(*plan, row)) {
    narrow.metrics.push_back({plan->metric, {*nodes}, plan->split});
  } else {
    check.NotInQuery("categories", absl::StrJoin(row.categories(), " "));
  }
  if (problems->size() > problems_before) return std::nullopt;

  ExplainedRow explained(std::move(narrow), catalogue);
  explained.region_ = row.region();
  explained.date_ = row.date();
  for (const auto& [id, operation] : operations.operations()) {
    if (explained.query_.scope.TakesOperation(id)) explained.operations_.push_back(operation);
  }
  return explained;
}

std::vector<ForceKey> ExplainedRow::Forces() const {
  const Scope& scope = query_.scope;
  const std::optional<RegionIndex> region = region_.empty() ? std::nullopt : catalogue_->FindRegion(region_);
  // Whether results of a force may be in a region that is asked for: it was ever in one.
  const auto may_be_there = [&](ForceIndex force) {
    if (scope.regions.empty() && !region) return true;
    for (const v1::RegionMembership& membership : catalogue_->force(force).memberships()) {
      const std::optional<RegionIndex> one = catalogue_->FindRegion(membership.region());
      if (one && scope.TakesRegion(*one) && (!region || *region == *one)) return true;
    }
    return false;
  };
  std::vector<ForceKey> forces;
  for (ForceIndex force = 0; force < catalogue_->force_count(); ++force) {
    if (!scope.TakesForce(force) || !may_be_there(force)) continue;
    for (const std::shared_ptr<const Operation>& operation : operations_) {
      if (!scope.TakesForceOf(force, operation->window.last, *catalogue_)) continue;
      forces.push_back({operation->proto.id(), catalogue_->force(force).id()});
    }
  }
  return forces;
}

absl::StatusOr<std::optional<v1::Total>> ExplainedRow::ContributionOf(const store::v1::LoggedResult& logged) {
  const std::optional<ForceIndex> force = catalogue_->FindForce(logged.result().force());
  const auto operation = std::find_if(operations_.begin(), operations_.end(),
                                      [&](const auto& one) { return one->proto.id() == logged.result().operation(); });
  if (!force || operation == operations_.end()) return std::nullopt;
  values_.Clear();
  const absl::StatusOr<std::optional<Contribution>> added = muster::ContributionOf(*catalogue_, logged, &values_);
  if (!added.ok()) return added.status();
  if (!added->has_value()) return std::nullopt;
  const ValuesView& values = (*added)->values;
  bool has_metric = false;
  for (size_t index = 0; index < values.size(); ++index) {
    has_metric = has_metric || values[index].metric == query_.metrics.front().metric;
  }
  if (!has_metric) return std::nullopt;

  // The totals of this result alone, by the same code as those of all.
  auto cube = std::make_shared<ForceCube>(catalogue_);
  CubeChange change;
  change.added = *added;
  cube->Apply(change);
  std::vector<OperationCubes> cubes(1);
  cubes[0].operation = *operation;
  cubes[0].forces.resize(static_cast<size_t>(catalogue_->force_count()));
  cubes[0].forces[static_cast<size_t>(*force)] = std::move(cube);
  v1::QueryTotalsResponse answer;
  if (absl::Status status = ComputeRows({cubes}, *catalogue_, query_, &answer); !status.ok()) return status;
  for (v1::TotalsRow& row : *answer.mutable_rows()) {
    if (row.region() == region_ && row.date() == date_) return std::move(*row.mutable_total());
  }
  return std::nullopt;
}

}  // namespace muster
