// Answers questions about totals from the cubes.
#ifndef MUSTER_AGGREGATOR_TOTALS_H_
#define MUSTER_AGGREGATOR_TOTALS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "aggregator/cubes.h"
#include "aggregator/totals_query.h"
#include "aggregator/totals_rows.h"
#include "muster/v1/totals_service.pb.h"

namespace muster {

// What an answer rests on: for how long it stays the right one, but for its position and time.
struct AnswerBasis {
  std::vector<size_t> operations;         // Their numbers in the cubes; empty: all.
  LogPosition changed_position = 0;       // Of the newest entry about them.
  std::optional<int64_t> holds_until_us;  // The last `as_of_time` with which nobody else is late; nullopt: any.

  // Whether it is still the right one at the moment that cubes.Now(operations) told.
  bool HoldsAt(const CubesMoment& moment) const {
    return moment.changed_position == changed_position && (!holds_until_us || moment.as_of_time_us <= *holds_until_us);
  }
};

// Answers at one position, with all rows on one page. `answer` must be empty, and may be on an arena, which is how many
// rows are made quickly. The cost grows with the cells that are added up, never with the number of results.
// `basis`, if given, is set to what the answer rests on.
//
// OUT_OF_RANGE  a total does not fit 64 bits; the message names it
absl::Status ComputeTotals(const Cubes& cubes, const TotalsQuery& query, v1::QueryTotalsResponse* answer,
                           AnswerBasis* basis = nullptr);

// The same with the rows as they travel, apart from the rest: for who only passes them on.
absl::Status ComputeTotals(const Cubes& cubes, const TotalsQuery& query, v1::QueryTotalsResponse* rest,
                           TotalsRows* rows, AnswerBasis* basis);

// The same of a view, for example of an earlier moment, and of the catalogue that it was made under.
absl::Status ComputeTotals(const CubesView& view, const Catalogue& catalogue, const TotalsQuery& query,
                           v1::QueryTotalsResponse* answer);

// The rows alone.
absl::Status ComputeRows(const CubesView& view, const Catalogue& catalogue, const TotalsQuery& query,
                         v1::QueryTotalsResponse* answer);

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_TOTALS_H_
