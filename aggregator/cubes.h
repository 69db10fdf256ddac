// All cubes, and the operations that they are of, at one position of the log.
#ifndef MUSTER_AGGREGATOR_CUBES_H_
#define MUSTER_AGGREGATOR_CUBES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "aggregator/force_cube.h"
#include "domain/catalogue.h"
#include "domain/operation.h"
#include "storage/store.h"

namespace muster {

// What one log entry does: a result moves the totals of a force, or an operation changes.
struct AppliedEntry {
  size_t operation = 0;  // Its number in the cubes.
  ForceIndex force = 0;  // -1: of no concern here; it moves the position and nothing else.
  CubeChange change;
  std::shared_ptr<const Operation> changed_operation;  // Set: the entry is a change of this operation.
};

// The cubes of one operation. `forces` is by force index; nullptr where nothing was ever heard.
struct OperationCubes {
  std::shared_ptr<const Operation> operation;
  std::vector<std::shared_ptr<const ForceCube>> forces;
  LogPosition changed_position = 0;  // Of the newest entry about it since the start; 0 if there is none.
};

// Where the cubes stand, without the cubes.
struct CubesMoment {
  LogPosition position = 0;
  int64_t as_of_time_us = 0;         // As CubesView::as_of_time_us.
  LogPosition changed_position = 0;  // Of the newest entry up to `position` about what was asked for.
};

// All cubes as a reader sees them: of one position, and still for as long as the view is held.
struct CubesView {
  const std::vector<OperationCubes>& operations;  // By first appearance.
  LogPosition position = 0;
  // Every entry accepted up to this time is in, none accepted later; also of entries that are still being written.
  int64_t as_of_time_us = 0;
};

// One cube at rest.
struct FrozenForceCube {
  std::string operation;
  size_t number = 0;  // Of the operation.
  ForceIndex force = 0;
  std::shared_ptr<const ForceCube> cube;
};

// The cube of one force in one operation at rest; nullptr where nothing was ever heard.
struct FrozenCube {
  LogPosition position = 0;
  std::shared_ptr<const ForceCube> cube;
};

// All cubes and operations at one position, at rest: they stay as they are for as long as this is held.
struct CubesSnapshot {
  LogPosition position = 0;
  int64_t accept_time_us = 0;  // Of the entry at `position`; 0 if there is none.
  std::vector<OperationCubes> cubes;
  std::shared_ptr<const OperationDirectory> operations;

  // With what it stands for, which only who asked can tell.
  CubesView View(int64_t as_of_time_us) const { return {cubes, position, as_of_time_us}; }
};

// All cubes that were asked for, at one position.
struct FrozenCubes {
  LogPosition position = 0;
  int64_t accept_time_us = 0;
  std::vector<FrozenForceCube> cubes;  // By operation id, then force.
};

// Invariant: at position P every cube equals the fold of the log from 1 to P.
//
// Read, Freeze and the getters may be called from any thread. Apply, BeginGroup and CancelGroup belong to one thread,
// the writer's. A reader never waits for more than the arithmetic of one group, the writer never for more than the
// readers that were there before it.
class Cubes {
 public:
  // `now_us` is read for `as_of_time_us` only. Starts at position 0 with the operations that ship.
  Cubes(std::shared_ptr<const Catalogue> catalogue, std::function<int64_t()> now_us);

  const Catalogue& catalogue() const { return *catalogue_; }
  const std::shared_ptr<const Catalogue>& shared_catalogue() const { return catalogue_; }
  std::shared_ptr<const OperationDirectory> operations() const;
  LogPosition position() const;
  // Of the entry at position(); 0 if there is none.
  int64_t accept_time_us() const;

  // The accept time of a group that is about to be written: later than all before it and than every `as_of_time_us`
  // that was ever answered. The group then ends with Apply or CancelGroup; one of which it is not known whether it was
  // written never ends, so that no later `as_of_time_us` claims to know.
  int64_t BeginGroup();
  // The group turned out to hold nothing to write.
  void CancelGroup();

  // Applies the entries that follow position(), all at once for any reader.
  void Apply(absl::Span<const AppliedEntry> entries, int64_t accept_time_us);

  // The number of an operation that is in operations(); it never changes. For the writer's thread.
  size_t NumberOf(absl::string_view operation) const;

  // Calls `read` with a view that holds until it returns. `read` must be short: the writer waits for it.
  void Read(absl::FunctionRef<void(const CubesView&)> read) const;

