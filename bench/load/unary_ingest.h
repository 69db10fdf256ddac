// Single results, each in a call of its own, many at a time.
#ifndef MUSTER_BENCH_LOAD_UNARY_INGEST_H_
#define MUSTER_BENCH_LOAD_UNARY_INGEST_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/workload.h"

namespace muster::bench {

// What is known when it is over.
struct UnaryTotals {
  int64_t results = 0;
  std::vector<double> latencies_ms;
  std::string typical_answer;  // One of the last answers as it was sent, of middling size.
};

// Keeps `outstanding` calls under way, over four connections. Each is answered by the server that is measured, or by
// one that answers the same bytes.
class UnaryIngest {
 public:
  static constexpr int kOutstanding = 64;

  // Makes the results; sends nothing yet.
  UnaryIngest(const std::string& address, Workload& workload);
  ~UnaryIngest();
  UnaryIngest(const UnaryIngest&) = delete;
  UnaryIngest& operator=(const UnaryIngest&) = delete;

  void Start();
  // Results acknowledged as ACCEPTED so far.
  int64_t acknowledged() const { return acknowledged_.load(std::memory_order_relaxed); }
  // Sends nothing more, waits for all answers, and throws std::runtime_error if any call failed or any outcome was not
  // ACCEPTED.
  UnaryTotals Finish();

 private:
  class Slot;

  void WaitUntilOver();

  std::vector<std::unique_ptr<Slot>> slots_;
  std::atomic<int64_t> acknowledged_{0};
  std::atomic<bool> stop_{false};
  std::atomic<int> running_{0};  // Slots with a call under way.
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_LOAD_UNARY_INGEST_H_
