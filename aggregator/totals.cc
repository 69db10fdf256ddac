#include "aggregator/totals.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "aggregator/coverage.h"

namespace muster {
namespace {

// Sorts behind every other: rows without a region or date come last.
constexpr int kLast = std::numeric_limits<int>::max();

// What a row is of, in the order of rows. Members that the query does not group by are 0.
struct RowKey {
  int operation = 0;  // Index in the order of answers.
  int region = 0;     // kLast: in no region.
  int force = 0;
  int day = 0;         // Since 1970-01-01; kLast: several days.
  int metric_plan = 0;  // Index in the query's metrics, which ascend.
  int row = 0;         // Index in the plan's rows.

  auto Tie() const { return std::tie(operation, region, force, day, metric_plan, row); }
  friend bool operator==(const RowKey& a, const RowKey& b) { return a.Tie() == b.Tie(); }
  friend bool operator<(const RowKey& a, const RowKey& b) { return a.Tie() < b.Tie(); }
  template <typename H>
  friend H AbslHashValue(H state, const RowKey& key) {
    return H::combine(std::move(state), key.operation, key.region, key.force, key.day, key.metric_plan, key.row);
  }
};

struct RowSum {
  Cell cell;
  int32_t force_count = 0;
  ForceIndex latest_force = -1;  // Forces come one after the other, so this tells a new one.
};

bool FitsInt64(absl::int128 value) {
  return value >= std::numeric_limits<int64_t>::min() && value <= std::numeric_limits<int64_t>::max();
}

// Adds up the rows of one query. Lives for one view.
class Summer {
 public:
  Summer(const CubesView& view, const Catalogue& catalogue, const TotalsQuery& query)
      : catalogue_(catalogue), query_(query), operations_(OperationsInOrder(view, query.scope)) {}

  void Run() {
    // Forces outermost, so that a row meets each force once over all operations.
    for (ForceIndex force = 0; force < catalogue_.force_count(); ++force) {
      if (!query_.scope.TakesForce(force)) continue;
      for (size_t operation = 0; operation < operations_.size(); ++operation) {
        const ForceCube* const cube = operations_[operation]->forces[static_cast<size_t>(force)].get();
        if (cube != nullptr) AddForce(static_cast<int>(operation), force, *cube);
      }
    }
  }

  int64_t cut_by_period_count() const { return cut_by_period_count_; }

  absl::StatusOr<std::vector<v1::TotalsRow>> Rows() const {
    std::vector<const std::pair<const RowKey, RowSum>*> sorted;
    sorted.reserve(sums_.size());
    for (const auto& entry : sums_) sorted.push_back(&entry);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    std::vector<v1::TotalsRow> rows;
    rows.reserve(sorted.size());
    for (const auto* const entry : sorted) {
      absl::StatusOr<v1::TotalsRow> row = RowOf(entry->first, entry->second);
      if (!row.ok()) return row.status();
      rows.push_back(*std::move(row));
    }
    return rows;
  }

 private:
  // The region of a force's results whatever their day; nullopt if that depends on the day.
  std::optional<RegionIndex> ConstantRegion(ForceIndex force, const ForceCube& cube) const {
    if (query_.scope.regions_as_of) return catalogue_.RegionOn(force, *query_.scope.regions_as_of);
    if (cube.periods().empty()) return kNoRegion;
    absl::CivilDay first = cube.periods().front().first.last;
    absl::CivilDay last = first;
    for (const auto& [period, count] : cube.periods()) {
      first = std::min(first, period.last);
      last = std::max(last, period.last);
    }
    return catalogue_.RegionThroughout(force, {first, last});
  }

  bool TakesPeriod(const Period& period) const {
    return (!query_.first_day || *query_.first_day <= period.first) &&
           (!query_.last_day || period.last <= *query_.last_day);
  }

  bool IsCut(const Period& period) const {
    return !TakesPeriod(period) && (!query_.first_day || *query_.first_day <= period.last) &&
           (!query_.last_day || period.first <= *query_.last_day);
  }

  void AddForce(int operation, ForceIndex force, const ForceCube& cube) {
    const bool needs_region = query_.by_region || !query_.scope.regions.empty();
    const std::optional<RegionIndex> constant = needs_region ? ConstantRegion(force, cube) : kNoRegion;
    const auto region_of = [&](const Period& period) {
      return constant ? *constant : catalogue_.RegionOn(force, period.last);
    };
    const auto takes_region = [&](RegionIndex region) { return !needs_region || query_.scope.TakesRegion(region); };

    if (query_.HasDates()) {
      for (const auto& [period, count] : cube.periods()) {
        if (IsCut(period) && takes_region(region_of(period))) cut_by_period_count_ += count;
      }
    }
    RowKey key;
    if (query_.by_operation) key.operation = operation;
    if (query_.by_force) key.force = force;
    const auto set_region = [&](RegionIndex region) {
      if (query_.by_region) key.region = region == kNoRegion ? kLast : region;
    };

    // The level over all periods answers unless the period matters.
    if (constant && !query_.HasDates() && !query_.by_date) {
      if (!takes_region(*constant)) return;
      set_region(*constant);
      for (size_t plan = 0; plan < query_.metrics.size(); ++plan) {
        AddBlock(key, static_cast<int>(plan), force, cube.metric(query_.metrics[plan].metric).whole);
      }
      return;
    }
    for (size_t plan = 0; plan < query_.metrics.size(); ++plan) {
      for (const auto& [period, block] : cube.metric(query_.metrics[plan].metric).periods) {
        const RegionIndex region = region_of(period);
        if (!TakesPeriod(period) || !takes_region(region)) continue;
        set_region(region);
        if (query_.by_date) key.day = period.IsOneDay() ? DaysSinceEpoch(period.first) : kLast;
        AddBlock(key, static_cast<int>(plan), force, block);
      }
    }
  }

