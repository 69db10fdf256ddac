#include <future>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "bench/load/filled_store.h"
#include "bench/load/queries.h"
#include "bench/load/query_schedule.h"
#include "bench/load/workload.h"
#include "bench/processes/musterd.h"
#include "bench/processes/process_usage.h"
#include "bench/processes/temporary_folder.h"
#include "bench/report/percentile.h"
#include "bench/suites/ingest_run.h"
#include "bench/suites/progress.h"
#include "bench/suites/suites.h"

namespace muster::bench {
namespace {

constexpr double kQueriesPerSecond = 1'000;
constexpr int64_t kResultsAtFirst = 10'000;
constexpr Goal kGoalKept = {.bound = Goal::Bound::kAtLeast, .ratio = 0.85};
constexpr Goal kGoalLatency = {.bound = Goal::Bound::kAtMost, .ratio = 3};

}  // namespace

// On one store, in each round: ingest as fast as it goes; half of that alone; queries alone; both at once.
void RunMixedSuite(const Settings& settings, Report& report) {
  Workload workload(ReadShippedCatalogue(), settings.seed);
  const TemporaryFolder folder(settings.folder);
  const Musterd musterd(folder.path());
  int64_t results = FillStore(musterd.address(), workload, kResultsAtFirst).results;
  const v1::QueryTotalsRequest question = NationalByMetric();

  Series peak{.name = "Muster"};
  Series ingest_alone{.name = "alone"};
  Series ingest_mixed{.name = "Muster"};
  Series p50_alone{.name = "alone"};
  Series p50_mixed{.name = "Muster"};
  Series p99_alone{.name = "alone"};
  Series p99_mixed{.name = "Muster"};
  for (int round = 1; round <= settings.rounds; ++round) {
    // Each over what the other left idle.
    const auto ingest = [&](const StreamShape& shape, const std::string& perf_file) {
      const IngestRate rate = MeasureIngest(settings, musterd, workload, shape, results, perf_file);
      results += rate.totals.results;
      return rate.results_per_second;
    };
    WaitUntilIdle(musterd.id());
    peak.samples.push_back(ingest(StreamShape{}, ""));
    ReportProgress("mixed", round, peak, "results/s, peak");
    StreamShape half;
    half.results_per_second = peak.samples.back() / 2;

    WaitUntilIdle(musterd.id());
    ingest_alone.samples.push_back(ingest(half, ""));
    ReportProgress("mixed", round, ingest_alone, "results/s, half the peak");

    WaitUntilIdle(musterd.id());
    const std::vector<double> alone = AskOnSchedule(musterd.address(), question, kQueriesPerSecond, settings.seconds);
    p50_alone.samples.push_back(Percentile(alone, 50));
    p99_alone.samples.push_back(Percentile(alone, 99));
    ReportProgress("mixed", round, p99_alone, "ms, p99 of queries");

    // Queries go on for as long as results are sent, warm-up included.
    std::future<std::vector<double>> answers = std::async(std::launch::async, [&] {
      return AskOnSchedule(musterd.address(), question, kQueriesPerSecond, settings.warm_up_seconds + settings.seconds);
    });
    ingest_mixed.samples.push_back(ingest(half, round == settings.rounds ? settings.perf_file : ""));
    const std::vector<double> mixed = answers.get();
    p50_mixed.samples.push_back(Percentile(mixed, 50));
    p99_mixed.samples.push_back(Percentile(mixed, 99));
    ReportProgress("mixed", round, ingest_mixed, "results/s, with queries");
    ReportProgress("mixed", round, p99_mixed, "ms, p99 of queries, with ingest");
  }
  report.Add({.suite = "mixed", .title = "ingest at its peak", .unit = "results/s", .measured = peak});
  report.Add({.suite = "mixed",
              .title = absl::StrFormat("ingest at half its peak, with %.0f queries/s", kQueriesPerSecond),
              .unit = "results/s",
              .measured = ingest_mixed,
              .reference = ingest_alone,
              .goal = kGoalKept});
  report.Add({.suite = "mixed",
              .title = "queries with that ingest, p50",
              .unit = "ms",
              .measured = p50_mixed,
              .reference = p50_alone});
  report.Add({.suite = "mixed",
              .title = "queries with that ingest, p99",
              .unit = "ms",
              .measured = p99_mixed,
              .reference = p99_alone,
              .goal = kGoalLatency});
}

}  // namespace muster::bench
