// Queries on a fixed schedule, whether or not the server keeps up.
#ifndef MUSTER_BENCH_LOAD_QUERY_SCHEDULE_H_
#define MUSTER_BENCH_LOAD_QUERY_SCHEDULE_H_

#include <string>
#include <vector>

#include "muster/v1/totals_service.pb.h"

namespace muster::bench {

// Asks `queries_per_second` for `seconds`, each at its own time even if earlier ones are not answered yet, over four
// connections. Returns how long each took, in milliseconds, counted from when it was due: a server that stalls is not
// spared the queries that pile up meanwhile. Throws if any call fails or has an empty answer.
std::vector<double> AskOnSchedule(const std::string& address, const v1::QueryTotalsRequest& request,
                                  double queries_per_second, double seconds);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_LOAD_QUERY_SCHEDULE_H_
