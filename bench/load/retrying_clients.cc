#include "bench/load/retrying_clients.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "bench/load/connection.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "muster/v1/ingest_service.grpc.pb.h"

namespace muster::bench {
namespace {

constexpr char kMethod[] = "/muster.v1.IngestService/SubmitResults";
constexpr std::chrono::seconds kDeadline{2};
constexpr int kMessages = 16;

}  // namespace

// One call after the other. Only one thread at a time is in it.
class RetryingClients::Slot {
 public:
  Slot(RetryingClients& clients, size_t client, std::shared_ptr<grpc::GenericStub> stub)
      : client_(client), clients_(clients), stub_(std::move(stub)) {}

  void Send() {
    clients_.calls_.fetch_add(1, std::memory_order_relaxed);
    context_.emplace();
    context_->set_deadline(std::chrono::system_clock::now() + kDeadline);
    stub_->UnaryCall(&*context_, kMethod, grpc::StubOptions(), &request_, &response_,
                     [this](const grpc::Status& status) { End(status); });
  }

  size_t client() const { return client_; }
  // Whether it has results that are yet to be acknowledged.
  bool has_results() const { return has_results_; }
  void Fill(const PreparedMessage& message) {
    request_ = message.NamedAnew();
    has_results_ = true;
  }

 private:
  void End(const grpc::Status& status) {
    if (status.ok()) {
      v1::SubmitResultsResponse response;
      std::string failure;
      int64_t duplicates = 0;
      if (!grpc::SerializationTraits<v1::SubmitResultsResponse>::Deserialize(&response_, &response).ok() ||
          response.receipts_size() != kResultsPerCall) {
        failure = "an answer is not 1,000 receipts";
      }
      for (const v1::Receipt& receipt : response.receipts()) {
        if (receipt.outcome() == v1::OUTCOME_DUPLICATE) {
          ++duplicates;
        } else if (receipt.outcome() != v1::OUTCOME_ACCEPTED) {
          failure = "a result was not accepted: " + receipt.ShortDebugString();
        }
      }
      has_results_ = false;
      clients_.acknowledged_.fetch_add(response.receipts_size(), std::memory_order_relaxed);
      clients_.duplicates_.fetch_add(duplicates, std::memory_order_relaxed);
      if (!failure.empty()) Fail(failure);
    } else if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
      clients_.shed_.fetch_add(1, std::memory_order_relaxed);
    } else if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      clients_.given_up_.fetch_add(1, std::memory_order_relaxed);
    } else {
      Fail("a call failed: " + status.error_message());
    }
    clients_.GiveBack(*this);
  }

  void Fail(const std::string& failure) {
    has_results_ = false;
    const std::lock_guard<std::mutex> lock(clients_.mutex_);
    clients_.failure_ = failure;
    clients_.stop_ = true;
  }

  const size_t client_;
  RetryingClients& clients_;
  const std::shared_ptr<grpc::GenericStub> stub_;
  std::optional<grpc::ClientContext> context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  bool has_results_ = false;
};

RetryingClients::RetryingClients(const std::string& address, Workload& workload, const ClientsShape& shape)
    : shape_(shape), idle_(static_cast<size_t>(shape.clients)) {
  for (int message = 0; message < kMessages; ++message) {
    messages_.push_back(PreparedMessage::Of<v1::SubmitResultsRequest>(workload, kResultsPerCall));
  }
  for (size_t client = 0; client < idle_.size(); ++client) {
    const auto stub = std::make_shared<grpc::GenericStub>(OwnConnection(address));
    for (int call = 0; call < shape.calls_each; ++call) {
      slots_.push_back(std::make_unique<Slot>(*this, client, stub));
      idle_[client].push_back(slots_.back().get());
    }
  }
}

RetryingClients::~RetryingClients() { Stop(); }

void RetryingClients::FillAnew(Slot& slot) {
  slot.Fill(messages_[next_message_.fetch_add(1, std::memory_order_relaxed) % messages_.size()]);
}

void RetryingClients::Start() {
  if (shape_.calls_per_second) {
    pacer_ = std::thread([this] { Pace(); });
    return;
  }
  std::vector<Slot*> all;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (std::deque<Slot*>& idle : idle_) {
      all.insert(all.end(), idle.begin(), idle.end());
      idle.clear();
    }
    under_way_ = static_cast<int>(all.size());
  }
  for (Slot* const slot : all) {
    FillAnew(*slot);
    slot->Send();
  }
}

void RetryingClients::Pace() {
  const auto interval = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(1 / *shape_.calls_per_second));
  auto due = std::chrono::steady_clock::now();
  for (size_t client = 0;; client = (client + 1) % idle_.size()) {
    Slot* slot = nullptr;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (changed_.wait_until(lock, due, [this] { return stop_; })) return;
      if (!idle_[client].empty()) {
        slot = idle_[client].front();
        idle_[client].pop_front();
        ++under_way_;
      }
    }
    due += interval;
    if (slot == nullptr) continue;
    if (!slot->has_results()) FillAnew(*slot);
    slot->Send();
  }
}

void RetryingClients::GiveBack(Slot& slot) {
  bool again = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    again = stop_ ? slot.has_results() : !shape_.calls_per_second.has_value();
    if (!again) {
      --under_way_;
      if (slot.has_results()) {
        idle_[slot.client()].push_front(&slot);
      } else {
        idle_[slot.client()].push_back(&slot);
      }
      changed_.notify_all();
    }
  }
  if (!again) return;
  if (!slot.has_results()) FillAnew(slot);
  slot.Send();
}

void RetryingClients::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (pacer_.joinable()) pacer_.join();
  std::vector<Slot*> unanswered;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (std::deque<Slot*>& idle : idle_) {
      for (Slot* const slot : idle) {
        if (slot->has_results() && failure_.empty()) unanswered.push_back(slot);
      }
      idle.clear();
    }
    under_way_ += static_cast<int>(unanswered.size());
  }
  for (Slot* const slot : unanswered) slot->Send();
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return under_way_ == 0; });
}

ClientsTotals RetryingClients::Finish() {
  Stop();
  if (!failure_.empty()) throw std::runtime_error(failure_);
  return {.calls = calls_, .shed = shed_, .given_up = given_up_, .results = acknowledged_, .duplicates = duplicates_};
}

}  // namespace muster::bench
