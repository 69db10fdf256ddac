// Milestones: positions of the log at which all cubes are kept for good, so that totals at any later position are a
// short replay away.
#ifndef MUSTER_AGGREGATOR_MILESTONES_H_
#define MUSTER_AGGREGATOR_MILESTONES_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "aggregator/cubes.h"
#include "storage/store.h"

namespace muster {

struct MilestoneLimits {
  // Entries between two milestones. A replay is not longer than twice that, unless `max_bytes_per_entry` stretches it.
  LogPosition distance = 65'536;
  // Of all milestones on disk together, for each entry of the log. While they take more none is written.
  uint64_t max_bytes_per_entry = 32;
};

// Writes milestones: of each operation and cube only what changed since the milestone before. Thread-safe; one is
// written at a time.
class MilestoneWriter {
 public:
  // `store` is not owned and must outlive this object.
  MilestoneWriter(Store& store, std::shared_ptr<const Catalogue> catalogue, MilestoneLimits limits);

  // Whether one is due at `position`: the newest is far enough behind, and there is room.
  absl::StatusOr<bool> IsDue(LogPosition position);
  // Keeps the cubes of `snapshot`, which must hold all operations.
  absl::Status Write(const CubesSnapshot& snapshot);

  // Writes one between two that are too far from each other, or before the first, by replaying the log; the newest
  // such gap up to `last` comes first. False if there is none, or no room.
  //
  // CANCELLED  `is_wanted` said so
  // DATA_LOSS  a milestone, or the log, is damaged
  absl::StatusOr<bool> FillOne(LogPosition last, const std::function<bool()>& is_wanted);

 private:
  // The cubes that a milestone kept: one that is still the same object has not changed, as one is copied before it
  // changes.
  struct Known {
    LogPosition position = 0;
    std::map<std::pair<std::string, ForceIndex>, std::weak_ptr<const ForceCube>> cubes;
  };
  static Known KnownOf(const CubesSnapshot& snapshot);

  bool HasRoom(LogPosition position) const;
  // The newest milestone at or before a position that fits catalogue and rules; nullopt if there is none, or it cannot
  // be read.
  std::optional<store::v1::Milestone> Before(LogPosition position) const;
  // `known` is of the same cubes as the snapshot; moves on to it.
  absl::Status WriteLocked(const CubesSnapshot& snapshot, Known* known);

  Store& store_;
  const std::shared_ptr<const Catalogue> catalogue_;
  const MilestoneLimits limits_;

  std::mutex mutex_;  // One write at a time.
  Known known_;       // Guarded by mutex_. Of those that Write was last given.
};

// Puts back into new cubes what a milestone keeps of `operations` (ascending ids; empty: all); of others, what they
// looked like. DATA_LOSS if it is damaged; `cubes` are then of no use.
absl::Status RestoreMilestone(const Store& store, const store::v1::Milestone& milestone,
                              absl::Span<const std::string> operations, Cubes* cubes);

// Drops all milestones if the newest was made under another catalogue or other rules, or if `all`. One that cannot be
// read stays: who needs it says so.
absl::Status DropUnfitMilestones(Store& store, const Catalogue& catalogue, bool all);

// Whether cubes were made under this catalogue and the rules of this program.
bool FitsCatalogue(const store::v1::Milestone& milestone, const Catalogue& catalogue);

// Owns a thread that fills gaps between milestones while there are any: of a store that had none, or of results that
// came in faster than milestones were written. Stands behind all other threads.
class MilestoneFiller {
 public:
  // Not owned; must outlive this object. Looks for gaps once in every interval. `failed` is told of what went wrong, on
  // the thread of this object; it tries again, but for what is damaged.
  MilestoneFiller(const Store& store, MilestoneWriter& writer, std::chrono::milliseconds interval,
                  std::function<void(const absl::Status&)> failed);
  ~MilestoneFiller();
  MilestoneFiller(const MilestoneFiller&) = delete;
  MilestoneFiller& operator=(const MilestoneFiller&) = delete;

  // Returns soon. Idempotent.
  void Stop();

 private:
  void Run();

  const Store& store_;
  MilestoneWriter& writer_;
  const std::chrono::milliseconds interval_;
  const std::function<void(const absl::Status&)> failed_;
  std::atomic<bool> is_wanted_ = true;

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_MILESTONES_H_
