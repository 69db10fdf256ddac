#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/load/counted_results.h"
#include "bench/load/unary_ingest.h"
#include "bench/load/workload.h"
#include "bench/processes/echo.h"
#include "bench/processes/musterd.h"
#include "bench/processes/perf_record.h"
#include "bench/processes/temporary_folder.h"
#include "bench/report/percentile.h"
#include "bench/stopwatch.h"
#include "bench/suites/progress.h"
#include "bench/suites/suites.h"

namespace muster::bench {
namespace {

constexpr Goal kGoal = {.bound = Goal::Bound::kAtLeast, .ratio = 0.6};

// Calls a second of one server.
struct Rates {
  Series calls;
  Series p50;
  Series p99;
};

UnaryTotals Measure(const Settings& settings, const std::string& address, Workload& workload, Rates* rates,
                    const Musterd* profiled) {
  UnaryIngest ingest(address, workload);
  ingest.Start();
  std::this_thread::sleep_for(std::chrono::duration<double>(settings.warm_up_seconds));
  std::unique_ptr<PerfRecord> perf;
  if (profiled != nullptr) perf = std::make_unique<PerfRecord>(profiled->id(), settings.perf_file);
  const int64_t before = ingest.acknowledged();
  const Stopwatch stopwatch;
  std::this_thread::sleep_for(std::chrono::duration<double>(settings.seconds));
  rates->calls.samples.push_back(static_cast<double>(ingest.acknowledged() - before) / stopwatch.Seconds());
  perf.reset();
  UnaryTotals totals = ingest.Finish();
  rates->p50.samples.push_back(Percentile(totals.latencies_ms, 50));
  rates->p99.samples.push_back(Percentile(totals.latencies_ms, 99));
  return totals;
}

}  // namespace

void RunUnarySuite(const Settings& settings, Report& report) {
  Workload workload(ReadShippedCatalogue(), settings.seed);
  const auto rates_of = [](const std::string& name) {
    return Rates{.calls = {.name = name}, .p50 = {.name = name}, .p99 = {.name = name}};
  };
  Rates muster = rates_of("Muster");
  Rates echo = rates_of("bare gRPC echo");
  Rates synced = rates_of("echo that syncs what it is sent");
  size_t answer_bytes = 0;
  for (int round = 1; round <= settings.rounds; ++round) {
    std::string answer;
    {
      const TemporaryFolder folder(settings.folder);
      const Musterd musterd(folder.path());
      const bool is_profiled = round == settings.rounds && !settings.perf_file.empty();
      const UnaryTotals totals =
          Measure(settings, musterd.address(), workload, &muster, is_profiled ? &musterd : nullptr);
      const int64_t counted = CountedResults(musterd.address());
      if (counted != totals.results) {
        throw std::runtime_error(
            absl::StrCat("the server counts ", counted, " results; it acknowledged ", totals.results));
      }
      answer = totals.typical_answer;
      answer_bytes = answer.size();
      ReportProgress("unary", round, muster.calls, "results/s");
    }
    {
      const Echo server(settings.folder, answer);
      Measure(settings, server.address(), workload, &echo, nullptr);
      ReportProgress("unary", round, echo.calls, "calls/s");
    }
    const Echo server(settings.folder, answer, Echo::Writes::kSynced);
    Measure(settings, server.address(), workload, &synced, nullptr);
    ReportProgress("unary", round, synced.calls, "calls/s");
  }
  report.Add({.suite = "unary",
              .title = absl::StrCat("single results, ", UnaryIngest::kOutstanding, " outstanding"),
              .unit = "results/s",
              .measured = muster.calls,
              .reference = echo.calls,
              .goal = kGoal,
              .notes = {absl::StrFormat("%d bytes an answer", answer_bytes)},
              .details = {{"answer_bytes", static_cast<double>(answer_bytes)}}});
  report.Add({.suite = "unary",
              .title = "the same, beside no more than gRPC and the disk",
              .unit = "results/s",
              .measured = muster.calls,
              .reference = synced.calls});
  report.Add({.suite = "unary", .title = "p50", .unit = "ms", .measured = muster.p50, .reference = echo.p50});
  report.Add({.suite = "unary", .title = "p99", .unit = "ms", .measured = muster.p99, .reference = echo.p99});
}

}  // namespace muster::bench
