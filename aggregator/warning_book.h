// What the writer must remember of accepted results to tell which of the next ones look odd.
#ifndef MUSTER_AGGREGATOR_WARNING_BOOK_H_
#define MUSTER_AGGREGATOR_WARNING_BOOK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

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

  // Puts in (`sign` 1) or takes out (-1) what a result holds. Operations go by their number in the cubes.
  void Add(size_t operation, ForceIndex force, const Contribution& contribution, int sign);

  // What to warn of beside what validation found, for a result whose earlier revision has been taken out, and which has
  // not been put in: OVERLAPPING_PERIOD, COVERED_BY_JOINT_RETURN, UNUSUAL_VALUE and LATE, by figure.
  std::vector<ResultWarning> Check(size_t operation, const Operation& facts, ForceIndex force,
                                   const Contribution& contribution, int64_t accept_time_us) const;

 private:
  // A period, small: there is one for every day of every metric of every force, and each result looks at several.
  struct Days {
    int32_t first = 0;  // As OrderOf.
    int32_t last = 0;

    bool IsOneDay() const { return first == last; }
    bool Overlaps(const Days& other) const { return first <= other.last && other.first <= last; }
    // clang-tidy takes what the compiler makes of it for a 0 that should be nullptr.
    friend auto operator<=>(const Days&, const Days&) = default;  // NOLINT(modernize-use-nullptr)
  };
  static Days DaysOf(const Period& period) {
    return {static_cast<int32_t>(OrderOf(period.first)), static_cast<int32_t>(OrderOf(period.last))};
  }
  // The results of one operation, force and metric, by period.
  struct Periods {
    std::vector<std::pair<Days, int64_t>> counts;
    int64_t long_count = 0;  // Of those, results of several days.
  };
  struct Usual {
    absl::int128 sum = 0;
    int64_t result_count = 0;
  };

  const Periods& PeriodsOf(size_t operation, ForceIndex force, MetricIndex metric) const;
  // Whether a result of the force states the metric for some of `days` in a way that looks like counting twice.
  bool MeetsOther(size_t operation, ForceIndex force, MetricIndex metric, const Days& days) const;
  // Whether a result of the force states the metric for any of `days`.
  bool Covers(size_t operation, ForceIndex force, MetricIndex metric, const Days& days) const;
  void Count(size_t operation, ForceIndex force, MetricIndex metric, const Days& days, int64_t by);
  // Begins to fetch what Check will look at from memory, all of it side by side.
  void Prefetch(size_t operation, ForceIndex force, const Contribution& contribution) const;
  size_t SlotOf(ForceIndex force, MetricIndex metric) const;

  const Catalogue* catalogue_;
  std::vector<std::vector<Periods>> periods_;  // By operation, then slot.
  std::vector<Usual> usual_;                   // By slot, over all operations.
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_WARNING_BOOK_H_
