// Writes the cubes to the store now and then, so that a start is quick whatever the size of the log.
#ifndef MUSTER_AGGREGATOR_CHECKPOINTER_H_
#define MUSTER_AGGREGATOR_CHECKPOINTER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "aggregator/cubes.h"
#include "aggregator/milestones.h"
#include "storage/store.h"

namespace muster {

// Owns a thread that writes what changed, if anything did, once in every interval. WriteNow may be called from any
// thread.
class Checkpointer {
 public:
  // `store` and `cubes` are not owned and must outlive this object. `replace`: what is stored does not fit these cubes
  // and goes with the first write. `failed` is told of every write that failed, on the thread that tried it; the next
  // one tries again with everything. `milestones`, unless it is nullptr, is not owned either: a milestone is written
  // behind a checkpoint whenever one is due.
  Checkpointer(Store& store, Cubes& cubes, bool replace, std::chrono::milliseconds interval,
               std::function<void(const absl::Status&)> failed, MilestoneWriter* milestones = nullptr);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Writes what changed since the last time, and a milestone if one is due.
  absl::Status WriteNow();

  // Up to which position of the log the newest write went; absent before the first. And how long ago the checkpoint
  // held all that was in the cubes; before the first time, since when this object is there.
  std::optional<LogPosition> written_position() const;
  std::chrono::nanoseconds age() const;

  // No write starts after it returns, but for WriteNow. Idempotent.
  void Stop();

 private:
  void Run();
  absl::Status WriteCheckpoint();  // With write_mutex_ held.

  Store& store_;
  Cubes& cubes_;
  const std::chrono::milliseconds interval_;
  const std::function<void(const absl::Status&)> failed_;
  MilestoneWriter* const milestones_;

  std::mutex write_mutex_;  // One write at a time.
  bool replace_;            // Guarded by write_mutex_: the next write writes every cube.
  // Changed under write_mutex_.
  std::atomic<LogPosition> written_position_ = -1;
  std::atomic<std::chrono::steady_clock::time_point> complete_since_ = std::chrono::steady_clock::now();

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_CHECKPOINTER_H_
