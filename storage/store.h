// The store: one RocksDB database in one folder. Holds the log, the newest revision of every result, the operations
// that the log changed, and the newest checkpoint of the cubes. The layout is in docs/storage-format.md.
#ifndef MUSTER_STORAGE_STORE_H_
#define MUSTER_STORAGE_STORE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "muster/store/v1/checkpoint.pb.h"
#include "muster/store/v1/log.pb.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace muster {

// Index of an entry in the log, from 1. 0 is before the first.
using LogPosition = int64_t;

// What identifies a result. The strings are valid ids: none holds a zero byte.
struct ResultKey {
  std::string operation;
  std::string force;
  std::string result_id;
  friend bool operator==(const ResultKey&, const ResultKey&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const ResultKey& key) {
    return H::combine(std::move(state), key.operation, key.force, key.result_id);
  }
};

// What is known of the newest revision of a result without reading the log.
struct NewestRevision {
  int64_t revision = 0;
  LogPosition position = 0;
  bool retracted = false;
  std::array<uint8_t, 32> digest{};
  friend bool operator==(const NewestRevision&, const NewestRevision&) = default;
};

// A result of which the group to be written holds a newer revision.
struct NewestRevisionUpdate {
  ResultKey key;
  NewestRevision newest;
};

// Entries that become durable together.
struct LogGroup {
  LogPosition first_position = 0;
  int64_t accept_time_us = 0;
  std::vector<store::v1::LogEntry> entries;
};

// One entry with its place.
struct LoggedEntry {
  LogPosition position = 0;
  int64_t accept_time_us = 0;
  store::v1::LogEntry entry;
};

// One part of a checkpoint: the cube of one force in one operation.
struct CheckpointPart {
  std::string operation;
  std::string force;
  store::v1::CheckpointForceCube cube;
};

struct StoreOptions {
  // A folder; made if absent (its parent must exist). Nothing else may be in it when the store is made.
  std::string directory;

  // Through which all files and the clock are reached; for tests that make a disk fail. Null: the operating system.
  // Not owned; must outlive the store.
  rocksdb::Env* environment = nullptr;
};

// Reads may come from any thread at any time. Append and WriteCheckpoint may run beside each other and beside reads,
// each from one thread at a time.
//
// Invariant: the positions of the log are 1 to last_position(), without a gap; whatever a reader finds in the newest
// revisions and the operations is of an entry that is in the log.
//
// Every function may return DATA_LOSS (what is on disk is not what was written; the message names the file or key and
// how to mend it), UNAVAILABLE (the disk refused) or RESOURCE_EXHAUSTED (the disk is full). The parts of a key
// (operation, force, result_id) must be 1 to 255 bytes long and hold no zero byte: INVALID_ARGUMENT otherwise, unless
// it says here that they need not.
class Store {
 public:
  // Opens or makes the store.
  //
  // FAILED_PRECONDITION  another process has it open; or it was written by a newer program (both say so plainly)
  static absl::StatusOr<std::unique_ptr<Store>> Open(const StoreOptions& options);
  virtual ~Store() = default;

  // Of the newest entry; 0 if the log is empty. Moves when Append returns OK.
  virtual LogPosition last_position() const = 0;

  // Writes a group: its entries, the newest revisions that they make, and the new state of the operations that they
  // change, all or nothing, and returns OK only when it survives a power cut. `group.first_position` must be
  // last_position() + 1. After any failure the store takes no more groups and answers UNAVAILABLE until it is
  // opened again: what the failed write left on disk is not known before then.
  virtual absl::Status Append(const LogGroup& group, absl::Span<const NewestRevisionUpdate> updates) = 0;

  // The newest revision of each key, nullopt where nothing is stored, in the order of `keys`.
  virtual absl::StatusOr<std::vector<std::optional<NewestRevision>>> ReadNewestRevisions(
      absl::Span<const ResultKey> keys) const = 0;

  // Up to `limit` newest revisions of one force in one operation with a result_id above `after`, in byte order.
  virtual absl::StatusOr<std::vector<NewestRevisionUpdate>> ListNewestRevisions(absl::string_view operation,
                                                                                absl::string_view force,
                                                                                absl::string_view after,
                                                                                int limit) const = 0;

  // Entries by position, in the order asked; each chunk of the log is read once where neighbours ask for it.
  // DATA_LOSS if one of them is not there.
  virtual absl::StatusOr<std::vector<LoggedEntry>> ReadEntries(absl::Span<const LogPosition> positions) const = 0;

  // Calls `visit` for the entries from `first` to the one that is last at the time of the call, in order, without a
  // gap (DATA_LOSS otherwise). Stops with the status of `visit` if that is not OK.
  virtual absl::Status Replay(LogPosition first,
                              const std::function<absl::Status(const LoggedEntry&)>& visit) const = 0;

  // Every operation that the log changed, as it stands after the newest change.
  virtual absl::StatusOr<std::vector<muster::v1::Operation>> ReadOperations() const = 0;

  // Adds `changed` parts to the checkpoint and moves its header, all or nothing. Parts that are not in `changed` stay.
  // With `replace`, parts of earlier checkpoints go first. Synced.
  virtual absl::Status WriteCheckpoint(const store::v1::CheckpointHeader& header,
                                       absl::Span<const CheckpointPart> changed, bool replace) = 0;

  // The header of the checkpoint; nullopt if there is none.
  virtual absl::StatusOr<std::optional<store::v1::CheckpointHeader>> ReadCheckpointHeader() const = 0;

  // Calls `visit` for every part of the checkpoint.
  virtual absl::Status ReadCheckpoint(const std::function<absl::Status(CheckpointPart)>& visit) const = 0;

  // Writes what is buffered to table files, so that the next start replays no write-ahead log. For a graceful stop.
  virtual absl::Status Flush() = 0;
};

}  // namespace muster

#endif  // MUSTER_STORAGE_STORE_H_
