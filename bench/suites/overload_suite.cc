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

// What 50 clients got done that would like to do ten times as much as goes.
struct Overload {
  int calls_each;  // Of a client, under way at most.
  Series useful;
  Series tried{.name = "calls tried"};
  // Of the last round.
  ClientsTotals last = {};
  Work work = {};
};

// On one store, in each round: as much as goes; then 50 clients that try ten times as much, and again at once when they
// are refused, with as many calls under way as the server lets wait, and with many times as many; then, within 5 s, and
// later, what went at first.
void RunOverloadSuite(const Settings& settings, Report& report) {
  Workload workload(ReadShippedCatalogue(), settings.seed);
  Series peak{.name = "at capacity"};
  Series after{.name = "afterwards"};
  Series later{.name = "5 s later"};
  Series possible{.name = "calls answered at capacity"};
  Overload overloads[] = {{.calls_each = 10, .useful = {.name = "overloaded"}},
                          {.calls_each = 40, .useful = {.name = "overloaded by 2,000 calls"}}};
  Work at_peak;
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
    possible.samples.push_back(calls_per_second);
    for (Overload& overload : overloads) {
      RetryingClients clients(
          musterd.address(), workload,
          {.clients = 50, .calls_each = overload.calls_each, .calls_per_second = kTimesCapacity * calls_per_second});
      clients.Start();
      Sleep(settings.warm_up_seconds);
      const int64_t calls_before = clients.calls();
      const Stopwatch stopwatch;
      overload.work = WorkOf(clients, musterd, kTimesLonger * settings.seconds);
      overload.useful.samples.push_back(overload.work.results_per_second);
      overload.tried.samples.push_back(static_cast<double>(clients.calls() - calls_before) / stopwatch.Seconds());
      ReportProgress("overload", round, overload.useful, "results/s");
      overload.last = clients.Finish();
      results += overload.last.results;
    }
    {
      RetryingClients clients(musterd.address(), workload, kPeak);
      clients.Start();
      Sleep(kRecoverySeconds / 2);
      after.samples.push_back(WorkOf(clients, musterd, kRecoverySeconds / 2).results_per_second);
      Sleep(kRecoverySeconds);
      later.samples.push_back(WorkOf(clients, musterd, kRecoverySeconds / 2).results_per_second);
      results += clients.Finish().results;
      ReportProgress("overload", round, after, "results/s, afterwards");
      ReportProgress("overload", round, later, "results/s, 5 s later");
    }
    const int64_t counted = CountedResults(musterd.address());
    if (counted != results) {
      throw std::runtime_error(absl::StrCat("the server counts ", counted, " results; it acknowledged ", results));
    }
  }
  for (const Overload& overload : overloads) {
    const std::string under_way = absl::StrCat(50 * overload.calls_each, " under way");
    report.Add({.suite = "overload",
                .title = absl::StrCat("calls tried by 50 clients, ", under_way),
                .unit = "calls/s",
                .measured = overload.tried,
                .reference = possible,
                .notes = {absl::StrFormat("in the last round: %d calls, of which %d were shed and %d given up",
                                          overload.last.calls, overload.last.shed, overload.last.given_up),
                          absl::StrFormat("%d results, of which %d were acknowledged as duplicates",
                                          overload.last.results, overload.last.duplicates)}});
    report.Add({.suite = "overload",
                .title = absl::StrCat("results meanwhile, ", under_way),
                .unit = "results/s",
                .measured = overload.useful,
                .reference = peak,
                .goal = kGoalUseful,
                .notes = {InWords("at capacity", at_peak), InWords("overloaded", overload.work)}});
  }
  report.Add({.suite = "overload",
              .title = "within 5 s of its end",
              .unit = "results/s",
              .measured = after,
              .reference = later,
              .goal = kGoalNormal,
              .notes = {"beside what goes later over as large a store"}});
}

}  // namespace muster::bench
