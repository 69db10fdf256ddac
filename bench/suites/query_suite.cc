#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/load/filled_store.h"
#include "bench/load/queries.h"
#include "bench/load/workload.h"
#include "bench/processes/echo.h"
#include "bench/processes/musterd.h"
#include "bench/processes/process_usage.h"
#include "bench/processes/temporary_folder.h"
#include "bench/report/percentile.h"
#include "bench/suites/progress.h"
#include "bench/suites/suites.h"

namespace muster::bench {
namespace {

constexpr int64_t kSmallStore = 10'000;
constexpr int64_t kMiddleStore = 1'000'000;
constexpr Goal kGoalBesideEcho = {.bound = Goal::Bound::kAtMost, .ratio = 1.3};
constexpr Goal kGoalFlat = {.bound = Goal::Bound::kAtMost, .ratio = 1.1};

struct Question {
  std::string name;
  v1::QueryTotalsRequest request;
};

// One server with its own number of results.
struct FilledServer {
  explicit FilledServer(const std::string& parent) : folder(parent), musterd(folder.path()) {}

  const TemporaryFolder folder;
  Musterd musterd;
  int64_t results = 0;
};

// One question to one store, beside an echo of the same answer.
struct Subject {
  Subject(const std::string& parent, const Question& asked, const FilledServer& server)
      : question(asked.name),
        results(server.results),
        real(server.musterd.address(), asked.request),
        echo(parent, real.answer().SerializeAsString()),
        echoed(echo.address(), asked.request) {}

  const std::string question;
  const int64_t results;
  Questioner real;
  Echo echo;
  Questioner echoed;
  Series real_p50{.name = "Muster"};
  Series real_p99{.name = "Muster"};
  Series anew_p50{.name = "Muster"};
  Series anew_p99{.name = "Muster"};
  Series echo_p50{.name = "bare gRPC echo"};
  Series echo_p99{.name = "bare gRPC echo"};
};

std::vector<int64_t> StoreSizes(const Settings& settings) {
  std::vector<int64_t> sizes = {kSmallStore, std::min(kMiddleStore, settings.store_results), settings.store_results};
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

void MeasureRound(const Settings& settings, int round, Subject& subject) {
  subject.real.Ask(settings.warm_up_seconds);
  const std::vector<double> real = subject.real.Ask(settings.seconds);
  subject.real_p50.samples.push_back(Percentile(real, 50));
  subject.real_p99.samples.push_back(Percentile(real, 99));
  ReportProgress("query", round, subject.real_p50, "ms");
  const std::vector<double> anew = subject.real.AskAnew(settings.seconds);
  subject.anew_p50.samples.push_back(Percentile(anew, 50));
  subject.anew_p99.samples.push_back(Percentile(anew, 99));
  ReportProgress("query", round, subject.anew_p50, "ms, asked anew");
  subject.echoed.Ask(settings.warm_up_seconds);
  const std::vector<double> echoed = subject.echoed.Ask(settings.seconds);
  subject.echo_p50.samples.push_back(Percentile(echoed, 50));
  subject.echo_p99.samples.push_back(Percentile(echoed, 99));
  ReportProgress("query", round, subject.echo_p50, "ms");
}

// `smallest` is the same question to the smallest store.
void AddLines(const Subject& subject, const Subject& smallest, Report& report) {
  const std::string title = absl::StrFormat("%s, %d results", subject.question, subject.results);
  const auto rows = subject.real.answer().rows_size();
  const size_t bytes = subject.real.answer().ByteSizeLong();
  const auto add = [&](const std::string& what, const Series& measured, const Series& reference,
                       std::optional<Goal> goal, std::vector<std::string> notes = {}) {
    report.Add({.suite = "query",
                .title = title + what,
                .unit = "ms",
                .measured = measured,
                .reference = reference,
                .goal = goal,
                .notes = std::move(notes),
                .details = {{"rows", static_cast<double>(rows)}, {"answer_bytes", static_cast<double>(bytes)}}});
  };
  add(", asked again, p50", subject.real_p50, subject.echo_p50, kGoalBesideEcho,
      {absl::StrFormat("%d rows, %d bytes", rows, bytes)});
  add(", asked again, p99", subject.real_p99, subject.echo_p99, std::nullopt);
  add(", asked anew, p50", subject.anew_p50, subject.echo_p50, kGoalBesideEcho);
  add(", asked anew, p99", subject.anew_p99, subject.echo_p99, std::nullopt);
  if (&subject == &smallest) return;
  Series reference = smallest.anew_p50;
  reference.name = absl::StrFormat("at %d", smallest.results);
  add(", asked anew, p50", subject.anew_p50, reference, kGoalFlat);
}

}  // namespace

void RunQuerySuite(const Settings& settings, Report& report) {
  Workload workload(ReadShippedCatalogue(), settings.seed);
  std::vector<std::unique_ptr<FilledServer>> servers;
  for (const int64_t size : StoreSizes(settings)) {
    servers.push_back(std::make_unique<FilledServer>(settings.folder));
    servers.back()->results = FillStore(servers.back()->musterd.address(), workload, size).results;
    WaitUntilIdle(servers.back()->musterd.id());
  }
  const std::vector<Question> questions = {{"national by metric", NationalByMetric()},
                                           {"South East by force x metric x day", RegionByForceMetricAndDay()}};
  std::vector<std::unique_ptr<Subject>> subjects;  // By question, then size.
  for (const Question& question : questions) {
    for (const std::unique_ptr<FilledServer>& server : servers) {
      subjects.push_back(std::make_unique<Subject>(settings.folder, question, *server));
    }
  }
  for (int round = 1; round <= settings.rounds; ++round) {
    for (const std::unique_ptr<Subject>& subject : subjects) MeasureRound(settings, round, *subject);
  }
  for (size_t index = 0; index < subjects.size(); ++index) {
    AddLines(*subjects[index], *subjects[index / servers.size() * servers.size()], report);
  }
}

}  // namespace muster::bench
