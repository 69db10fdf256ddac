// What a server says that it holds.
#ifndef MUSTER_BENCH_LOAD_COUNTED_RESULTS_H_
#define MUSTER_BENCH_LOAD_COUNTED_RESULTS_H_

#include <cstdint>
#include <string>

namespace muster::bench {

// The results that count, over all operations and forces. Throws if the call fails.
int64_t CountedResults(const std::string& address);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_LOAD_COUNTED_RESULTS_H_