  void AddBlock(RowKey key, int plan_index, ForceIndex force, const Block& block) {
    if (block.result_count() == 0) return;
    const MetricPlan& plan = query_.metrics[static_cast<size_t>(plan_index)];
    key.metric_plan = plan_index;
    for (size_t row = 0; row < plan.rows.size(); ++row) {
      key.row = static_cast<int>(row);
      const RowNodes& row_nodes = plan.rows[row];
      if (!row_nodes.set) {
        if (const Cell* const cell = block.Find(row_nodes.nodes.front())) AddCell(key, force, *cell);
        continue;
      }
      Cell sum;
      for (const int node : row_nodes.nodes) {
        if (const Cell* const cell = block.Find(node)) sum += *cell;
      }
      if (sum.result_count == 0) continue;
      sum.result_count = block.CountResults(*row_nodes.set);  // A result in two categories is one result.
      AddCell(key, force, sum);
    }
  }

  void AddCell(const RowKey& key, ForceIndex force, const Cell& cell) {
    RowSum& sum = sums_[key];
    sum.cell += cell;
    if (sum.latest_force != force) {
      sum.latest_force = force;
      ++sum.force_count;
    }
  }

  absl::StatusOr<v1::TotalsRow> RowOf(const RowKey& key, const RowSum& sum) const {
    const MetricPlan& plan = query_.metrics[static_cast<size_t>(key.metric_plan)];
    const v1::Metric& metric = catalogue_.metric(plan.metric);
    v1::TotalsRow row;
    if (query_.by_operation) row.set_operation(operations_[static_cast<size_t>(key.operation)]->operation->proto.id());
    if (query_.by_region && key.region != kLast) row.set_region(catalogue_.region(key.region).id());
    if (query_.by_force) row.set_force(catalogue_.force(key.force).id());
    if (query_.by_date && key.day != kLast) row.set_date(FormatCivilDay(CivilDayFromEpoch(key.day)));
    row.set_metric(metric.id());
    for (const std::string& category : plan.rows[static_cast<size_t>(key.row)].categories) row.add_categories(category);

    const Amount& amount = sum.cell.amount;
    absl::int128 not_broken_down = 0;
    for (size_t axis = 0; axis < Lattice::kAxes; ++axis) {
      if (plan.split[axis]) not_broken_down = std::max(not_broken_down, sum.cell.not_broken_down[axis]);
    }
    if (!FitsInt64(amount.sum) || !FitsInt64(not_broken_down)) {
      return absl::OutOfRangeError(absl::StrCat("The total of \"", metric.id(),
                                                "\" does not fit 64 bits; ask for a narrower one, by force."));
    }
    v1::Total& total = *row.mutable_total();
    const bool adds_up = metric.additivity() != v1::ADDITIVITY_NOT_ADDITIVE || sum.cell.result_count == 1;
    total.set_unit(metric.base_unit());
    total.set_qualifier(amount.CarefulQualifier());
    if (adds_up) {
      total.set_sum(static_cast<int64_t>(amount.sum));
      total.set_at_least(static_cast<int64_t>(amount.AtLeast()));
      if (const std::optional<absl::int128> at_most = amount.AtMost()) total.set_at_most(static_cast<int64_t>(*at_most));
      total.set_estimate(static_cast<int64_t>(amount.estimate_sum));
    }
    total.set_result_count(sum.cell.result_count);
    total.set_force_count(sum.force_count);
    total.set_uncounted_count(amount.uncounted_count);
    total.set_not_broken_down(static_cast<int64_t>(not_broken_down));
    return row;
  }

  const Catalogue& catalogue_;
  const TotalsQuery& query_;
  const std::vector<const OperationCubes*> operations_;
  absl::flat_hash_map<RowKey, RowSum> sums_;
  int64_t cut_by_period_count_ = 0;
};

}  // namespace

absl::StatusOr<TotalsAnswer> ComputeTotals(const Cubes& cubes, const TotalsQuery& query) {
  absl::StatusOr<TotalsAnswer> answer = TotalsAnswer();
  cubes.Read([&](const CubesView& view) {
    Summer summer(view, cubes.catalogue(), query);
    summer.Run();
    absl::StatusOr<std::vector<v1::TotalsRow>> rows = summer.Rows();
    if (!rows.ok()) {
      answer = rows.status();
      return;
    }
    answer->rows = *std::move(rows);
    answer->coverage = ComputeCoverage(view, cubes.catalogue(), query.scope);
    answer->cut_by_period_count = summer.cut_by_period_count();
    answer->position = view.position;
    answer->as_of_time_us = view.as_of_time_us;
  });
  return answer;
}

}  // namespace muster
