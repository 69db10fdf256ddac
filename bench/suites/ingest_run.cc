#include "bench/suites/ingest_run.h"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bench/load/counted_results.h"
#include "bench/processes/perf_record.h"
#include "bench/processes/process_usage.h"
#include "bench/stopwatch.h"

namespace muster::bench {
namespace {

constexpr double kMicrosecondsPerSecond = 1e6;

}  // namespace

IngestRate MeasureIngest(const Settings& settings, const Musterd& musterd, Workload& workload, const StreamShape& shape,
                         int64_t results_before, const std::string& perf_file) {
  StreamIngest ingest(musterd.address(), workload, shape);
  ingest.Start();
  std::this_thread::sleep_for(std::chrono::duration<double>(settings.warm_up_seconds));

  std::unique_ptr<PerfRecord> perf;
  if (!perf_file.empty()) perf = std::make_unique<PerfRecord>(musterd.id(), perf_file);
  const int64_t acknowledged_before = ingest.acknowledged();
  const double server_before = CpuSeconds(musterd.id());
  const double client_before = OwnCpuSeconds();
  const Stopwatch stopwatch;
  std::this_thread::sleep_for(std::chrono::duration<double>(settings.seconds));
  const double elapsed = stopwatch.Seconds();
  const auto results = static_cast<double>(ingest.acknowledged() - acknowledged_before);
  IngestRate rate;
  rate.results_per_second = results / elapsed;
  rate.server_us = (CpuSeconds(musterd.id()) - server_before) / results * kMicrosecondsPerSecond;
  rate.client_us = (OwnCpuSeconds() - client_before) / results * kMicrosecondsPerSecond;
  perf.reset();

  rate.totals = ingest.Finish();
  const int64_t counted = CountedResults(musterd.address());
  if (counted != results_before + rate.totals.results) {
    throw std::runtime_error(absl::StrCat("the server counts ", counted, " results; it acknowledged ",
                                          results_before + rate.totals.results));
  }
  return rate;
}

}  // namespace muster::bench
