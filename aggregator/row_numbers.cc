#include "aggregator/row_numbers.h"

#include <algorithm>

namespace muster {

RowNumbers::RowNumbers(const Catalogue& catalogue, const TotalsQuery& query)
    : by_operation_(query.by_operation),
      by_region_(query.by_region),
      by_date_(query.by_date),
      regions_(query.by_region ? static_cast<uint64_t>(catalogue.region_count()) + 1 : 1),
      forces_(query.by_force ? static_cast<uint64_t>(catalogue.force_count()) : 1),
      plans_(query.metrics.size()) {
  for (const MetricPlan& plan : query.metrics) rows_of_plan_ = std::max<uint64_t>(rows_of_plan_, plan.rows.size());
}

void RowNumbers::MakeRoomFor(const std::vector<const OperationCubes*>& operations, const Scope& scope, int day_shift) {
  if (by_operation_) operations_ = std::max<uint64_t>(operations_, operations.size());
  if (!by_date_) return;
  for (const OperationCubes* const operation : operations) {
    for (size_t force = 0; force < operation->forces.size(); ++force) {
      if (operation->forces[force] == nullptr || !scope.TakesForce(static_cast<ForceIndex>(force))) continue;
      for (const auto& [period, count] : operation->forces[force]->periods()) {
        if (!period.IsOneDay()) continue;
        const int day = DaysSinceEpoch(period.first) + day_shift;
        first_day_ = std::min(first_day_, day);
        last_day_ = std::max(last_day_, day);
      }
    }
  }
  if (first_day_ <= last_day_) days_ = static_cast<uint64_t>(int64_t{last_day_} - first_day_) + 2;
}

uint64_t RowNumbers::FirstOf(const RowKey& key) const {
  const uint64_t region = key.region == RowKey::kLast ? regions_ - 1 : static_cast<uint64_t>(key.region);
  uint64_t day = 0;
  if (by_date_) day = key.day == RowKey::kLast ? days_ - 1 : static_cast<uint64_t>(int64_t{key.day} - first_day_);
  const auto operation = static_cast<uint64_t>(key.operation);
  return (((operation * regions_ + region) * forces_ + static_cast<uint64_t>(key.force)) * days_ + day) * rows_of_key();
}

RowKey RowNumbers::KeyOf(uint64_t number) const {
  uint64_t rest = number / rows_of_key();
  const auto take = [&rest](uint64_t count) {
    const uint64_t digit = rest % count;
    rest /= count;
    return digit;
  };
  const uint64_t day = take(days_);
  const uint64_t force = take(forces_);
  const uint64_t region = take(regions_);
  RowKey key;
  if (by_date_) key.day = day == days_ - 1 ? RowKey::kLast : static_cast<int>(day) + first_day_;
  key.force = static_cast<int>(force);
  if (by_region_) key.region = region == regions_ - 1 ? RowKey::kLast : static_cast<int>(region);
  key.operation = static_cast<int>(rest);
  return key;
}

}  // namespace muster
