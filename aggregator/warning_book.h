// What the writer must remember of accepted results to tell which of the next ones look odd.
#ifndef MUSTER_AGGREGATOR_WARNING_BOOK_H_
#define MUSTER_AGGREGATOR_WARNING_BOOK_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "aggregator/cubes.h"
#include "domain/catalogue.h"
#include "domain/operation.h"
#include "domain/validation.h"

namespace muster {

// A force's usual for a metric is known from this many results on, and exceeded by more than this factor.
inline constexpr int64_t kUsualNeedsResults = 3;
inline constexpr int64_t kUnusualFactor = 10;

// Runs ahead of the cubes: it holds what the results of the group that is being made up do, before they are on disk, so
// that warnings do not depend on how results fell into groups. For the writer's thread alone.
class WarningBook {
 public:
  // `catalogue` must outlive this object.
  explicit WarningBook(const Catalogue* catalogue);

  // Takes over what all cubes hold. For a start.
  void Fill(const FrozenCubes& cubes);

  // Puts in (`sign` 1) or takes out (-1) what a result holds.
  void Add(const std::string& operation, ForceIndex force, const Contribution& contribution, int sign);

  // What to warn of beside what validation found, for a result whose earlier revision has been taken out, and which has
  // not been put in: OVERLAPPING_PERIOD, COVERED_BY_JOINT_RETURN, UNUSUAL_VALUE and LATE, by figure.
  std::vector<ResultWarning> Check(const Operation& operation, ForceIndex force, const Contribution& contribution,
                                   const v1::OperationResult& result, int64_t accept_time_us) const;

 private:
  // The results of one operation, force and metric, by period.
  using PeriodCounts = std::vector<std::pair<Period, int64_t>>;
  struct Usual {
    absl::int128 sum = 0;
    int64_t result_count = 0;
  };

  bool Overlaps(const std::string& operation, ForceIndex force, MetricIndex metric, const Period& period) const;
  void Count(const std::string& operation, ForceIndex force, MetricIndex metric, const Period& period, int64_t by);
  size_t SlotOf(ForceIndex force, MetricIndex metric) const;

  const Catalogue* catalogue_;
  absl::flat_hash_map<std::string, std::vector<PeriodCounts>> periods_;  // By operation, then slot.
  std::vector<Usual> usual_;                                             // By slot, over all operations.
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_WARNING_BOOK_H_
