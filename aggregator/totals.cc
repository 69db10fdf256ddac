#include "aggregator/totals.h"

#include <algorithm>
#include <bit>
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
#include "aggregator/row_numbers.h"
#include "aggregator/totals_rows.h"
#include "domain/timestamp.h"

namespace muster {
namespace {

struct RowSum {
  uint64_t number = 0;
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
  // The query must outlive this object. `day_shift`: rows are of so many days later than the results in them.
  Summer(const Catalogue& catalogue, const TotalsQuery& query, int day_shift = 0)
      : catalogue_(catalogue), query_(query), day_shift_(day_shift) {}

  // What rows this will add up. The view must be the same until Run.
  void MakeRoom(const CubesView& view, RowNumbers* numbers) {
    cubes_ = OperationsInOrder(view, query_.scope);
    numbers->MakeRoomFor(cubes_, query_.scope, day_shift_);
  }

  // Once, after MakeRoom. The view may go afterwards; `numbers` must outlive this object.
  void Run(const RowNumbers& numbers) {
    numbers_ = &numbers;
    for (const OperationCubes* const operation : cubes_) operations_.push_back(operation->operation);
    if (numbers.count() <= kFewPlaces) {
      few_places_.resize(numbers.count());
      taken_places_.resize(numbers.count() / kWordBits + 1);
    }
    sums_.reserve(std::min(numbers.count(), kManySums));
    // Forces outermost, so that a row meets each force once over all operations.
    for (ForceIndex force = 0; force < catalogue_.force_count(); ++force) {
      if (!query_.scope.TakesForce(force)) continue;
      for (size_t operation = 0; operation < cubes_.size(); ++operation) {
        const ForceCube* const cube = cubes_[operation]->forces[static_cast<size_t>(force)].get();
        if (cube == nullptr) continue;
        const absl::CivilDay last_day = operations_[operation]->window.last;
        if (query_.scope.TakesForceOf(force, last_day, catalogue_)) AddForce(static_cast<int>(operation), force, *cube);
      }
    }
    cubes_.clear();
  }

  int64_t cut_by_period_count() const { return cut_by_period_count_; }

  // `baseline`, which may be nullptr, has added up the same rows of the baseline, by the same numbers.
  absl::Status AddRows(const Summer* baseline, TotalsRows* rows) const {
    const std::vector<NumberedSum> sums = SortedSums();
    const std::vector<NumberedSum> beside = baseline == nullptr ? std::vector<NumberedSum>() : baseline->SortedSums();
    const std::vector<std::string> metric_labels = MetricLabels();
    TotalsRowWriter writer(rows);
    std::string group;  // What rows are grouped by, as labels: the same for those with the numbers from first to end.
    uint64_t first = 0;
    uint64_t end = 0;
    auto then = beside.begin();
    for (auto now = sums.begin(); now != sums.end() || then != beside.end();) {
      const bool has_now = now != sums.end() && (then == beside.end() || now->number <= then->number);
      const bool has_then = then != beside.end() && (now == sums.end() || then->number <= now->number);
      const uint64_t number = has_now ? now->number : then->number;
      if (number >= end) {
        const RowKey key = numbers_->KeyOf(number);
        group = GroupLabels(key);
        first = numbers_->FirstOf(key);
        end = first + numbers_->rows_of_key();
      }
      const uint64_t place = number - first;
      const size_t plan = place / numbers_->rows_of_plan();
      SerialisedTotal total;
      SerialisedTotal of_baseline;
      absl::Status filled;
      if (has_now) filled = FillTotal(*now++->sum, plan, &total);
      if (has_then && filled.ok()) filled = FillTotal(*then++->sum, plan, &of_baseline);
      if (!filled.ok()) return filled;
      writer.Add(group, metric_labels[place], total, of_baseline);
    }
    return absl::OkStatus();
  }

