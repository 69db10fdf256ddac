// What is counted and measured of the server, and how Prometheus sees it.
#ifndef MUSTER_SERVICE_METRICS_H_
#define MUSTER_SERVICE_METRICS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "aggregator/applier.h"
#include "grpcpp/support/status.h"
#include "muster/v1/result.pb.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "service/watcher_counts.h"
#include "storage/store.h"

namespace muster {

// Where the server is in its life.
enum class ServingState { kStarting, kServing, kRefusing, kDraining };

// What is read anew for every scrape.
struct MetricReadings {
  QueueState queue;
  int64_t queue_limit_bytes = 0;
  LogPosition position = 0;
  LogPosition checkpoint_position = 0;
  std::chrono::nanoseconds checkpoint_age{};
  std::chrono::nanoseconds scrub_age{};
  int64_t scrub_rounds = 0;
  int64_t scrub_mismatches = 0;
  StoreUsage store;
  WatcherCounts watchers;
  std::optional<std::chrono::system_clock::time_point> certificate_expiry;  // Of the server's own; none without TLS.
};

// Counts in buckets. Any thread may add at any time: two relaxed additions and a search among the bounds.
class Histogram {
 public:
  // A value is in the first bucket whose bound is not below it. `bounds` ascend, and must outlive this object. Values
  // and bounds are whole; Prometheus is shown `unit` times as much: 1e-9 for nanoseconds that are shown as seconds.
  Histogram(const std::vector<int64_t>* bounds, double unit);

  void Add(int64_t value);
  bool empty() const;
  prometheus::ClientMetric Collect() const;

 private:
  const std::vector<int64_t>* bounds_;
  double unit_;
  std::unique_ptr<std::atomic<uint64_t>[]> counts_;  // One more than there are bounds.
  std::unique_ptr<std::atomic<int64_t>> sum_;
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

  // Full names of the services of ours whose calls are told apart.
  explicit Metrics(const std::vector<std::string>& services);

  // `path` as it is in the request: "/muster.v1.IngestService/SubmitResults".
  Method FindMethod(std::string_view path) const;
  // Its name without the slash, or "other".
  const std::string& MethodName(Method method) const { return calls_[method]->name; }
  // "DEADLINE_EXCEEDED"; UNKNOWN for what is no code of gRPC.
  static std::string_view CodeName(grpc::StatusCode code);

  // Every call that has started ends once.
  void CallStarted(Method method) { calls_[method]->started.fetch_add(1, std::memory_order_relaxed); }
  void CallEnded(Method method, grpc::StatusCode code, std::chrono::nanoseconds duration);

  // So many results came to each outcome; or would have, with `validate_only`.
  using Outcomes = std::array<int64_t, v1::Outcome_ARRAYSIZE>;
  void CountResults(const Outcomes& outcomes, bool validate_only);

  void AddGroup(const GroupReport& report);

  void SetState(ServingState state) { state_ = state; }

  // What there is to read for every scrape from now on; null: nothing. When it returns, what was there before is not
  // read any more. `read` must not wait for the disk.
  void SetReader(std::function<MetricReadings()> read);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  static constexpr size_t kCodes = 17;  // Of gRPC, from 0.

  struct Calls {
    explicit Calls(std::string method);
    std::string name;
    std::atomic<int64_t> started = 0;
    std::vector<Histogram> durations;  // By code.
  };

  void CollectCalls(std::vector<prometheus::MetricFamily>* families) const;
  void CollectResults(std::vector<prometheus::MetricFamily>* families) const;
  void CollectState(std::vector<prometheus::MetricFamily>* families) const;
  void CollectReadings(std::vector<prometheus::MetricFamily>* families) const;

  const std::chrono::system_clock::time_point start_ = std::chrono::system_clock::now();

  // By method. Neither is changed after construction.
  std::vector<std::unique_ptr<Calls>> calls_;
  absl::flat_hash_map<std::string_view, Method> methods_;

  using Counters = std::array<std::atomic<int64_t>, v1::Outcome_ARRAYSIZE>;
  Counters results_{};
  Counters validated_results_{};
  Histogram group_results_;
  Histogram sync_times_;
  std::atomic<ServingState> state_ = ServingState::kStarting;

  mutable std::mutex mutex_;  // Guards what follows; held while `read_` is called.
  std::function<MetricReadings()> read_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_METRICS_H_
