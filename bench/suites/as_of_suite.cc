#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/load/filled_store.h"
#include "bench/load/queries.h"
#include "bench/load/workload.h"
#include "bench/processes/musterd.h"
#include "bench/processes/process_usage.h"
#include "bench/processes/temporary_folder.h"
#include "bench/report/percentile.h"
#include "bench/suites/progress.h"
#include "bench/suites/suites.h"

namespace muster::bench {
namespace {

constexpr Goal kGoalDisk = {.bound = Goal::Bound::kAtMost, .ratio = 1.2};
constexpr double kMebibyte = 1 << 20;
constexpr int64_t kFirstPosition = 1'000;  // From here on every question has rows.

struct Subject {
  std::string question;
  Questioner questioner;
  Series past_p50{.name = "as it stood"};
  Series past_p99{.name = "as it stood"};
  Series now_p50{.name = "now"};
  Series now_p99{.name = "now"};
};

}  // namespace

void RunAsOfSuite(const Settings& settings, Report& report) {
  Workload workload(ReadShippedCatalogue(), settings.seed);
  const TemporaryFolder folder(settings.folder);
  Musterd musterd(folder.path());
  const StreamTotals filled = FillStore(musterd.address(), workload, settings.store_results);
  // The gaps between milestones are looked for once every five seconds.
  std::this_thread::sleep_for(std::chrono::seconds(6));
  WaitUntilIdle(musterd.id());

  std::vector<std::unique_ptr<Subject>> subjects;
  for (const auto& [question, request] : std::vector<std::pair<std::string, v1::QueryTotalsRequest>>{
           {"national by metric", NationalByMetric()},
           {"South East by force x metric x day", RegionByForceMetricAndDay()}}) {
    subjects.push_back(std::make_unique<Subject>(Subject{question, Questioner(musterd.address(), request)}));
  }
  std::mt19937_64 random(settings.seed);
  for (int round = 1; round <= settings.rounds; ++round) {
    for (const std::unique_ptr<Subject>& subject : subjects) {
      const std::vector<double> past = subject->questioner.AskOfThePast(settings.seconds, kFirstPosition, random);
      subject->past_p50.samples.push_back(Percentile(past, 50));
      subject->past_p99.samples.push_back(Percentile(past, 99));
      ReportProgress("as-of", round, subject->past_p50, "ms");
      const std::vector<double> now = subject->questioner.AskAnew(settings.seconds);
      subject->now_p50.samples.push_back(Percentile(now, 50));
      subject->now_p99.samples.push_back(Percentile(now, 99));
      ReportProgress("as-of", round, subject->now_p50, "ms");
    }
  }

  for (const std::unique_ptr<Subject>& subject : subjects) {
    const std::string title = absl::StrFormat("%s, of %d results", subject->question, settings.store_results);
    report.Add({.suite = "as-of",
                .title = absl::StrCat(title, ", p50"),
                .unit = "ms",
                .measured = subject->past_p50,
                .reference = subject->now_p50});
    report.Add({.suite = "as-of",
                .title = absl::StrCat(title, ", p99"),
                .unit = "ms",
                .measured = subject->past_p99,
                .reference = subject->now_p99});
  }
  const Series disk{.name = "store", .samples = {static_cast<double>(DiskBytes(musterd.store())) / kMebibyte}};
  const Series raw{.name = "raw results", .samples = {static_cast<double>(filled.result_bytes) / kMebibyte}};
  report.Add({.suite = "as-of",
              .title = absl::StrFormat("disk, of %d results", settings.store_results),
              .unit = "MiB",
              .measured = disk,
              .reference = raw,
              .goal = kGoalDisk});
}

}  // namespace muster::bench
