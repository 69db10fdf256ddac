// Answers questions about totals from the cubes.
#ifndef MUSTER_AGGREGATOR_TOTALS_H_
#define MUSTER_AGGREGATOR_TOTALS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "aggregator/cubes.h"
#include "aggregator/totals_query.h"
#include "domain/catalogue.h"
#include "google/protobuf/repeated_field.h"
#include "muster/v1/totals_service.pb.h"

namespace muster {

// A whole answer, before it is cut into pages.
struct TotalsAnswer {
  google::protobuf::RepeatedPtrField<v1::TotalsRow> rows;  // In the order that QueryTotalsResponse promises.
  v1::Coverage coverage;
  int64_t cut_by_period_count = 0;
  LogPosition position = 0;
  int64_t as_of_time_us = 0;
};

// Answers at one position. Its cost grows with the cells that it adds up, never with the number of results.
//
// OUT_OF_RANGE  a total does not fit 64 bits; the message names it
absl::StatusOr<TotalsAnswer> ComputeTotals(const Cubes& cubes, const TotalsQuery& query);

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_TOTALS_H_