 private:
  struct NumberedSum {
    uint64_t number;
    const RowSum* sum;
  };
  std::vector<NumberedSum> SortedSums() const {
    std::vector<NumberedSum> sorted;
    sorted.reserve(sums_.size());
    for (size_t word = 0; word < taken_places_.size(); ++word) {
      for (uint64_t taken = taken_places_[word]; taken != 0; taken &= taken - 1) {
        const size_t number = word * kWordBits + static_cast<size_t>(std::countr_zero(taken));
        sorted.push_back({number, &sums_[few_places_[number]]});
      }
    }
    if (few_places_.empty()) {
      for (const RowSum& sum : sums_) sorted.push_back({sum.number, &sum});
      std::sort(sorted.begin(), sorted.end(),
                [](const NumberedSum& a, const NumberedSum& b) { return a.number < b.number; });
    }
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
    if (constant && !takes_region(*constant)) return;

    // The level over all periods answers unless the period matters.
    if (constant && !query_.HasDates() && !query_.by_date) {
      if (query_.by_region) key.region = *constant == kNoRegion ? RowKey::kLast : *constant;
      const uint64_t first = numbers_->FirstOf(key);
      for (const MetricPlan& plan : query_.metrics) cube.metric(plan.metric).whole.PrefetchCells();
      for (size_t plan = 0; plan < query_.metrics.size(); ++plan) {
        AddBlock(first, plan, force, cube.metric(query_.metrics[plan].metric).whole);
      }
      return;
    }
    // What becomes of each period of the cube; those of a metric are some of them, in the same order.
    periods_.clear();
    for (const auto& [period, count] : cube.periods()) {
      const RegionIndex region = region_of(period);
      RowKey of_period = key;
      if (query_.by_region) of_period.region = region == kNoRegion ? RowKey::kLast : region;
      if (query_.by_date) of_period.day = period.IsOneDay() ? DaysSinceEpoch(period.first) + day_shift_ : RowKey::kLast;
      periods_.push_back({&period, TakesPeriod(period) && takes_region(region), numbers_->FirstOf(of_period)});
    }
    for (size_t plan = 0; plan < query_.metrics.size(); ++plan) {
      if (plan + 2 < query_.metrics.size()) cube.metric(query_.metrics[plan + 2].metric).PrefetchPeriods();
      if (plan + 1 < query_.metrics.size()) {
        for (const auto& [period, block] : cube.metric(query_.metrics[plan + 1].metric).periods) block.PrefetchCells();
      }
      auto of_cube = periods_.begin();
      for (const auto& [period, block] : cube.metric(query_.metrics[plan].metric).periods) {
        while (!(*of_cube->period == period)) ++of_cube;
        if (of_cube->is_taken) AddBlock(of_cube->first_number, plan, force, block);
      }
    }
  }

  // `first_number` is that of the first row with the block's operation, region, force and day.
  void AddBlock(uint64_t first_number, size_t plan_index, ForceIndex force, const Block& block) {
    if (block.result_count() == 0) return;
    const MetricPlan& plan = query_.metrics[plan_index];
    const uint64_t first = first_number + plan_index * numbers_->rows_of_plan();
    for (size_t row = 0; row < plan.rows.size(); ++row) {
      const RowNodes& row_nodes = plan.rows[row];
      if (!row_nodes.set) {
        if (const Cell* const cell = block.Find(row_nodes.nodes.front())) AddCell(first + row, force, *cell);
        continue;
      }
      Cell sum;
      for (const int node : row_nodes.nodes) {
        if (const Cell* const cell = block.Find(node)) sum += *cell;
      }
      if (sum.result_count == 0) continue;
      sum.result_count = block.CountResults(*row_nodes.set);  // A result in two categories is one result.
      AddCell(first + row, force, sum);
    }
  }

  void AddCell(uint64_t number, ForceIndex force, const Cell& cell) {
    const auto [place, is_new] = PlaceOf(number);
    if (is_new) {
      sums_.push_back({number, cell, 1, force});
      return;
    }
    RowSum& sum = sums_[place];
    sum.cell += cell;
    if (sum.latest_force != force) {
      sum.latest_force = force;
      ++sum.force_count;
    }
  }

