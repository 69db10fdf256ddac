#include "bench/load/unary_ingest.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "bench/load/connection.h"
#include "bench/stopwatch.h"
#include "grpcpp/grpcpp.h"
#include "muster/v1/ingest_service.grpc.pb.h"

namespace muster::bench {
namespace {

constexpr int kConnections = 4;
// Of one slot, made before and sent in turn.
constexpr int kRequests = 16;

}  // namespace

// One call after the other. Only one thread at a time is in it: the one that its call ended on.
class UnaryIngest::Slot {
 public:
  Slot(UnaryIngest& ingest, std::shared_ptr<v1::IngestService::Stub> stub, Workload& workload)
      : ingest_(ingest), stub_(std::move(stub)), requests_(kRequests) {
    for (v1::SubmitResultsRequest& request : requests_) *request.add_results() = workload.Make(workload.AnySender());
  }

  // Starts the next call.
  void Send() {
    v1::SubmitResultsRequest& request = requests_[next_++ % requests_.size()];
    FreshResultIds::Write(FreshResultIds::Take(1), request.mutable_results(0)->mutable_result_id());
    context_.emplace();
    stopwatch_ = Stopwatch();
    stub_->async()->SubmitResults(&*context_, &request, &response_,
                                  [this](const grpc::Status& status) { End(status); });
  }

  const std::string& failure() const { return failure_; }
  const std::vector<double>& latencies_ms() const { return latencies_ms_; }
  const v1::SubmitResultsResponse& last_response() const { return response_; }

 private:
  void End(const grpc::Status& status) {
    if (!status.ok()) {
      failure_ = "a call failed: " + status.error_message();
    } else if (response_.receipts_size() != 1 || response_.receipts(0).outcome() != v1::OUTCOME_ACCEPTED) {
      failure_ = "a result was not accepted: " + response_.ShortDebugString();
    } else {
      latencies_ms_.push_back(stopwatch_.Seconds() * 1e3);
      ingest_.acknowledged_.fetch_add(1, std::memory_order_relaxed);
    }
    if (!failure_.empty()) ingest_.stop_ = true;
    if (!ingest_.stop_.load(std::memory_order_relaxed)) {
      Send();
    } else if (ingest_.running_.fetch_sub(1) == 1) {
      ingest_.running_.notify_all();
    }
  }

  UnaryIngest& ingest_;
  const std::shared_ptr<v1::IngestService::Stub> stub_;
  std::vector<v1::SubmitResultsRequest> requests_;
  size_t next_ = 0;
  std::optional<grpc::ClientContext> context_;
  v1::SubmitResultsResponse response_;
  Stopwatch stopwatch_;
  std::vector<double> latencies_ms_;
  std::string failure_;
};

UnaryIngest::UnaryIngest(const std::string& address, Workload& workload) {
  std::vector<std::shared_ptr<v1::IngestService::Stub>> stubs;
  stubs.reserve(kConnections);
  for (int connection = 0; connection < kConnections; ++connection) {
    stubs.push_back(v1::IngestService::NewStub(OwnConnection(address)));
  }
  for (int slot = 0; slot < kOutstanding; ++slot) {
    slots_.push_back(std::make_unique<Slot>(*this, stubs[static_cast<size_t>(slot % kConnections)], workload));
  }
}

UnaryIngest::~UnaryIngest() { WaitUntilOver(); }

void UnaryIngest::Start() {
  running_ = kOutstanding;
  for (const std::unique_ptr<Slot>& slot : slots_) slot->Send();
}

void UnaryIngest::WaitUntilOver() {
  stop_ = true;
  for (int running = running_.load(); running > 0; running = running_.load()) running_.wait(running);
}

UnaryTotals UnaryIngest::Finish() {
  WaitUntilOver();
  UnaryTotals totals;
  totals.results = acknowledged_;
  std::vector<std::string> answers;
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (!slot->failure().empty()) throw std::runtime_error(slot->failure());
    totals.latencies_ms.insert(totals.latencies_ms.end(), slot->latencies_ms().begin(), slot->latencies_ms().end());
    answers.push_back(slot->last_response().SerializeAsString());
  }
  const auto middle = answers.begin() + kOutstanding / 2;
  std::nth_element(answers.begin(), middle, answers.end(),
                   [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
  totals.typical_answer = *middle;
  return totals;
}

}  // namespace muster::bench
