// Clients that know no restraint: whatever fails is sent again at once.
#ifndef MUSTER_BENCH_LOAD_RETRYING_CLIENTS_H_
#define MUSTER_BENCH_LOAD_RETRYING_CLIENTS_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bench/load/prepared_message.h"
#include "bench/load/workload.h"
#include "muster/v1/ingest_service.pb.h"

namespace muster::bench {

struct ClientsShape {
  int clients = 50;    // Each on a connection of its own.
  int calls_each = 1;  // At most, under way at once.
  // Over all clients: calls are made on a fixed schedule, as far as there are calls left to be under way. Absent: as
  // fast as answers come.
  std::optional<double> calls_per_second;
};

// What is known when it is over.
struct ClientsTotals {
  int64_t calls = 0;
  int64_t shed = 0;        // Calls that the server had no room for.
  int64_t given_up = 0;    // Calls whose deadline passed.
  int64_t results = 0;     // Acknowledged.
  int64_t duplicates = 0;  // Of those: stored by a call that was given up, and acknowledged by a later one.
};

// Each call is of SubmitResults, with 1,000 results, and a deadline. A call that is not answered with receipts is made
// again with the same results, without a pause.
class RetryingClients {
 public:
  static constexpr int kResultsPerCall = 1'000;

  // Makes the results; sends nothing yet.
  RetryingClients(const std::string& address, Workload& workload, const ClientsShape& shape);
  ~RetryingClients();
  RetryingClients(const RetryingClients&) = delete;
  RetryingClients& operator=(const RetryingClients&) = delete;

  void Start();
  // Results acknowledged so far, each once.
  int64_t acknowledged() const { return acknowledged_.load(std::memory_order_relaxed); }
  int64_t calls() const { return calls_.load(std::memory_order_relaxed); }
  // Sends no new results, and those that were sent until they are acknowledged. Throws std::runtime_error if an answer
  // was anything else than receipts for what was stored, no room, or a passed deadline.
  ClientsTotals Finish();

 private:
  class Slot;

  void Pace();
  // A slot has nothing under way any more. What it has yet to be acknowledged goes before new results.
  void GiveBack(Slot& slot);
  void FillAnew(Slot& slot);
  void Stop();

  const ClientsShape shape_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::atomic<int64_t> acknowledged_{0};
  std::atomic<int64_t> calls_{0};
  std::atomic<int64_t> shed_{0};
  std::atomic<int64_t> given_up_{0};
  std::atomic<int64_t> duplicates_{0};

  std::vector<PreparedMessage> messages_;
  std::atomic<size_t> next_message_{0};

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::vector<std::deque<Slot*>> idle_;  // Of each client.
  int under_way_ = 0;
  bool stop_ = false;
  std::string failure_;

  std::thread pacer_;
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_LOAD_RETRYING_CLIENTS_H_
