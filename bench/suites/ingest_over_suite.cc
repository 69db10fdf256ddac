#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/load/counted_results.h"
#include "bench/load/filled_store.h"
#include "bench/load/stream_ingest.h"
#include "bench/load/workload.h"
#include "bench/processes/musterd.h"
#include "bench/processes/process_usage.h"
#include "bench/processes/temporary_folder.h"
#include "bench/suites/ingest_run.h"
#include "bench/suites/progress.h"
#include "bench/suites/suites.h"

namespace muster::bench {
namespace {

constexpr Goal kGoalOverFull = {.bound = Goal::Bound::kAtLeast, .ratio = 0.8};
constexpr Goal kGoalDisk = {.bound = Goal::Bound::kAtMost, .ratio = 1.2};
constexpr Goal kGoalWithinLimit = {.bound = Goal::Bound::kAtMost, .ratio = 1};
constexpr double kMaxStartSeconds = 2;
constexpr double kMaxResidentMebibytes = 1'536;
constexpr double kMebibyte = 1 << 20;

// Results that are acknowledged before the server is killed under them.
constexpr int64_t kResultsBeforeKill = 20'000;

Series Limit(double value) { return {.name = "limit", .samples = {value}}; }

// Kills it while results are being sent. Returns how many it had acknowledged of those.
int64_t KillUnderLoad(Musterd& musterd, Workload& workload) {
  StreamIngest ingest(musterd.address(), workload, StreamShape{});
  ingest.Start();
  while (ingest.acknowledged() < kResultsBeforeKill) std::this_thread::yield();
  musterd.Kill();
  try {
    ingest.Finish();
  } catch (const std::runtime_error&) {
    return ingest.acknowledged();  // As it must be: its streams broke.
  }
  throw std::runtime_error("a killed server answered to the end");
}

}  // namespace

void RunIngestOverSuite(const Settings& settings, Report& report) {
  Workload workload(ReadShippedCatalogue(), settings.seed);
  const TemporaryFolder full_folder(settings.folder);
  Musterd full(full_folder.path());
  const StreamTotals filled = FillStore(full.address(), workload, settings.store_results);
  WaitUntilIdle(full.id());
  const Series resident{.name = "musterd", .samples = {static_cast<double>(ResidentBytes(full.id())) / kMebibyte}};
  const Series disk{.name = "store", .samples = {static_cast<double>(DiskBytes(full.store())) / kMebibyte}};
  const Series raw{.name = "raw results", .samples = {static_cast<double>(filled.result_bytes) / kMebibyte}};

  Series over_full{.name = "Muster"};
  Series when_empty{.name = "itself when empty"};
  int64_t results = filled.results;
  for (int round = 1; round <= settings.rounds; ++round) {
    {
      const TemporaryFolder folder(settings.folder);
      const Musterd empty(folder.path());
      when_empty.samples.push_back(MeasureIngest(settings, empty, workload, StreamShape{}, 0, "").results_per_second);
      ReportProgress("ingest-over", round, when_empty, "results/s");
    }
    WaitUntilIdle(full.id());
    const IngestRate rate = MeasureIngest(settings, full, workload, StreamShape{}, results,
                                          round == settings.rounds ? settings.perf_file : "");
    results += rate.totals.results;
    over_full.samples.push_back(rate.results_per_second);
    ReportProgress("ingest-over", round, over_full, "results/s");
  }

  Series clean_start{.name = "musterd"};
  Series start_after_kill{.name = "musterd"};
  for (int round = 1; round <= settings.rounds; ++round) {
    full.Stop();
    clean_start.samples.push_back(full.Start());
    ReportProgress("ingest-over", round, clean_start, "s to start after a stop");
    const int64_t acknowledged = KillUnderLoad(full, workload);
    start_after_kill.samples.push_back(full.Start());
    ReportProgress("ingest-over", round, start_after_kill, "s to start after a kill");
    const int64_t counted = CountedResults(full.address());
    if (counted < results + acknowledged) {
      throw std::runtime_error(absl::StrCat("after a kill the server counts ", counted, " results; it acknowledged ",
                                            results + acknowledged));
    }
    results = counted;  // What was on its way is there, or not.
  }

  const std::string over = absl::StrFormat("over %d results", settings.store_results);
  report.Add({.suite = "ingest-over",
              .title = over,
              .unit = "results/s",
              .measured = over_full,
              .reference = when_empty,
              .goal = kGoalOverFull,
              .notes = {absl::StrFormat("%d results at the end", results)},
              .details = {{"results_at_the_end", static_cast<double>(results)}}});
  const auto add = [&](const std::string& title, const std::string& unit, const Series& measured,
                       const Series& reference, const Goal& goal) {
    report.Add({.suite = "ingest-over",
                .title = absl::StrCat(title, ", ", over),
                .unit = unit,
                .measured = measured,
                .reference = reference,
                .goal = goal});
  };
  add("start after a stop", "s", clean_start, Limit(kMaxStartSeconds), kGoalWithinLimit);
  add("start after kill -9", "s", start_after_kill, Limit(kMaxStartSeconds), kGoalWithinLimit);
  add("resident memory", "MiB", resident, Limit(kMaxResidentMebibytes), kGoalWithinLimit);
  add("disk", "MiB", disk, raw, kGoalDisk);
}

}  // namespace muster::bench
