// The cubes as they stood at an earlier moment.
#ifndef MUSTER_AGGREGATOR_REWINDER_H_
#define MUSTER_AGGREGATOR_REWINDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "aggregator/cubes.h"
#include "domain/field_problem.h"
#include "google/protobuf/timestamp.pb.h"
#include "storage/store.h"

namespace muster {

// A moment that somebody asks for: a position or a time, or neither, which is now.
struct AskedMoment {
  LogPosition position = 0;  // From 1; 0: not asked for.
  // Microseconds since the Unix epoch, which it may be before; nullopt: not asked for.
  std::optional<int64_t> time_us = std::nullopt;

  bool IsNow() const { return position == 0 && !time_us; }
  friend bool operator==(const AskedMoment&, const AskedMoment&) = default;
};

// Reads a moment from two fields of a request and names what is wrong with them. What is later than `now`, as
// Cubes::Now told it, is refused: an answer about it could still change. A time is taken down to whole microseconds.
// `time` is nullptr if it is absent.
AskedMoment ParseMoment(LogPosition position, absl::string_view position_field, const google::protobuf::Timestamp* time,
                        absl::string_view time_field, const CubesMoment& now, FieldProblems* problems);

// The cubes and the operations as they stood, for as long as this is held. Cheap to copy.
struct PastCubes {
  // Those of the operations that were asked for are whole; of others only what they looked like is there.
  std::shared_ptr<const CubesSnapshot> snapshot;
  // The accept time of the entry at the position that was asked for, or the time that was.
  int64_t as_of_time_us = 0;

  CubesView View() const { return snapshot->View(as_of_time_us); }
  const OperationDirectory& operations() const { return *snapshot->operations; }
};

struct RewinderLimits {
  // Of the memory of cubes that are kept because they may be asked for again.
  size_t max_kept_bytes = 64 << 20;
  size_t max_kept = 64;
};

// Makes the cubes of earlier moments again: by a replay of the log from the nearest position before at which they are
// at hand: a milestone, or what somebody asked for lately.
//
// The same moment gives equal cubes for ever, whatever comes in later. May be called from any thread; the work is done
// on that thread and reads the disk. How many may be at it at once is for the caller to say.
class Rewinder {
 public:
  // `store` and `cubes` are not owned and must outlive this object. `damaged`, unless it is empty, is told of
  // milestones that cannot be used, on the thread of whoever asked; he is answered by a longer replay.
  Rewinder(const Store& store, const Cubes& cubes, RewinderLimits limits,
           std::function<void(const absl::Status&)> damaged = nullptr);

  // The cubes of `operations` (ids; none: all) as they stood at `moment`, which ParseMoment found nothing wrong with
  // and which is not now. A time before the first entry is position 0, and so has no results.
  //
  // `is_wanted` is asked now and then while it works; CANCELLED once it says no. Empty: always.
  //
  // INVALID_ARGUMENT  the moment is later than now
  // DATA_LOSS         the log is damaged
  absl::StatusOr<PastCubes> At(const AskedMoment& moment, std::vector<std::string> operations,
                               std::function<bool()> is_wanted = nullptr);

 private:
  using Operations = std::vector<std::string>;  // Ascending; empty: all.
  struct Kept {
    Operations operations;
    std::shared_ptr<const CubesSnapshot> snapshot;
    size_t bytes = 0;
  };

  absl::StatusOr<std::shared_ptr<const CubesSnapshot>> Rebuild(LogPosition position, const ReplayInterest& interest);
  std::unique_ptr<Cubes> NewCubes() const;
  // Puts back the latest milestone between two positions, the first one not included, into new cubes; nullptr if there
  // is none that can be used.
  absl::StatusOr<std::unique_ptr<Cubes>> FromMilestone(LogPosition after, LogPosition last,
                                                       const Operations& operations);
  // The latest that is kept of these operations, or more, and not after `position`; nullptr if none is.
  std::shared_ptr<const CubesSnapshot> FindKept(LogPosition position, const Operations& operations);
  void Keep(Operations operations, std::shared_ptr<const CubesSnapshot> snapshot);

  const Store& store_;
  const Cubes& cubes_;
  const RewinderLimits limits_;
  const std::function<void(const absl::Status&)> damaged_;  // May be empty.

  std::mutex mutex_;      // Guards what follows; never held over a read of the disk.
  std::list<Kept> kept_;  // The latest asked for first.
  size_t kept_bytes_ = 0;
};

// The position of the newest entry that was accepted at or before a time; 0 if none was. Only entries up to `last` are
// looked at, which must be in the log.
//
// DATA_LOSS  the log cannot be read
absl::StatusOr<LogPosition> LastAcceptedBy(const Store& store, LogPosition last, int64_t time_us);

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_REWINDER_H_
