// Results sent through streams, as force systems send whole exports.
#ifndef MUSTER_BENCH_LOAD_STREAM_INGEST_H_
#define MUSTER_BENCH_LOAD_STREAM_INGEST_H_

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bench/load/workload.h"

namespace muster::bench {

struct StreamShape {
  int streams = 4;  // Each on a connection of its own.
  int results_per_message = 1'000;
  int messages_in_flight = 4;  // Of one stream: sent, and not yet answered.
  // Over all streams: messages are sent on a fixed schedule, as far as the window allows. Absent: as fast as answers
  // come.
  std::optional<double> results_per_second;
  // Over all streams, a multiple of results_per_message: ends by itself after so many. Absent: at Finish().
  std::optional<int64_t> results;
};

// What is known when it is over.
struct StreamTotals {
  int64_t results = 0;
  int64_t result_bytes = 0;  // Of all results, serialised.
  int64_t warnings = 0;      // In their receipts.
};

// One thread for each stream. Results are made before, and only named anew when they are sent.
class StreamIngest {
 public:
  // Makes the results; sends nothing yet.
  StreamIngest(std::string address, Workload& workload, const StreamShape& shape);
  ~StreamIngest();
  StreamIngest(const StreamIngest&) = delete;
  StreamIngest& operator=(const StreamIngest&) = delete;

  void Start();
  // Results acknowledged as ACCEPTED so far.
  int64_t acknowledged() const { return acknowledged_.load(std::memory_order_relaxed); }
  // Sends nothing more unless a number of results was asked for, waits for all answers, and throws std::runtime_error
  // if any call failed or any outcome was not ACCEPTED.
  StreamTotals Finish();

 private:
  struct Stream;

  void Run(Stream& stream);

  const std::string address_;
  const StreamShape shape_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::atomic<int64_t> acknowledged_{0};
  std::atomic<bool> stop_{false};

  std::mutex mutex_;  // Guards what follows.
  std::exception_ptr failure_;
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_LOAD_STREAM_INGEST_H_
