// What a run of the benchmarks is asked for.
#ifndef MUSTER_BENCH_SUITES_SETTINGS_H_
#define MUSTER_BENCH_SUITES_SETTINGS_H_

#include <cstdint>
#include <string>

namespace muster::bench {

struct Settings {
  int rounds = 5;
  double seconds = 5;                 // Of each measurement of a rate or a latency.
  double warm_up_seconds = 0.5;       // Before it, not counted.
  int64_t store_results = 1'000'000;  // Of the full store, where a suite needs one.
  uint64_t seed = 1;
  std::string folder;     // Where stores go; removed when the run is over.
  std::string perf_file;  // Where `perf record` writes what the server does in the last round; empty: nowhere.
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_SUITES_SETTINGS_H_
