// One measurement of durable ingest through streams.
#ifndef MUSTER_BENCH_SUITES_INGEST_RUN_H_
#define MUSTER_BENCH_SUITES_INGEST_RUN_H_

#include <string>

#include "bench/load/stream_ingest.h"
#include "bench/load/workload.h"
#include "bench/processes/musterd.h"
#include "bench/suites/settings.h"

namespace muster::bench {

struct IngestRate {
  double results_per_second = 0;
  // Processor time for a result, in microseconds; both share the machine.
  double server_us = 0;
  double client_us = 0;
  StreamTotals totals;  // Warm-up and what was in flight at the end included.
};

// Sends results for the time that the settings ask for. Throws if any was not accepted, or if the server does not count
// as many as it acknowledged, `results_before` of them from before. `perf_file`: see Settings.
IngestRate MeasureIngest(const Settings& settings, const Musterd& musterd, Workload& workload, const StreamShape& shape,
                         int64_t results_before, const std::string& perf_file);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_SUITES_INGEST_RUN_H_