  // Where the cubes stand with regard to some operations, by their numbers; to all if there are none. What Read showed
  // of them is still so for as long as their `changed_position` is the same. Never waits for a group that is being
  // added: while one is, the moment is that before it, which is right for as long as none of it is acknowledged.
  CubesMoment Now(absl::Span<const size_t> operations) const;

  // Every cube, at rest. Costs no copying now: the writer copies a cube before it next changes it.
  FrozenCubes FreezeAll() const;
  // The same with the operations.
  CubesSnapshot Snapshot() const;
  // One cube, which alone is copied before it next changes. `operation` is a number that Read has shown.
  FrozenCube FreezeOne(size_t operation, ForceIndex force);
  // The cubes that changed since the last call.
  FrozenCubes FreezeChanged();

  // For a start: puts back what a checkpoint holds, and operations as they stand. Before any reader.
  void Restore(LogPosition position, int64_t accept_time_us);
  void RestoreCube(const std::string& operation, ForceIndex force, ForceCube cube);
  void RestoreOperation(std::shared_ptr<const Operation> operation);
  // The same for cubes of one's own, in which nothing was put back yet, of the same catalogue.
  void Restore(const CubesSnapshot& snapshot);

 private:
  // Fair to the writer: a shared_mutex alone would let a stream of readers keep it out for ever.
  class ReadLock;
  class WriteLock;

  // What is kept beside the cube of one force.
  struct Upkeep {
    int64_t epoch = 0;     // The freeze after which the cube was last copied.
    bool changed = false;  // Since the last FreezeChanged.
  };

  // Makes room for an operation that is new; gives its number.
  size_t Admit(const std::string& operation);
  ForceCube& MutableCube(size_t operation, ForceIndex force);
  FrozenCubes Freeze(bool only_changed) const;
  int64_t AsOfTime(int64_t accept_time_us) const;  // With time_mutex_ held.
  void Publish();                                  // With lock_ and time_mutex_ held.

  const std::shared_ptr<const Catalogue> catalogue_;
  const std::function<int64_t()> now_us_;

  mutable std::mutex turnstile_;  // Held while waiting for lock_, never longer.
  mutable std::shared_mutex lock_;
  // Guarded by lock_.
  std::vector<OperationCubes> cubes_;
  std::vector<std::vector<Upkeep>> upkeep_;           // Beside cubes_.
  absl::flat_hash_map<std::string, size_t> numbers_;  // Changed by the writer's thread alone.
  LogPosition position_ = 0;
  int64_t accept_time_us_ = 0;        // Of the entry at position_.
  mutable int64_t freeze_epoch_ = 0;  // How often cubes were frozen.

  mutable std::mutex time_mutex_;  // Taken after lock_.
  // Guarded by time_mutex_.
  mutable int64_t latest_answered_us_ = 0;  // The latest `as_of_time_us` given out; none is earlier than one before it.
  int64_t group_time_us_ = 0;               // Of the group that is being written; 0 if none is.
  int64_t latest_group_us_ = 0;
  // What of the members above lock_ guards is true after the latest group, for Now.
  LogPosition published_position_ = 0;
  int64_t published_accept_time_us_ = 0;
  LogPosition published_change_ = 0;            // The newest change of any operation.
  std::vector<LogPosition> published_changes_;  // Of each operation, by its number.

  mutable std::mutex directory_mutex_;                   // Taken after lock_.
  std::shared_ptr<const OperationDirectory> directory_;  // Guarded by directory_mutex_.
};

// What a stored revision holds for the totals, its values appended to `values`; nullopt for a retraction.
//
// FAILED_PRECONDITION  it names what the catalogue does not have
absl::StatusOr<std::optional<Contribution>> ContributionOf(const Catalogue& catalogue,
                                                           const store::v1::LoggedResult& logged, ResultValues* values);

// Which part of a replay is of use, and for how long.
struct ReplayInterest {
  // Ascending ids: results of others are passed over, and their cubes stay as they are. Empty: all. Operations change
  // in any case.
  std::vector<std::string> operations;
  // Asked every thousand entries or so: false ends the replay. Empty: never.
  std::function<bool()> is_wanted;
};

// Applies the entries of the log that follow the cubes' position, up to `last`.
//
// DATA_LOSS            the log cannot be read, or ends before `last`
// FAILED_PRECONDITION  it names what the catalogue does not have
// CANCELLED            `interest.is_wanted` said so; the cubes are somewhere between
absl::Status ReplayInto(const Store& store, LogPosition last, Cubes* cubes, const ReplayInterest& interest = {});

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_CUBES_H_
