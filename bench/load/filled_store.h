// Stores that are not empty.
#ifndef MUSTER_BENCH_LOAD_FILLED_STORE_H_
#define MUSTER_BENCH_LOAD_FILLED_STORE_H_

#include <cstdint>
#include <string>

#include "bench/load/stream_ingest.h"
#include "bench/load/workload.h"

namespace muster::bench {

// Sends so many results, a multiple of 1,000. The first ones fill every row of the questions in queries.h, so that
// answers of stores of different sizes have the same rows. Throws if any is not accepted.
StreamTotals FillStore(const std::string& address, Workload& workload, int64_t results);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_LOAD_FILLED_STORE_H_