  // Where in sums_ the row is, or is to be.
  std::pair<uint32_t, bool> PlaceOf(uint64_t number) {
    const auto next = static_cast<uint32_t>(sums_.size());
    if (few_places_.empty()) {
      const auto [place, is_new] = places_.try_emplace(number, next);
      return {place->second, is_new};
    }
    uint64_t& taken = taken_places_[number / kWordBits];
    const uint64_t bit = uint64_t{1} << number % kWordBits;
    if ((taken & bit) != 0) return {few_places_[number], false};
    taken |= bit;
    few_places_[number] = next;
    return {next, true};
  }

  // Of each row of each plan: its metric and categories.
  std::vector<std::string> MetricLabels() const {
    const size_t rows_of_plan = numbers_->rows_of_plan();
    std::vector<std::string> labels(query_.metrics.size() * rows_of_plan);
    for (size_t plan = 0; plan < query_.metrics.size(); ++plan) {
      for (size_t row = 0; row < query_.metrics[plan].rows.size(); ++row) {
        std::string& label = labels[plan * rows_of_plan + row];
        AppendLabel(v1::TotalsRow::kMetricFieldNumber, catalogue_.metric(query_.metrics[plan].metric).id(), &label);
        for (const std::string& category : query_.metrics[plan].rows[row].categories) {
          AppendLabel(v1::TotalsRow::kCategoriesFieldNumber, category, &label);
        }
      }
    }
    return labels;
  }

  std::string GroupLabels(const RowKey& key) const {
    std::string labels;
    if (query_.by_operation) {
      AppendLabel(v1::TotalsRow::kOperationFieldNumber, operations_[static_cast<size_t>(key.operation)]->proto.id(),
                  &labels);
    }
    if (query_.by_region && key.region != RowKey::kLast) {
      AppendLabel(v1::TotalsRow::kRegionFieldNumber, catalogue_.region(key.region).id(), &labels);
    }
    if (query_.by_force) AppendLabel(v1::TotalsRow::kForceFieldNumber, catalogue_.force(key.force).id(), &labels);
    if (query_.by_date && key.day != RowKey::kLast) {
      AppendLabel(v1::TotalsRow::kDateFieldNumber, FormatCivilDay(CivilDayFromEpoch(key.day)), &labels);
    }
    return labels;
  }

  absl::Status FillTotal(const RowSum& sum, size_t plan_index, SerialisedTotal* total) const {
    const MetricPlan& plan = query_.metrics[plan_index];
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
    const bool adds_up = metric.additivity() != v1::ADDITIVITY_NOT_ADDITIVE || sum.cell.result_count == 1;
    using Total = v1::Total;
    // In the order of their numbers. What may be absent is there where it is 0, too.
    if (adds_up) total->AddPresent(Total::kSumFieldNumber, static_cast<int64_t>(amount.sum));
    total->Add(Total::kUnitFieldNumber, metric.base_unit());
    total->Add(Total::kQualifierFieldNumber, amount.CarefulQualifier());
    if (adds_up) {
      total->Add(Total::kAtLeastFieldNumber, static_cast<int64_t>(amount.AtLeast()));
      if (const std::optional<absl::int128> at_most = amount.AtMost()) {
        total->AddPresent(Total::kAtMostFieldNumber, static_cast<int64_t>(*at_most));
      }
      total->Add(Total::kEstimateFieldNumber, static_cast<int64_t>(amount.estimate_sum));
    }
    total->Add(Total::kResultCountFieldNumber, sum.cell.result_count);
    total->Add(Total::kForceCountFieldNumber, sum.force_count);
    total->Add(Total::kUncountedCountFieldNumber, amount.uncounted_count);
    total->Add(Total::kNotBrokenDownFieldNumber, static_cast<int64_t>(not_broken_down));
    return absl::OkStatus();
  }

