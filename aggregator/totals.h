// Answers questions about totals from the cubes.
#ifndef MUSTER_AGGREGATOR_TOTALS_H_
#define MUSTER_AGGREGATOR_TOTALS_H_

#include "absl/status/status.h"
#include "aggregator/cubes.h"
#include "aggregator/totals_query.h"
#include "muster/v1/totals_service.pb.h"

namespace muster {

// Answers at one position, with all rows on one page. `answer` must be empty, and may be on an arena, which is how many
// rows are made quickly. The cost grows with the cells that are added up, never with the number of results.
//
// OUT_OF_RANGE  a total does not fit 64 bits; the message names it
absl::Status ComputeTotals(const Cubes& cubes, const TotalsQuery& query, v1::QueryTotalsResponse* answer);

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_TOTALS_H_
