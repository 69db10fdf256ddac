#include "aggregator/totals.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "aggregator/coverage.h"
#include "domain/timestamp.h"

namespace muster {
namespace {

// Sorts behind every other: rows without a region or date come last.
constexpr int kLast = std::numeric_limits<int>::max();

// What a row is of, in the order of rows. Members that the query does not group by are 0.
struct RowKey {
  int operation = 0;  // Index in the order of answers.
  int region = 0;     // kLast: in no region.
  int force = 0;
  int day = 0;          // Since 1970-01-01; kLast: several days.
  int metric_plan = 0;  // Index in the query's metrics, which ascend.
  int row = 0;          // Index in the plan's rows.

  // The same as two numbers, which hash and compare quickly. All but the day are far below 65,536 and not negative.
  std::pair<uint64_t, uint64_t> Packed() const {
    constexpr auto kLast16 = uint64_t{0xFFFF};
    const auto region16 = region == kLast ? kLast16 : static_cast<uint64_t>(region);
    const auto ordered_day = static_cast<uint64_t>(static_cast<uint32_t>(day) ^ 0x80000000U);  // May be before 1970.
    return {static_cast<uint64_t>(operation) << 32 | region16 << 16 | static_cast<uint64_t>(force),
            ordered_day << 32 | static_cast<uint64_t>(metric_plan) << 16 | static_cast<uint64_t>(row)};
  }
};

struct RowSum {
  RowKey key;
  Cell cell;
  int32_t force_count = 0;
  ForceIndex latest_force = -1;  // Forces come one after the other, so this tells a new one.
};

bool FitsInt64(absl::int128 value) {
  return value >= std::numeric_limits<int64_t>::min() && value <= std::numeric_limits<int64_t>::max();
}

// Adds up the rows of one query.
class Summer {
 public:
  // `query` must outlive this object. `day_shift`: rows are of so many days later than the results in them.
  Summer(const Catalogue& catalogue, const TotalsQuery& query, int day_shift = 0)
      : catalogue_(catalogue), query_(query), day_shift_(day_shift) {
    for (const MetricPlan& plan : query.metrics) rows_of_plan_ = std::max(rows_of_plan_, plan.rows.size());
  }

  // Once. The view may go afterwards.
  void Run(const CubesView& view) {
    const std::vector<const OperationCubes*> cubes = OperationsInOrder(view, query_.scope);
    for (const OperationCubes* const operation : cubes) operations_.push_back(operation->operation);
    const size_t operations = query_.by_operation ? operations_.size() : 1;
    const size_t count = operations * query_.metrics.size() * rows_of_plan_;
    if (!query_.by_region && !query_.by_force && !query_.by_date && count <= kFewPlaces) {
      few_places_.assign(count, kNoPlace);
    }
    // Forces outermost, so that a row meets each force once over all operations.
    for (ForceIndex force = 0; force < catalogue_.force_count(); ++force) {
      if (!query_.scope.TakesForce(force)) continue;
      for (size_t operation = 0; operation < cubes.size(); ++operation) {
        const ForceCube* const cube = cubes[operation]->forces[static_cast<size_t>(force)].get();
        if (cube == nullptr) continue;
        const absl::CivilDay last_day = operations_[operation]->window.last;
        if (query_.scope.TakesForceOf(force, last_day, catalogue_)) AddForce(static_cast<int>(operation), force, *cube);
      }
    }
  }

  int64_t cut_by_period_count() const { return cut_by_period_count_; }

  // `baseline`, which may be nullptr, has added up the same rows of the baseline.
  absl::Status AddRows(const Summer* baseline, google::protobuf::RepeatedPtrField<v1::TotalsRow>* rows) const {
    const std::vector<SortedSum> sums = SortedSums();
    const std::vector<SortedSum> beside = baseline == nullptr ? std::vector<SortedSum>() : baseline->SortedSums();
    rows->Reserve(static_cast<int>(std::max(sums.size(), beside.size())));
    std::pair<int, std::string> day;  // Most rows are of the day of the one before.
    auto then = beside.begin();
    for (auto now = sums.begin(); now != sums.end() || then != beside.end();) {
      const bool has_now = now != sums.end() && (then == beside.end() || now->first <= then->first);
      const bool has_then = then != beside.end() && (now == sums.end() || then->first <= now->first);
      const RowKey& key = has_now ? now->second->key : then->second->key;
      v1::TotalsRow& row = *rows->Add();
      if (query_.by_date && key.day != kLast) {
        if (day.second.empty() || day.first != key.day) day = {key.day, FormatCivilDay(CivilDayFromEpoch(key.day))};
        row.set_date(day.second);
      }
      FillRow(key, &row);
      absl::Status filled;
      if (has_now) filled = FillTotal(*now++->second, row.mutable_total());
      if (has_then && filled.ok()) filled = FillTotal(*then++->second, row.mutable_baseline());
      if (!filled.ok()) return filled;
    }
    return absl::OkStatus();
  }