  const Catalogue& catalogue_;
  const TotalsQuery& query_;
  const int day_shift_;
  const RowNumbers* numbers_ = nullptr;
  std::vector<const OperationCubes*> cubes_;                  // From MakeRoom to Run.
  std::vector<std::shared_ptr<const Operation>> operations_;  // In the order of answers.
  static constexpr uint64_t kFewPlaces = 65'536;
  static constexpr uint64_t kManySums = 1'024;
  static constexpr size_t kWordBits = 64;

  struct PeriodOfCube {
    const Period* period;
    bool is_taken;
    uint64_t first_number;  // Of rows of this period.
  };
  std::vector<PeriodOfCube> periods_;  // Of the cube that is being added.

  std::vector<RowSum> sums_;
  // Where in sums_ a row is, by its number: in a list, beside which bits say what of it is taken, unless that were
  // long.
  std::vector<uint32_t> few_places_;
  std::vector<uint64_t> taken_places_;
  absl::flat_hash_map<uint64_t, uint32_t> places_;
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
      : catalogue_(catalogue), query_(query), numbers_(catalogue, query), summer_(catalogue, query) {
    if (!query.baseline) return;
    baseline_query_ = BaselineQuery(query);
    baseline_summer_.emplace(catalogue, *baseline_query_, query.baseline->days_before);
  }
  Computation(const Computation&) = delete;
  Computation& operator=(const Computation&) = delete;

  void AddUp(const CubesView& view) {
    summer_.MakeRoom(view, &numbers_);
    if (baseline_summer_) baseline_summer_->MakeRoom(view, &numbers_);
    summer_.Run(numbers_);
    if (baseline_summer_) baseline_summer_->Run(numbers_);
  }

  void Read(const CubesView& view, v1::QueryTotalsResponse* answer) {
    AddUp(view);
    ComputeCoverage(view, catalogue_, query_.scope, answer->mutable_coverage());
    answer->set_position(view.position);
    *answer->mutable_as_of_time() = TimestampOf(view.as_of_time_us);
    answer->set_cut_by_period_count(summer_.cut_by_period_count());
  }

  absl::Status AddRows(TotalsRows* rows) const {
    return summer_.AddRows(baseline_summer_ ? &*baseline_summer_ : nullptr, rows);
  }

 private:
  const Catalogue& catalogue_;
  const TotalsQuery& query_;
  RowNumbers numbers_;
  Summer summer_;
  std::optional<TotalsQuery> baseline_query_;
  std::optional<Summer> baseline_summer_;  // Of baseline_query_.
};

// Adds the rows, as messages, to the answer.
absl::Status AddRows(const Computation& computation, v1::QueryTotalsResponse* answer) {
  TotalsRows rows;
  absl::Status added = computation.AddRows(&rows);
  if (added.ok()) rows.AppendTo(answer);
  return added;
}

}  // namespace

absl::Status ComputeTotals(const Cubes& cubes, const TotalsQuery& query, v1::QueryTotalsResponse* rest,
                           TotalsRows* rows, AnswerBasis* basis) {
  Computation computation(cubes.catalogue(), query);
  cubes.Read([&](const CubesView& view) {
    computation.Read(view, rest);
    if (basis != nullptr) *basis = BasisOf(view, query);
  });
  return computation.AddRows(rows);
}

absl::Status ComputeTotals(const Cubes& cubes, const TotalsQuery& query, v1::QueryTotalsResponse* answer,
                           AnswerBasis* basis) {
  TotalsRows rows;
  absl::Status computed = ComputeTotals(cubes, query, answer, &rows, basis);
  if (computed.ok()) rows.AppendTo(answer);
  return computed;
}

absl::Status ComputeTotals(const CubesView& view, const Catalogue& catalogue, const TotalsQuery& query,
                           v1::QueryTotalsResponse* answer) {
  Computation computation(catalogue, query);
  computation.Read(view, answer);
  return AddRows(computation, answer);
}

absl::Status ComputeRows(const CubesView& view, const Catalogue& catalogue, const TotalsQuery& query,
                         v1::QueryTotalsResponse* answer) {
  Computation computation(catalogue, query);
  computation.AddUp(view);
  return AddRows(computation, answer);
}

}  // namespace muster
