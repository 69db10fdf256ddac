#include "aggregator/warning_book.h"

#include <algorithm>
#include <optional>

#include "absl/time/time.h"

namespace muster {
namespace {

// The whole of a metric, if the result has it.
const Amount* WholeOf(const MetricValues& values) {
  return !values.nodes.empty() && values.nodes.front().node == 0 ? &values.nodes.front().amount : nullptr;
}

// The first figure of a metric; absent for nil results.
std::optional<int> FirstFigureOf(const v1::OperationResult& result, const std::string& metric) {
  for (int index = 0; index < result.figures_size(); ++index) {
    if (result.figures(index).metric() == metric) return index;
  }
  return std::nullopt;
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
        Count(frozen.operation, frozen.force, metric, period, block.result_count());
      }
      if (const Cell* const whole = cube.whole.Find(0)) {
        Usual& usual = usual_[SlotOf(frozen.force, metric)];
        usual.sum += whole->amount.sum;
        usual.result_count += whole->result_count;
      }
    }
  }
}

void WarningBook::Count(const std::string& operation, ForceIndex force, MetricIndex metric, const Period& period,
                        int64_t by) {
  std::vector<PeriodCounts>& slots = periods_[operation];
  if (slots.empty()) slots.resize(usual_.size());
  PeriodCounts& counts = slots[SlotOf(force, metric)];
  const auto place = std::lower_bound(counts.begin(), counts.end(), period,
                                      [](const auto& entry, const Period& wanted) { return entry.first < wanted; });
  if (place == counts.end() || place->first != period) {
    counts.insert(place, {period, by});
  } else if ((place->second += by) == 0) {
    counts.erase(place);
  }
}

void WarningBook::Add(const std::string& operation, ForceIndex force, const Contribution& contribution, int sign) {
  for (const MetricValues& values : contribution.values) {
    Count(operation, force, values.metric, contribution.period, sign);
    if (const Amount* const whole = WholeOf(values)) {
      Usual& usual = usual_[SlotOf(force, values.metric)];
      usual.sum += whole->sum * sign;
      usual.result_count += sign;
    }
  }
}

bool WarningBook::Overlaps(const std::string& operation, ForceIndex force, MetricIndex metric,
                           const Period& period) const {
  const auto slots = periods_.find(operation);
  if (slots == periods_.end()) return false;
  const PeriodCounts& counts = slots->second[SlotOf(force, metric)];
  return std::any_of(counts.begin(), counts.end(), [&](const auto& entry) { return entry.first.Overlaps(period); });
}

std::vector<ResultWarning> WarningBook::Check(const Operation& operation, ForceIndex force,
                                              const Contribution& contribution, const v1::OperationResult& result,
                                              int64_t accept_time_us) const {
  const std::string& id = operation.proto.id();
  std::vector<ResultWarning> warnings;
  for (const MetricValues& values : contribution.values) {
    const std::optional<int> figure = FirstFigureOf(result, catalogue_->metric(values.metric).id());
    if (!figure) continue;  // Stated by a nil result.
    if (Overlaps(id, force, values.metric, contribution.period)) {
      warnings.push_back({v1::WARNING_REASON_OVERLAPPING_PERIOD, figure});
    }
    const auto overlaps_too = [&](ForceIndex other) {
      return Overlaps(id, other, values.metric, contribution.period);
    };
    const std::vector<ForceIndex>& consortia = catalogue_->ConsortiaOf(force);
    const std::vector<ForceIndex>& covered = catalogue_->CoveredBy(force);
    if (std::any_of(consortia.begin(), consortia.end(), overlaps_too) ||
        std::any_of(covered.begin(), covered.end(), overlaps_too)) {
      warnings.push_back({v1::WARNING_REASON_COVERED_BY_JOINT_RETURN, figure});
    }
    const Usual& usual = usual_[SlotOf(force, values.metric)];
    const Amount* const whole = WholeOf(values);
    if (whole != nullptr && usual.result_count >= kUsualNeedsResults && usual.sum > 0 &&
        whole->sum * usual.result_count > usual.sum * kUnusualFactor) {
      warnings.push_back({v1::WARNING_REASON_UNUSUAL_VALUE, figure});
    }
  }
  std::stable_sort(warnings.begin(), warnings.end(),
                   [](const ResultWarning& a, const ResultWarning& b) { return a.figure_index < b.figure_index; });
  if (operation.due_time && absl::FromUnixMicros(accept_time_us) > *operation.due_time) {
    warnings.push_back({v1::WARNING_REASON_LATE, std::nullopt});
  }
  return warnings;
}

}  // namespace muster