 private:
  // With its packed key.
  using SortedSum = std::pair<std::pair<uint64_t, uint64_t>, const RowSum*>;
  std::vector<SortedSum> SortedSums() const {
    std::vector<SortedSum> sorted;
    sorted.reserve(sums_.size());
    for (const RowSum& sum : sums_) sorted.emplace_back(sum.key.Packed(), &sum);
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }

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
        if (query_.by_date) key.day = period.IsOneDay() ? DaysSinceEpoch(period.first) + day_shift_ : kLast;
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

  RowSum& SumOf(const RowKey& key) {
    const auto find = [&](size_t* place, bool is_new) -> RowSum& {
      if (is_new) {
        *place = sums_.size();
        sums_.push_back({key, Cell(), 0, -1});
      }
      return sums_[*place];
    };
    if (!few_places_.empty()) {
      const size_t index =
          (static_cast<size_t>(key.operation) * query_.metrics.size() + static_cast<size_t>(key.metric_plan)) *
              rows_of_plan_ +
          static_cast<size_t>(key.row);
      return find(&few_places_[index], few_places_[index] == kNoPlace);
    }
    const auto [place, is_new] = places_.try_emplace(key.Packed(), 0);
    return find(&place->second, is_new);
  }

  void AddCell(const RowKey& key, ForceIndex force, const Cell& cell) {
    RowSum& sum = SumOf(key);
    sum.cell += cell;
    if (sum.latest_force != force) {
      sum.latest_force = force;
      ++sum.force_count;
    }
  }

  // All but the date and the totals.
  void FillRow(const RowKey& key, v1::TotalsRow* to) const {
    v1::TotalsRow& row = *to;
    const MetricPlan& plan = query_.metrics[static_cast<size_t>(key.metric_plan)];
    if (query_.by_operation) row.set_operation(operations_[static_cast<size_t>(key.operation)]->proto.id());
    if (query_.by_region && key.region != kLast) row.set_region(catalogue_.region(key.region).id());
    if (query_.by_force) row.set_force(catalogue_.force(key.force).id());
    row.set_metric(catalogue_.metric(plan.metric).id());
    for (const std::string& category : plan.rows[static_cast<size_t>(key.row)].categories) row.add_categories(category);
  }

  absl::Status FillTotal(const RowSum& sum, v1::Total* to) const {
    const MetricPlan& plan = query_.metrics[static_cast<size_t>(sum.key.metric_plan)];
    const v1::Metric& metric = catalogue_.metric(plan.metric);
    const Amount& amount = sum.cell.amount;
    absl::int128 not_broken_down = 0;
    for (size_t axis = 0; axis < Lattice::kAxes; ++axis) {
      if (plan.split[axis]) not_broken_down = std::max(not_broken_down, sum.cell.not_broken_down[axis]);
    }
    if (!FitsInt64(amount.sum) || !FitsInt64(not_broken_down)) {
      return absl::OutOfRangeError(
          absl::StrCat("The total of \"", metric.id(), "\" does not fit 64 bits; ask for a narrower one, by force."));
    }
    v1::Total& total = *to;
    const bool adds_up = metric.additivity() != v1::ADDITIVITY_NOT_ADDITIVE || sum.cell.result_count == 1;
    total.set_unit(metric.base_unit());
    total.set_qualifier(amount.CarefulQualifier());
    if (adds_up) {
      total.set_sum(static_cast<int64_t>(amount.sum));
      total.set_at_least(static_cast<int64_t>(amount.AtLeast()));
      if (const std::optional<absl::int128> at_most = amount.AtMost()) {
        total.set_at_most(static_cast<int64_t>(*at_most));
      }
      total.set_estimate(static_cast<int64_t>(amount.estimate_sum));
    }
    total.set_result_count(sum.cell.result_count);
    total.set_force_count(sum.force_count);
    total.set_uncounted_count(amount.uncounted_count);
    total.set_not_broken_down(static_cast<int64_t>(not_broken_down));
    return absl::OkStatus();
  }

