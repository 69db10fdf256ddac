#include "service/metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "domain/check.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/grpcpp.h"
#include "service/logging.h"

namespace muster {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Those of gRFC A66, in nanoseconds; the first of them, 0, holds nothing.
const std::vector<int64_t>& CallDurationBounds() {
  static const std::vector<int64_t> bounds = [] {
    std::vector<int64_t> made;
    for (const int64_t micros :
         {10,      50,        100,       300,       600,        800,        1'000,      2'000,
          3'000,   4'000,     5'000,     6'000,     8'000,      10'000,     13'000,     16'000,
          20'000,  25'000,    30'000,    40'000,    50'000,     65'000,     80'000,     100'000,
          130'000, 160'000,   200'000,   250'000,   300'000,    400'000,    500'000,    650'000,
          800'000, 1'000'000, 2'000'000, 5'000'000, 10'000'000, 20'000'000, 50'000'000, 100'000'000}) {
      made.push_back(micros * 1'000);
    }
    return made;
  }();
  return bounds;
}

// A sync should take a few milliseconds.
const std::vector<int64_t>& SyncTimeBounds() {
  static const std::vector<int64_t> bounds = {100'000,     250'000,     500'000,       1'000'000,     2'500'000,
                                              5'000'000,   10'000'000,  25'000'000,    50'000'000,    100'000'000,
                                              250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000, 10'000'000'000};
  return bounds;
}

const std::vector<int64_t>& GroupResultBounds() {
  static const std::vector<int64_t> bounds = {1, 2, 5, 10, 25, 50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000};
  return bounds;
}

constexpr double kNanosecond = 1e-9;

double Seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

double SecondsSince1970(std::chrono::system_clock::time_point time) { return Seconds(time.time_since_epoch()); }

// By code.
constexpr std::array kCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

size_t IndexOf(grpc::StatusCode code) {
  const auto index = static_cast<size_t>(code);
  return index < kCodeNames.size() ? index : static_cast<size_t>(grpc::StatusCode::UNKNOWN);
}

constexpr std::array kStates = {
    std::pair{ServingState::kStarting, "starting"}, std::pair{ServingState::kServing, "serving"},
    std::pair{ServingState::kRefusing, "refusing"}, std::pair{ServingState::kDraining, "draining"}};

// "accepted"
std::string OutcomeName(int outcome) {
  constexpr std::string_view kPrefix = "OUTCOME_";
  return absl::AsciiStrToLower(v1::Outcome_Name(static_cast<v1::Outcome>(outcome)).substr(kPrefix.size()));
}

using Labels = std::vector<ClientMetric::Label>;

ClientMetric Counter(double value, Labels labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = value;
  return metric;
}

ClientMetric Gauge(double value, Labels labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

void Add(std::string name, std::string help, MetricType type, std::vector<ClientMetric> metrics,
         std::vector<MetricFamily>* families) {
  if (metrics.empty()) return;
  families->push_back({std::move(name), std::move(help), type, std::move(metrics)});
}

void AddGauge(std::string name, std::string help, double value, std::vector<MetricFamily>* families) {
  Add(std::move(name), std::move(help), MetricType::Gauge, {Gauge(value)}, families);
}

void AddCounter(std::string name, std::string help, double value, std::vector<MetricFamily>* families) {
  Add(std::move(name), std::move(help), MetricType::Counter, {Counter(value)}, families);
}

// What every exporter says of its process, under the names that all use.
void CollectProcess(std::chrono::system_clock::time_point start, std::vector<MetricFamily>* families) {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    AddCounter("process_cpu_seconds_total", "Processor time that the process has used.",
               seconds(usage.ru_utime) + seconds(usage.ru_stime), families);
  }
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  if (statm >> total_pages >> resident_pages) {
    const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
    AddGauge("process_resident_memory_bytes", "Memory of the machine that the process takes.",
             resident_pages * page_bytes, families);
  }
  std::error_code failed;
  const std::filesystem::directory_iterator files("/proc/self/fd", failed);
  if (!failed) {
    AddGauge("process_open_fds", "Files, sockets and the like that the process has open.",
             static_cast<double>(std::distance(files, std::filesystem::directory_iterator())), families);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    AddGauge("process_max_fds", "How many of them it may have open.", static_cast<double>(limit.rlim_cur), families);
  }
  AddGauge("process_start_time_seconds", "When the server began to start, in seconds since 1970.",
           SecondsSince1970(start), families);
}

}  // namespace

Histogram::Histogram(const std::vector<int64_t>* bounds, double unit)
    : bounds_(bounds),
      unit_(unit),
      counts_(std::make_unique<std::atomic<uint64_t>[]>(bounds->size() + 1)),
      sum_(std::make_unique<std::atomic<int64_t>>(0)) {}

void Histogram::Add(int64_t value) {
  const auto bucket = std::lower_bound(bounds_->begin(), bounds_->end(), value) - bounds_->begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_->fetch_add(value, std::memory_order_relaxed);
}

bool Histogram::empty() const {
  for (size_t bucket = 0; bucket <= bounds_->size(); ++bucket) {
    if (counts_[bucket].load(std::memory_order_relaxed) != 0) return false;
  }
  return true;
}

ClientMetric Histogram::Collect() const {
  ClientMetric metric;
  // The count is that of the buckets, whatever is added meanwhile: Prometheus wants them to agree.
  uint64_t count = 0;
  for (size_t bucket = 0; bucket < bounds_->size(); ++bucket) {
    count += counts_[bucket].load(std::memory_order_relaxed);
    metric.histogram.bucket.push_back({count, static_cast<double>((*bounds_)[bucket]) * unit_});
  }
  count += counts_[bounds_->size()].load(std::memory_order_relaxed);
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = static_cast<double>(sum_->load(std::memory_order_relaxed)) * unit_;
  return metric;
}

Metrics::Calls::Calls(std::string method) : name(std::move(method)) {
  durations.reserve(kCodes);
  for (size_t code = 0; code < kCodes; ++code) durations.emplace_back(&CallDurationBounds(), kNanosecond);
}

Metrics::Metrics(const std::vector<std::string>& services)
    : group_results_(&GroupResultBounds(), 1), sync_times_(&SyncTimeBounds(), kNanosecond) {
  static_assert(kCodeNames.size() == kCodes);
  calls_.push_back(std::make_unique<Calls>("other"));
  for (const std::string& service : services) {
    const google::protobuf::ServiceDescriptor* const descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
    MUSTER_CHECK(descriptor != nullptr);
    for (int index = 0; index < descriptor->method_count(); ++index) {
      calls_.push_back(std::make_unique<Calls>(absl::StrCat(service, "/", descriptor->method(index)->name())));
    }
  }
  // Those that gRPC brings.
  for (const char* const name : {"grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch",
                                 "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    calls_.push_back(std::make_unique<Calls>(name));
  }
  for (Method method = kOtherMethod + 1; method < calls_.size(); ++method) methods_[calls_[method]->name] = method;
}

Metrics::Method Metrics::FindMethod(std::string_view path) const {
  if (path.empty() || path.front() != '/') return kOtherMethod;
  const auto found = methods_.find(path.substr(1));
  return found == methods_.end() ? kOtherMethod : found->second;
}

std::string_view Metrics::CodeName(grpc::StatusCode code) { return kCodeNames[IndexOf(code)]; }

void Metrics::CallEnded(Method method, grpc::StatusCode code, std::chrono::nanoseconds duration) {
  calls_[method]->durations[IndexOf(code)].Add(duration.count());
}

void Metrics::CountResults(const Outcomes& outcomes, bool validate_only) {
  Counters& counters = validate_only ? validated_results_ : results_;
  for (size_t outcome = 0; outcome < outcomes.size(); ++outcome) {
    if (outcomes[outcome] != 0) counters[outcome].fetch_add(outcomes[outcome], std::memory_order_relaxed);
  }
}

void Metrics::AddGroup(const GroupReport& report) {
  group_results_.Add(report.results);
  if (report.sync_time) sync_times_.Add(report.sync_time->count());
}

void Metrics::SetReader(std::function<MetricReadings()> read) {
  const std::lock_guard<std::mutex> lock(mutex_);
  read_ = std::move(read);
}

std::vector<MetricFamily> Metrics::Collect() const {
  std::vector<MetricFamily> families;
  CollectCalls(&families);
  CollectResults(&families);
  CollectState(&families);
  CollectReadings(&families);
  CollectProcess(start_, &families);
  return families;
}

void Metrics::CollectCalls(std::vector<MetricFamily>* families) const {
  std::vector<ClientMetric> started;
  std::vector<ClientMetric> durations;
  for (const std::unique_ptr<Calls>& calls : calls_) {
    const ClientMetric::Label method{"grpc_method", calls->name};
    started.push_back(Counter(static_cast<double>(calls->started.load(std::memory_order_relaxed)), {method}));
    for (size_t code = 0; code < kCodes; ++code) {
      if (calls->durations[code].empty()) continue;
      durations.push_back(calls->durations[code].Collect());
      durations.back().label = {method, {"grpc_status", kCodeNames[code]}};
    }
  }
  Add("grpc_server_call_started_total", "Calls that were begun, by method.", MetricType::Counter, std::move(started),
      families);
  Add("grpc_server_call_duration_seconds", "How long calls took until they were answered, by method and code.",
      MetricType::Histogram, std::move(durations), families);
}

void Metrics::CollectResults(std::vector<MetricFamily>* families) const {
  const auto by_outcome = [](const Counters& counters) {
    std::vector<ClientMetric> metrics;
    for (int outcome = v1::OUTCOME_ACCEPTED; outcome < v1::Outcome_ARRAYSIZE; ++outcome) {
      if (!v1::Outcome_IsValid(outcome)) continue;
      const int64_t count = counters[static_cast<size_t>(outcome)].load(std::memory_order_relaxed);
      metrics.push_back(Counter(static_cast<double>(count), {{"outcome", OutcomeName(outcome)}}));
    }
    return metrics;
  };
  Add("muster_results_total", "Results that were answered, by outcome.", MetricType::Counter, by_outcome(results_),
      families);
  Add("muster_results_validated_total", "Results that were validated only, by the outcome that they would have had.",
      MetricType::Counter, by_outcome(validated_results_), families);
  Add("muster_group_results", "How many results were decided together.", MetricType::Histogram,
      {group_results_.Collect()}, families);
  Add("muster_sync_seconds", "How long it took to write a group so that it survives a power cut.",
      MetricType::Histogram, {sync_times_.Collect()}, families);
}

void Metrics::CollectState(std::vector<MetricFamily>* families) const {
  Add("muster_build_info", "Always 1; its labels say what runs.", MetricType::Gauge,
      {Gauge(1, {{"version", MUSTER_VERSION}, {"grpc_version", grpc::Version()}})}, families);
  std::vector<ClientMetric> states;
  states.reserve(kStates.size());
  const ServingState state = state_;
  for (const auto& [one, name] : kStates) states.push_back(Gauge(one == state ? 1 : 0, {{"state", name}}));
  Add("muster_state", "1 for the state that the server is in.", MetricType::Gauge, std::move(states), families);
  std::vector<ClientMetric> messages;
  for (const LogCount& count : LogCounts()) {
    messages.push_back(Counter(static_cast<double>(count.messages), {{"level", std::string(count.level)}}));
  }
  Add("muster_log_messages_total", "Messages that were logged, by level.", MetricType::Counter, std::move(messages),
      families);
}

void Metrics::CollectReadings(std::vector<MetricFamily>* families) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (read_ == nullptr) return;

  const MetricReadings now = read_();
  if (now.certificate_expiry) {
    Add("muster_certificate_expiry_timestamp_seconds", "When a certificate ends, in seconds since 1970.",
        MetricType::Gauge, {Gauge(SecondsSince1970(*now.certificate_expiry), {{"certificate", "server"}})}, families);
  }
  const auto gauge = [families](std::string name, std::string help, double value) {
    AddGauge(std::move(name), std::move(help), value, families);
  };
  gauge("muster_queue_submissions", "Requests and messages whose results wait to be decided.",
        static_cast<double>(now.queue.submissions));
  gauge("muster_queue_bytes", "Bytes of results that wait to be decided.", static_cast<double>(now.queue.bytes));
  gauge("muster_queue_limit_bytes", "How many bytes may wait.", static_cast<double>(now.queue_limit_bytes));
  gauge("muster_queue_outside", "Calls and messages of streams that wait for room in the queue.",
        static_cast<double>(now.queue.outside));
  gauge("muster_queue_oldest_seconds", "How long the first that waits has done so.", Seconds(now.queue.oldest));
  gauge("muster_log_position", "Position of the newest entry of the log.", static_cast<double>(now.position));
  gauge("muster_checkpoint_lag_entries", "Entries of the log that the checkpoint does not hold.",
        static_cast<double>(now.position - now.checkpoint_position));
  gauge("muster_checkpoint_age_seconds", "How long ago the checkpoint held all that was accepted.",
        Seconds(now.checkpoint_age));
  gauge("muster_scrub_age_seconds", "How long ago the newest round of the scrub ended; before that, the start.",
        Seconds(now.scrub_age));
  AddCounter("muster_scrub_rounds_total", "Rounds of the scrub that have ended.", static_cast<double>(now.scrub_rounds),
             families);
  AddCounter("muster_scrub_mismatches_total", "Totals that differed from the log when they were scrubbed.",
             static_cast<double>(now.scrub_mismatches), families);
  Add("muster_store_bytes", "What the store takes: tables on disk, and what is only in the write-ahead log.",
      MetricType::Gauge,
      {Gauge(static_cast<double>(now.store.table_bytes), {{"part", "tables"}}),
       Gauge(static_cast<double>(now.store.buffered_bytes), {{"part", "buffered"}})},
      families);
  if (now.store.free_bytes) {
    gauge("muster_disk_free_bytes", "What is free of the disk of the store.",
          static_cast<double>(*now.store.free_bytes));
  }
  gauge("muster_watchers", "Calls that watch totals.", static_cast<double>(now.watchers.watchers));
  gauge("muster_watched_questions", "Questions about totals that are watched, or were a moment ago.",
        static_cast<double>(now.watchers.questions));
  AddCounter("muster_watch_messages_total", "Messages that watchers were sent.",
             static_cast<double>(now.watchers.messages), families);
  AddCounter("muster_watchers_too_slow_total", "Watchers that were dropped because they did not read.",
             static_cast<double>(now.watchers.too_slow), families);
  gauge("muster_disk_kept_free_bytes", "With less than this free, no results are taken.",
        static_cast<double>(now.store.keep_free_bytes));
}

}  // namespace muster
