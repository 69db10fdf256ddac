// Checks the law in the background, little by little and for ever.
#ifndef MUSTER_AGGREGATOR_SCRUBBER_H_
#define MUSTER_AGGREGATOR_SCRUBBER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/cubes.h"
#include "storage/store.h"

namespace muster {

struct ScrubberLimits {
  // After every step (a page of results, or a force without any) it pauses this many times as long as the step took,
  // and not less than `min_pause`. 99: one per cent of one core.
  int pause_factor = 99;
  std::chrono::milliseconds min_pause{100};
  // Between two rounds over all operations and forces.
  std::chrono::milliseconds round_interval{60'000};
};

struct ScrubMismatch {
  std::string operation;
  std::string force;
  LogPosition position = 0;  // At which both were compared.
  std::string description;   // What is served, but what the log says.
};

// Owns a thread that folds the newest revisions of one force in one operation after another from the log, and compares
// with what is served, at one position.
//
// Everything of a cube is compared but when the force was first heard, which only its earliest revision can tell, and
// that may have been replaced since. VerifyCubes compares that, too.
class Scrubber {
 public:
  // `store` and `cubes` are not owned and must outlive this object. `found` is told of every mismatch, once in each
  // round, and `failed` of what kept a force from being compared, both on the scrubber's thread; it goes on with the
  // next.
  Scrubber(const Store& store, Cubes& cubes, ScrubberLimits limits, std::function<void(const ScrubMismatch&)> found,
           std::function<void(const absl::Status&)> failed);
  ~Scrubber();
  Scrubber(const Scrubber&) = delete;
  Scrubber& operator=(const Scrubber&) = delete;

  // Returns soon: after at most one page of results. Idempotent.
  void Stop();

  // Rounds that were finished, and mismatches that were found in all of them.
  int64_t round_count() const { return round_count_; }
  int64_t mismatch_count() const { return mismatch_count_; }
  // How long ago the newest round ended; before the first one did, since when this object is there.
  std::chrono::nanoseconds age() const { return std::chrono::steady_clock::now() - round_ended_.load(); }

 private:
  void Run();
  void Scrub(const std::string& operation, size_t number, ForceIndex force);
  // False if the scrubber stops.
  bool Pause(std::chrono::nanoseconds at_least);

  const Store& store_;
  Cubes& cubes_;
  const ScrubberLimits limits_;
  const std::function<void(const ScrubMismatch&)> found_;
  const std::function<void(const absl::Status&)> failed_;
  std::atomic<int64_t> round_count_ = 0;
  std::atomic<int64_t> mismatch_count_ = 0;
  std::atomic<std::chrono::steady_clock::time_point> round_ended_ = std::chrono::steady_clock::now();

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

// Folds from the log what one force reported in one operation, as it stood at `position`, though revisions may come in
// meanwhile. `pause` is called after every page of results up to `position`, and ends the work with CANCELLED when it
// says false.
//
// ABORTED  revisions come in faster than they can be followed; try again later
absl::StatusOr<ForceCube> FoldNewest(const Store& store, const Catalogue& catalogue, const std::string& operation,
                                     const std::string& force, LogPosition position,
                                     const std::function<bool()>& pause);

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_SCRUBBER_H_