  const Catalogue& catalogue_;
  const TotalsQuery& query_;
  const int day_shift_;
  std::vector<std::shared_ptr<const Operation>> operations_;  // In the order of answers.
  static constexpr size_t kFewPlaces = 16'384;
  static constexpr size_t kNoPlace = std::numeric_limits<size_t>::max();

  std::vector<RowSum> sums_;
  // Where in sums_ a row is. Without a grouping that makes many, rows are addressed by number: every force is added to
  // the same ones. Otherwise by packed key.
  std::vector<size_t> few_places_;
  size_t rows_of_plan_ = 1;
  absl::flat_hash_map<std::pair<uint64_t, uint64_t>, size_t> places_;
  int64_t cut_by_period_count_ = 0;
};

AnswerBasis BasisOf(const CubesView& view, const TotalsQuery& query) {
  AnswerBasis basis;
  for (size_t number = 0; number < view.operations.size(); ++number) {
    const OperationCubes& cubes = view.operations[number];
    const std::string& id = cubes.operation->proto.id();
    const bool is_asked = query.scope.TakesOperation(id);
    if (!is_asked && (!query.baseline || query.baseline->operation != id)) continue;
    if (!query.scope.operations.empty()) basis.operations.push_back(number);
    basis.changed_position = std::max(basis.changed_position, cubes.changed_position);
    if (!is_asked || !cubes.operation->due_time) continue;  // Coverage is not of the baseline.
    const int64_t due_us = absl::ToUnixMicros(*cubes.operation->due_time);
    if (view.as_of_time_us > due_us) continue;  // Whoever is missing is late already.
    basis.holds_until_us = std::min(due_us, basis.holds_until_us.value_or(due_us));
  }
  return basis;
}

// One answer in two steps: what the view is needed for, and the rest.
class Computation {
 public:
  Computation(const Catalogue& catalogue, const TotalsQuery& query)
      : catalogue_(catalogue), query_(query), summer_(catalogue, query) {
    if (!query.baseline) return;
    baseline_query_ = BaselineQuery(query);
    baseline_summer_.emplace(catalogue, *baseline_query_, query.baseline->days_before);
  }
  Computation(const Computation&) = delete;
  Computation& operator=(const Computation&) = delete;

  void Read(const CubesView& view, v1::QueryTotalsResponse* answer) {
    summer_.Run(view);
    if (baseline_summer_) baseline_summer_->Run(view);
    ComputeCoverage(view, catalogue_, query_.scope, answer->mutable_coverage());
    answer->set_position(view.position);
    *answer->mutable_as_of_time() = TimestampOf(view.as_of_time_us);
  }

  absl::Status Finish(v1::QueryTotalsResponse* answer) const {
    answer->set_cut_by_period_count(summer_.cut_by_period_count());
    return summer_.AddRows(baseline_summer_ ? &*baseline_summer_ : nullptr, answer->mutable_rows());
  }

 private:
  const Catalogue& catalogue_;
  const TotalsQuery& query_;
  Summer summer_;
  std::optional<TotalsQuery> baseline_query_;
  std::optional<Summer> baseline_summer_;  // Of baseline_query_.
};

}  // namespace

absl::Status ComputeTotals(const Cubes& cubes, const TotalsQuery& query, v1::QueryTotalsResponse* answer,
                           AnswerBasis* basis) {
  Computation computation(cubes.catalogue(), query);
  cubes.Read([&](const CubesView& view) {
    computation.Read(view, answer);
    if (basis != nullptr) *basis = BasisOf(view, query);
  });
  return computation.Finish(answer);
}

absl::Status ComputeRows(const CubesView& view, const Catalogue& catalogue, const TotalsQuery& query,
                         google::protobuf::RepeatedPtrField<v1::TotalsRow>* rows) {
  Summer summer(catalogue, query);
  summer.Run(view);
  return summer.AddRows(nullptr, rows);
}

absl::Status ComputeTotals(const CubesView& view, const Catalogue& catalogue, const TotalsQuery& query,
                           v1::QueryTotalsResponse* answer) {
  Computation computation(catalogue, query);
  computation.Read(view, answer);
  return computation.Finish(answer);
}

}  // namespace muster
