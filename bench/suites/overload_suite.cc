#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/load/counted_results.h"
#include "bench/load/retrying_clients.h"
#include "bench/load/workload.h"
#include "bench/processes/musterd.h"
#include "bench/processes/process_usage.h"
#include "bench/processes/temporary_folder.h"
#include "bench/stopwatch.h"
#include "bench/suites/progress.h"
#include "bench/suites/suites.h"

namespace muster::bench {
namespace {

// At the peak: as many calls under way as keep the server busy, none of which is shed.
const ClientsShape kPeak = {.clients = 4, .calls_each = 4, .calls_per_second = std::nullopt};
constexpr double kTimesCapacity = 10;
constexpr double kTimesLonger = 6;  // The overload lasts so many times a measurement: 30 s.
constexpr double kRecoverySeconds = 5;
constexpr Goal kGoalUseful = {.bound = Goal::Bound::kAtLeast, .ratio = 0.8};
constexpr Goal kGoalNormal = {.bound = Goal::Bound::kAtLeast, .ratio = 0.9};

void Sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

// What was done in a while.
struct Work {
  double results_per_second = 0;
  // Of the machine's processors, how many each kept busy.
  double server_processors = 0;
  double client_processors = 0;
};

// For `seconds` from now.
Work WorkOf(const RetryingClients& clients, const Musterd& musterd, double seconds) {
  const int64_t results = clients.acknowledged();
  const double server = CpuSeconds(musterd.id());
  const double client = OwnCpuSeconds();
  const Stopwatch stopwatch;
  Sleep(seconds);
  const double elapsed = stopwatch.Seconds();
  return {.results_per_second = static_cast<double>(clients.acknowledged() - results) / elapsed,
          .server_processors = (CpuSeconds(musterd.id()) - server) / elapsed,
          .client_processors = (OwnCpuSeconds() - client) / elapsed};
}

std::string InWords(absl::string_view when, const Work& work) {
  return absl::StrFormat("%s: %.2f processors for the server, %.2f for the clients", when, work.server_processors,
                         work.client_processors);
}

}  // namespace

// On one store, in each round: as much as goes; then 50 clients that try ten times as much, and again at once when they
// are refused; then, within 5 s, what went at first.
void RunOverloadSuite(const Settings& settings, Report& report) {
  Workload workload(ReadShippedCatalogue(), settings.seed);
  Series peak{.name = "at capacity"};
  Series useful{.name = "overloaded"};
  Series after{.name = "afterwards"};
  Series tried{.name = "calls tried"};
  Series possible{.name = "calls answered at capacity"};
  // Of the last round.
  ClientsTotals last;
  Work at_peak;
  Work overloaded;
  for (int round = 1; round <= settings.rounds; ++round) {
    const TemporaryFolder folder(settings.folder);
    const Musterd musterd(folder.path());
    int64_t results = 0;
    {
      RetryingClients clients(musterd.address(), workload, kPeak);
      clients.Start();
      Sleep(settings.warm_up_seconds);
      at_peak = WorkOf(clients, musterd, settings.seconds);
      peak.samples.push_back(at_peak.results_per_second);
      const ClientsTotals totals = clients.Finish();
      if (totals.shed + totals.given_up > 0) throw std::runtime_error("calls were shed at the peak");
      results += totals.results;
      ReportProgress("overload", round, peak, "results/s, at capacity");
    }
    const double calls_per_second = peak.samples.back() / RetryingClients::kResultsPerCall;
    {
      RetryingClients clients(musterd.address(), workload,
                              {.clients = 50, .calls_each = 10, .calls_per_second = kTimesCapacity * calls_per_second});
      clients.Start();
      Sleep(settings.warm_up_seconds);
      const int64_t calls_before = clients.calls();
      const Stopwatch stopwatch;
      overloaded = WorkOf(clients, musterd, kTimesLonger * settings.seconds);
      useful.samples.push_back(overloaded.results_per_second);
      tried.samples.push_back(static_cast<double>(clients.calls() - calls_before) / stopwatch.Seconds());
      possible.samples.push_back(calls_per_second);
      ReportProgress("overload", round, useful, "results/s, overloaded");
      last = clients.Finish();
      results += last.results;
    }
    {
      RetryingClients clients(musterd.address(), workload, kPeak);
      clients.Start();
      Sleep(kRecoverySeconds / 2);
      after.samples.push_back(WorkOf(clients, musterd, kRecoverySeconds / 2).results_per_second);
      results += clients.Finish().results;
      ReportProgress("overload", round, after, "results/s, afterwards");
    }
    const int64_t counted = CountedResults(musterd.address());
    if (counted != results) {
      throw std::runtime_error(absl::StrCat("the server counts ", counted, " results; it acknowledged ", results));
    }
  }
  report.Add({.suite = "overload",
              .title = "calls tried by 50 clients, 1,000 results each",
              .unit = "calls/s",
              .measured = tried,
              .reference = possible,
              .notes = {absl::StrFormat("in the last round: %d calls, of which %d were shed and %d given up",
                                        last.calls, last.shed, last.given_up),
                        absl::StrFormat("%d results, of which %d were acknowledged as duplicates", last.results,
                                        last.duplicates)}});
  report.Add({.suite = "overload",
              .title = "results meanwhile, each counted once",
              .unit = "results/s",
              .measured = useful,
              .reference = peak,
              .goal = kGoalUseful,
              .notes = {InWords("at capacity", at_peak), InWords("overloaded", overloaded)}});
  report.Add({.suite = "overload",
              .title = "within 5 s of its end",
              .unit = "results/s",
              .measured = after,
              .reference = peak,
              .goal = kGoalNormal});
}

}  // namespace muster::bench
