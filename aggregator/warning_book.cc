#include "aggregator/warning_book.h"

#include <algorithm>
#include <optional>

#include "absl/time/time.h"

namespace muster {
namespace {

// The whole of a metric, if the result has it.
const ResultAmount* WholeOf(const MetricValues& values) {
  return !values.nodes.empty() && values.nodes.front().node == 0 ? &values.nodes.front().amount : nullptr;
}

}  // namespace

WarningBook::WarningBook(const Catalogue* catalogue)
    : catalogue_(catalogue),
      usual_(static_cast<size_t>(catalogue->force_count()) * static_cast<size_t>(catalogue->metric_count())) {}

size_t WarningBook::SlotOf(ForceIndex force, MetricIndex metric) const {
  return static_cast<size_t>(force) * static_cast<size_t>(catalogue_->metric_count()) + static_cast<size_t>(metric);
}

void WarningBook::Fill(const FrozenCubes& cubes) {
  for (const FrozenForceCube& frozen : cubes.cubes) {
    for (MetricIndex metric = 0; metric < catalogue_->metric_count(); ++metric) {
      const MetricCube& cube = frozen.cube->metric(metric);
      for (const auto& [period, block] : cube.periods) {
        Count(frozen.number, frozen.force, metric, DaysOf(period), block.result_count());
      }
      if (const Cell* const whole = cube.whole.Find(0)) {
        Usual& usual = usual_[SlotOf(frozen.force, metric)];
        usual.sum += whole->amount.sum;
        usual.result_count += whole->result_count;
      }
    }
  }
}

void WarningBook::Count(size_t operation, ForceIndex force, MetricIndex metric, const Days& days, int64_t by) {
  if (operation >= periods_.size()) periods_.resize(operation + 1);
  std::vector<Periods>& slots = periods_[operation];
  if (slots.empty()) slots.resize(usual_.size());
  Periods& periods = slots[SlotOf(force, metric)];
  if (!days.IsOneDay()) periods.long_count += by;
  const auto place = std::lower_bound(periods.counts.begin(), periods.counts.end(), days,
                                      [](const auto& entry, const Days& wanted) { return entry.first < wanted; });
  if (place == periods.counts.end() || place->first != days) {
    periods.counts.insert(place, {days, by});
  } else if ((place->second += by) == 0) {
    periods.counts.erase(place);
  }
}

void WarningBook::Add(size_t operation, ForceIndex force, const Contribution& contribution, int sign) {
  const Days days = DaysOf(contribution.period);
  for (size_t index = 0; index < contribution.values.size(); ++index) {
    const MetricValues values = contribution.values[index];
    Count(operation, force, values.metric, days, sign);
    if (const ResultAmount* const whole = WholeOf(values)) {
      Usual& usual = usual_[SlotOf(force, values.metric)];
      usual.sum += absl::int128(whole->sum) * sign;
      usual.result_count += sign;
    }
  }
}

const WarningBook::Periods& WarningBook::PeriodsOf(size_t operation, ForceIndex force, MetricIndex metric) const {
  static const Periods kNone;
  if (operation >= periods_.size() || periods_[operation].empty()) return kNone;
  return periods_[operation][SlotOf(force, metric)];
}

bool WarningBook::MeetsOther(size_t operation, ForceIndex force, MetricIndex metric, const Days& days) const {
  const Periods& periods = PeriodsOf(operation, force, metric);
  if (periods.long_count == 0 && days.IsOneDay()) return false;  // Several results of a day are how events come.
  return std::any_of(periods.counts.begin(), periods.counts.end(), [&](const auto& entry) {
    return entry.first.Overlaps(days) && !(entry.first.IsOneDay() && days.IsOneDay());
  });
}

bool WarningBook::Covers(size_t operation, ForceIndex force, MetricIndex metric, const Days& days) const {
  const Periods& periods = PeriodsOf(operation, force, metric);
  return std::any_of(periods.counts.begin(), periods.counts.end(),
                     [&](const auto& entry) { return entry.first.Overlaps(days); });
}

void WarningBook::Prefetch(size_t operation, ForceIndex force, const Contribution& contribution) const {
  const auto for_each_metric = [&](const auto& prefetch) {
    for (size_t index = 0; index < contribution.values.size(); ++index) prefetch(contribution.values[index].metric);
  };
  for_each_metric([&](MetricIndex metric) {
    __builtin_prefetch(&PeriodsOf(operation, force, metric));
    __builtin_prefetch(&usual_[SlotOf(force, metric)]);
  });
  // What those point to.
  for_each_metric([&](MetricIndex metric) { __builtin_prefetch(PeriodsOf(operation, force, metric).counts.data()); });
}

std::vector<ResultWarning> WarningBook::Check(size_t operation, const Operation& facts, ForceIndex force,
                                              const Contribution& contribution, int64_t accept_time_us) const {
  Prefetch(operation, force, contribution);
  const Days days = DaysOf(contribution.period);
  std::vector<ResultWarning> warnings;
  for (size_t index = 0; index < contribution.values.size() && !contribution.nil; ++index) {
    const MetricValues values = contribution.values[index];
    if (MeetsOther(operation, force, values.metric, days)) {
      warnings.push_back({v1::WARNING_REASON_OVERLAPPING_PERIOD, values.first_figure});
    }
    const auto covers_too = [&](ForceIndex other) { return Covers(operation, other, values.metric, days); };
    const std::vector<ForceIndex>& consortia = catalogue_->ConsortiaOf(force);
    const std::vector<ForceIndex>& covered = catalogue_->CoveredBy(force);
    if (std::any_of(consortia.begin(), consortia.end(), covers_too) ||
        std::any_of(covered.begin(), covered.end(), covers_too)) {
      warnings.push_back({v1::WARNING_REASON_COVERED_BY_JOINT_RETURN, values.first_figure});
    }
    const Usual& usual = usual_[SlotOf(force, values.metric)];
    const ResultAmount* const whole = WholeOf(values);
    if (whole != nullptr && usual.result_count >= kUsualNeedsResults && usual.sum > 0 &&
        absl::int128(whole->sum) * usual.result_count > usual.sum * kUnusualFactor) {
      warnings.push_back({v1::WARNING_REASON_UNUSUAL_VALUE, values.first_figure});
    }
  }
  std::stable_sort(warnings.begin(), warnings.end(),
                   [](const ResultWarning& a, const ResultWarning& b) { return a.figure_index < b.figure_index; });
  if (facts.due_time && absl::FromUnixMicros(accept_time_us) > *facts.due_time) {
    warnings.push_back({v1::WARNING_REASON_LATE, std::nullopt});
  }
  return warnings;
}

}  // namespace muster
