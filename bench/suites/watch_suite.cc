#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "bench/load/connection.h"
#include "bench/load/filled_store.h"
#include "bench/load/workload.h"
#include "bench/processes/musterd.h"
#include "bench/processes/process_usage.h"
#include "bench/processes/temporary_folder.h"
#include "bench/report/percentile.h"
#include "bench/suites/ingest_run.h"
#include "bench/suites/progress.h"
#include "bench/suites/suites.h"
#include "clients/cpp/followed_totals.h"
#include "grpcpp/client_context.h"
#include "muster/v1/ingest_service.grpc.pb.h"
#include "muster/v1/totals_service.grpc.pb.h"

namespace muster::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWatchers = 100;
constexpr int kConnections = 10;  // Of the watchers, who share them as those of a gateway do.
constexpr int64_t kResultsAtFirst = 10'000;
constexpr Goal kGoalKept = {.bound = Goal::Bound::kAtLeast, .ratio = 0.85};

// Those who watch the totals of all forces, each on a thread of its own, for as long as this lives.
class Watchers {
 public:
  explicit Watchers(const std::string& address) {
    for (int number = 0; number < kConnections; ++number) {
      stubs_.push_back(v1::TotalsService::NewStub(OwnConnection(address)));
    }
    for (int number = 0; number < kWatchers; ++number) {
      contexts_.push_back(std::make_unique<grpc::ClientContext>());
      threads_.emplace_back([this, number] { Watch(static_cast<size_t>(number)); });
    }
    while (watching_ < kWatchers) {
      if (ended_ > 0) throw std::runtime_error("a watch ended before its snapshot");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  ~Watchers() {
    stopping_ = true;
    for (const std::unique_ptr<grpc::ClientContext>& context : contexts_) context->TryCancel();
    for (std::thread& thread : threads_) thread.join();
  }
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  // Milliseconds from `submitted` until each of them has a moment with this position.
  std::vector<double> AwaitPosition(int64_t position, Clock::time_point submitted) {
    std::vector<double> times;
    const Clock::time_point deadline = Clock::now() + std::chrono::seconds(60);
    while (true) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        times.clear();
        for (const Seen& seen : seen_) {
          if (seen.position >= position) {
            times.push_back(std::chrono::duration<double, std::milli>(seen.time - submitted).count());
          }
        }
      }
      if (times.size() == kWatchers) return times;
      if (ended_ > 0 || Clock::now() > deadline) throw std::runtime_error("a watcher was not told of a result");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

 private:
  struct Seen {
    int64_t position = 0;
    Clock::time_point time;
  };

  void Watch(size_t number) {
    v1::WatchTotalsRequest request;
    request.mutable_query()->add_group_by(v1::GROUP_BY_FORCE);
    const auto stream = stubs_[number % kConnections]->WatchTotals(contexts_[number].get(), request);
    FollowedTotals followed;
    v1::WatchTotalsResponse message;
    bool is_first = true;
    while (stream->Read(&message)) {
      if (!followed.Take(message)) continue;
      const std::lock_guard<std::mutex> lock(mutex_);
      seen_[number] = {followed.totals().position(), Clock::now()};
      if (is_first) ++watching_;
      is_first = false;
    }
    stream->Finish();
    if (!stopping_) ++ended_;
  }

  std::vector<std::unique_ptr<v1::TotalsService::Stub>> stubs_;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts_;
  std::atomic<int> watching_ = 0;
  std::atomic<int> ended_ = 0;
  std::atomic<bool> stopping_ = false;

  std::mutex mutex_;
  std::vector<Seen> seen_ = std::vector<Seen>(kWatchers);  // Guarded by mutex_: the first moment of that position.

  std::vector<std::thread> threads_;
};

// Milliseconds until each of the watchers sees each of some results that are sent one by one, with pauses in which all
// watchers may be told at once.
std::vector<double> MeasureLatency(const std::string& address, Workload& workload, double seconds, int64_t* results) {
  Watchers watchers(address);
  const auto ingest = v1::IngestService::NewStub(OwnConnection(address));
  std::vector<double> times;
  const Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (Clock::now() < end) {
    v1::SubmitResultsRequest request;
    v1::OperationResult& result = *request.add_results() = workload.Make(workload.AnySender());
    FreshResultIds::Write(FreshResultIds::Take(1), result.mutable_result_id());
    grpc::ClientContext context;
    v1::SubmitResultsResponse response;
    const Clock::time_point submitted = Clock::now();
    if (!ingest->SubmitResults(&context, request, &response).ok() || response.receipts(0).has_problem()) {
      throw std::runtime_error("a result was not taken");
    }
    ++*results;
    for (const double time : watchers.AwaitPosition(response.position(), submitted)) times.push_back(time);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // Longer than the server gathers changes.
  }
  return times;
}

}  // namespace

void RunWatchSuite(const Settings& settings, Report& report) {
  Workload workload(ReadShippedCatalogue(), settings.seed);
  const TemporaryFolder folder(settings.folder);
  const Musterd musterd(folder.path());
  int64_t results = FillStore(musterd.address(), workload, kResultsAtFirst).results;

  Series p50{.name = "Muster"};
  Series p99{.name = "Muster"};
  Series alone{.name = "alone"};
  Series watched{.name = "Muster"};
  for (int round = 1; round <= settings.rounds; ++round) {
    WaitUntilIdle(musterd.id());
    const std::vector<double> times = MeasureLatency(musterd.address(), workload, settings.seconds, &results);
    p50.samples.push_back(Percentile(times, 50));
    p99.samples.push_back(Percentile(times, 99));
    ReportProgress("watch", round, p99, "ms, p99 from submitting to watchers");

    const auto ingest = [&](const std::string& perf_file) {
      const IngestRate rate = MeasureIngest(settings, musterd, workload, StreamShape{}, results, perf_file);
      results += rate.totals.results;
      return rate.results_per_second;
    };
    WaitUntilIdle(musterd.id());
    alone.samples.push_back(ingest(""));
    ReportProgress("watch", round, alone, "results/s, nobody watches");
    WaitUntilIdle(musterd.id());
    const Watchers watchers(musterd.address());
    watched.samples.push_back(ingest(round == settings.rounds ? settings.perf_file : ""));
    ReportProgress("watch", round, watched, "results/s, watched");
  }
  report.Add({.suite = "watch",
              .title = absl::StrFormat("from submitting to %d watchers, p50", kWatchers),
              .unit = "ms",
              .measured = p50});
  report.Add({.suite = "watch",
              .title = absl::StrFormat("from submitting to %d watchers, p99", kWatchers),
              .unit = "ms",
              .measured = p99});
  report.Add({.suite = "watch",
              .title = absl::StrFormat("ingest at its peak, with %d watchers", kWatchers),
              .unit = "results/s",
              .measured = watched,
              .reference = alone,
              .goal = kGoalKept});
}

}  // namespace muster::bench
