// What is counted and measured of the server, and how Prometheus sees it.
#ifndef MUSTER_SERVICE_METRICS_H_
#define MUSTER_SERVICE_METRICS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aggregator/applier.h"
#include "muster/v1/result.pb.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "storage/store.h"

namespace muster {

// Where the server is in its life.
enum class ServingState { kStarting, kServing, kRefusing, kDraining };

// What is read anew for every scrape.
struct MetricReadings {
  QueueState queue;
  LogPosition position = 0;
  LogPosition checkpoint_position = 0;
  std::chrono::nanoseconds checkpoint_age{};
  std::chrono::nanoseconds scrub_age{};
  int64_t scrub_rounds = 0;
  int64_t scrub_mismatches = 0;
  StoreUsage store;
};

// Counts in buckets. Any thread may add at any time: two relaxed additions and a search among the bounds.
class Histogram {
 public:
  // Of whole units; a value is in the first bucket whose bound is not below it. `bounds` ascend, and must outlive this
  // object. `unit` is what one of them is in what Prometheus is shown: 1e-9 for nanoseconds shown as seconds.
  Histogram(const std::vector<int64_t>* bounds, double unit);

  void Add(int64_t value);
  bool empty() const;
  prometheus::ClientMetric Collect() const;

 private:
  const std::vector<int64_t>* bounds_;
  double unit_;
  std::unique_ptr<std::atomic<uint64_t>[]> counts_;  // One more than there are bounds.
  std::atomic<int64_t> sum_ = 0;
};

// Counting costs some relaxed additions, whether or not somebody looks. All functions may be called from any thread.
//
// Invariant: every label takes few values, which are known before the first call comes in: nothing that a caller says
// makes another series.
class Metrics final : public prometheus::Collectable {
 public:
  // The index of a method; kOtherMethod for all that the server does not have.
  using Method = size_t;
  static constexpr Method kOtherMethod = 0;

  Metrics();

  // `path` as it is in the request: "/muster.v1.IngestService/SubmitResults".
  Method FindMethod(std::string_view path) const;
  // Every call that has started ends once. `code` is a grpc::StatusCode.
  void CallStarted(Method method) { calls_[method].started.fetch_add(1, std::memory_order_relaxed); }
  void CallEnded(Method method, int code, std::chrono::nanoseconds duration);

  // What became of results: so many of each outcome.
  using Outcomes = std::array<int64_t, v1::Outcome_ARRAYSIZE>;
  void CountResults(const Outcomes& outcomes, bool validate_only);

  void AddGroup(const GroupReport& report);

  // A message of the log; `level` is of spdlog::level.
  void CountLogMessage(size_t level);

  void SetState(ServingState state) { state_ = state; }
  ServingState state() const { return state_; }

  // When a certificate ends. `which` is one of few names that are in the program: "server".
  void SetCertificateExpiry(const std::string& which, std::chrono::system_clock::time_point expiry);

  // What there is to read from now on; null: nothing. When it returns, what was there before is not read any more.
  void SetReader(std::function<MetricReadings()> read);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  static constexpr size_t kCodes = 18;  // Of gRPC, 0 to 16; the last is any other.

  struct Calls {
    std::string name;  // "muster.v1.IngestService/SubmitResults".
    std::atomic<int64_t> started = 0;
    std::vector<Histogram> duration;  // By code.
  };

  void AddMethod(const std::string& name);
  void CollectCalls(std::vector<prometheus::MetricFamily>* families) const;
  void CollectResults(std::vector<prometheus::MetricFamily>* families) const;
  void CollectState(std::vector<prometheus::MetricFamily>* families) const;

  std::vector<std::unique_ptr<Calls>> call_list_;  // Not changed after construction.
  std::unordered_map<std::string_view, Method> methods_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_METRICS_H_
