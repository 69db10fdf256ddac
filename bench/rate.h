// How many items workers get done in a second.
#ifndef MUSTER_BENCH_RATE_H_
#define MUSTER_BENCH_RATE_H_

#include <cstdint>
#include <functional>

namespace muster::bench {

// Does one piece of work and returns how many items it held.
using Worker = std::function<int64_t()>;

// Makes a worker on each of `threads` threads, lets all of them work for `warm_up_seconds` and then counts what they
// get done in `seconds`. What a worker throws ends all, and is thrown.
double MeasureRate(int threads, double warm_up_seconds, double seconds,
                   const std::function<Worker(int thread)>& make_worker);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_RATE_H_
