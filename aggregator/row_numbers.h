// The order of the rows of an answer, as numbers.
#ifndef MUSTER_AGGREGATOR_ROW_NUMBERS_H_
#define MUSTER_AGGREGATOR_ROW_NUMBERS_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "aggregator/cubes.h"
#include "aggregator/totals_query.h"
#include "domain/catalogue.h"

namespace muster {

// What rows are grouped by, in the order of rows. Members that the query does not group by are 0.
struct RowKey {
  // Behind every other: rows without a region or date come last.
  static constexpr int kLast = std::numeric_limits<int>::max();

  int operation = 0;  // Index in the order of answers.
  int region = 0;     // kLast: in no region.
  int force = 0;
  int day = 0;  // Since 1970-01-01; kLast: several days.
};

// Numbers all rows that a query can have in their order, from 0: those of one key are next to each other, by metric
// plan and then by row of the plan. No catalogue and no log makes so many that 64 bits do not count them.
class RowNumbers {
 public:
  RowNumbers(const Catalogue& catalogue, const TotalsQuery& query);

  // Before the first number: what results there are. Rows are of `day_shift` days later than they.
  void MakeRoomFor(const std::vector<const OperationCubes*>& operations, const Scope& scope, int day_shift);

  uint64_t count() const { return operations_ * regions_ * forces_ * days_ * rows_of_key(); }
  // How many rows each key has, and each metric plan there.
  uint64_t rows_of_key() const { return plans_ * rows_of_plan_; }
  uint64_t rows_of_plan() const { return rows_of_plan_; }

  // Of the first row with this key, of which room was made for the day.
  uint64_t FirstOf(const RowKey& key) const;
  // What the row with this number is grouped by.
  RowKey KeyOf(uint64_t number) const;

 private:
  const bool by_operation_;
  const bool by_region_;
  const bool by_date_;
  const uint64_t regions_;
  const uint64_t forces_;
  const uint64_t plans_;
  uint64_t rows_of_plan_ = 1;
  uint64_t operations_ = 1;
  uint64_t days_ = 1;  // With the one for several days.
  int first_day_ = std::numeric_limits<int>::max();
  int last_day_ = std::numeric_limits<int>::min();
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_ROW_NUMBERS_H_
