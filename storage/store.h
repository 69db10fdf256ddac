// The store: one RocksDB database in one folder. Holds the log, knows where in it the newest revision of every result
// stands, and keeps the operations that the log changed and the newest checkpoint of the cubes. The layout is in
// docs/storage-format.md.
#ifndef MUSTER_STORAGE_STORE_H_
#define MUSTER_STORAGE_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "muster/store/v1/checkpoint.pb.h"
#include "muster/store/v1/log.pb.h"
#include "muster/store/v1/milestone.pb.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace muster {

// Index of an entry in the log, from 1. 0 is before the first.
using LogPosition = int64_t;

// What identifies a result, as a view of somebody's strings. The parts are valid ids: none holds a zero byte.
struct ResultKey {
  absl::string_view operation;
  absl::string_view force;
  absl::string_view result_id;
  friend bool operator==(const ResultKey&, const ResultKey&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const ResultKey& key) {
    return H::combine(std::move(state), key.operation, key.force, key.result_id);
  }
};

// One force in one operation, as a view of somebody's strings.
struct ForceKey {
  absl::string_view operation;
  absl::string_view force;
};

// The key of a result, which must outlive it.
inline ResultKey KeyOf(const muster::v1::OperationResult& result) {
  return {result.operation(), result.force(), result.result_id()};
}

// One entry of a group: its message, encoded, and what the store must know of it. What it points to must stay until the
// group is written.
struct GroupEntry {
  // One behind the other a serialised store.v1.LoggedResult, or, if `key` is empty, a store.v1.LoggedOperation. (The
  // parts of a serialised message may be written apart: behind each other they are one message.)
  absl::string_view head;
  absl::string_view tail;
  // Of a result.
  ResultKey key;
  // Of a result: position of the revision that this one replaces, which must be the newest under the key; 0 if nothing
  // is stored under it. As in the message.
  LogPosition replaced_position = 0;

  bool IsResult() const { return !key.result_id.empty(); }
};

// Entries that become durable together.
struct LogGroup {
  LogPosition first_position = 0;
  int64_t accept_time_us = 0;
  std::vector<GroupEntry> entries;
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

// An operation as it is written at a milestone.
struct MilestoneOperationPart {
  std::string operation;
  store::v1::MilestoneOperation record;
};

struct StoreOptions {
  // A folder; made if absent (its parent must exist). Nothing else may be in it when the store is made.
  std::string directory;

  // Through which all files and the clock are reached; for tests that make a disk fail. Null: the operating system.
  // Not owned; must outlive the store.
  rocksdb::Env* environment = nullptr;

  // Of the disk, what is kept free for what RocksDB writes by itself: with less than that left no group is begun. 0: an
  // eighth of the disk, but at least 16 MiB and at most 256 MiB.
  uint64_t keep_free_bytes = 0;
};

// What a store takes, at one moment.
struct StoreUsage {
  uint64_t table_bytes = 0;     // On disk, in table files.
  uint64_t buffered_bytes = 0;  // In memory, of what is in the write-ahead log alone.
  // Of the disk. Absent where the file system does not say.
  std::optional<uint64_t> free_bytes;
  uint64_t keep_free_bytes = 0;  // With less than that left no group is begun.
};

struct BackupOptions {
  // The folder of the backups, made if absent (its parent must exist). Nothing else may be in it, nor the backups of
  // another store; it must not lie within the store.
  std::string directory;

  // Asked now and then while files are copied: true gives the backup up. Null: never.
  std::function<bool()> should_stop;
};

struct BackupReport {
  int64_t backup_id = 0;
  LogPosition position = 0;  // Every entry up to this one is in the backup; later ones may be.
  int64_t total_bytes = 0;   // Of all files that make up the backup.
  int64_t new_bytes = 0;     // Of those that no earlier backup in the folder had.
  int backup_count = 0;      // In the folder, this one included.
};

// The folder that another is in: "/var/lib" of "/var/lib/muster/", "." of "muster".
std::string ParentFolder(const std::string& directory);

// What a folder holds, found without changing anything in it.
struct StoreInspection {
  bool holds_store = false;      // If not, the folder is absent or empty, and a store would be made there.
  uint64_t free_bytes = 0;       // Of its disk, or that of the folder above it if it is absent.
  uint64_t keep_free_bytes = 0;  // As StoreOptions::keep_free_bytes.
};

// Reads may come from any thread at any time. Append and WriteCheckpoint may run beside each other and beside reads,
// each from one thread at a time; so may Backup.
//
// Invariant: the positions of the log are 1 to last_position(), without a gap; whatever a reader finds of newest
// revisions and operations is of an entry that is in the log.
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
  // What Open would find. Fails where it would fail before it reads the log, and for the same reasons: what is damaged
  // further on only Open finds. A store that is open in another process is in use.
  static absl::StatusOr<StoreInspection> Inspect(const std::string& directory);
  virtual ~Store() = default;

  // Of the newest entry; 0 if the log is empty. Moves when Append returns OK.
  virtual LogPosition last_position() const = 0;

  // RESOURCE_EXHAUSTED while the disk has less space than is kept free; then nothing should be written, and all is well
  // again when there is space. To be asked before a group is decided, which cannot be taken back. From any thread.
  virtual absl::Status CheckSpace() const = 0;

  // From any thread. Reads no file, so that it answers though the disk stands still.
  virtual StoreUsage Usage() const = 0;

  // Writes a group: its entries, and the new state of the operations that they change, all or nothing, and returns OK
  // only when it survives a power cut. `group.first_position` must be last_position() + 1. After any failure of the
  // disk the store takes no more groups and answers UNAVAILABLE until it is opened again: what the failed write left on
  // disk is not known before then.
  //
  // INVALID_ARGUMENT  the group does not fit the log; nothing was written
  virtual absl::Status Append(const LogGroup& group) = 0;

  // The newest revision of each key, nullopt where nothing is stored, in the order of `keys`. For keys under which
  // nothing is stored the disk is not asked.
  virtual absl::StatusOr<std::vector<std::optional<LoggedEntry>>> ReadNewest(
      absl::Span<const ResultKey> keys) const = 0;

  // Newest revisions of the results of one force in one operation: those above position `after`, by position, at most
  // `limit`.
  virtual absl::StatusOr<std::vector<LoggedEntry>> ListNewest(absl::string_view operation, absl::string_view force,
                                                              LogPosition after, int limit) const = 0;

  // Positions of the revisions that stood when the log ended at `at`, one for each result of these forces that there
  // was, retractions too: those above `after`, ascending, at most `limit`. Reads no file. Forces of which nothing is
  // stored, or that nobody can have, have none.
  virtual std::vector<LogPosition> ListStanding(absl::Span<const ForceKey> forces, LogPosition at, LogPosition after,
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
  // With `replace`, parts of earlier checkpoints go first. Synced. RESOURCE_EXHAUSTED, and nothing was tried, while
  // CheckSpace says so.
  virtual absl::Status WriteCheckpoint(const store::v1::CheckpointHeader& header,
                                       absl::Span<const CheckpointPart> changed, bool replace) = 0;

  // The header of the checkpoint; nullopt if there is none.
  virtual absl::StatusOr<std::optional<store::v1::CheckpointHeader>> ReadCheckpointHeader() const = 0;

  // Calls `visit` for every part of the checkpoint.
  virtual absl::Status ReadCheckpoint(const std::function<absl::Status(CheckpointPart)>& visit) const = 0;

  // Keeps what was written at a milestone: it, and the operations and cubes that changed since the one before, all or
  // nothing. Its position must be in the log. Not synced and not in the write-ahead log: after a kill it may be gone,
  // and is no worse for it. From one thread at a time, beside all others. RESOURCE_EXHAUSTED, and nothing was tried,
  // while CheckSpace says so.
  virtual absl::Status WriteMilestone(const store::v1::Milestone& milestone,
                                      absl::Span<const MilestoneOperationPart> operations,
                                      absl::Span<const CheckpointPart> cubes) = 0;

  // The newest milestone at or before a position; nullopt if there is none.
  virtual absl::StatusOr<std::optional<store::v1::Milestone>> FindMilestone(LogPosition at_or_before) const = 0;

  // What was written of an operation, and of a force in it, at the milestone at a position. DATA_LOSS if nothing was.
  virtual absl::StatusOr<store::v1::MilestoneOperation> ReadMilestoneOperation(LogPosition position,
                                                                               absl::string_view operation) const = 0;
  virtual absl::StatusOr<store::v1::CheckpointForceCube> ReadMilestoneCube(LogPosition position,
                                                                           absl::string_view operation,
                                                                           absl::string_view force) const = 0;

  // About what all milestones take on disk.
  virtual uint64_t MilestoneBytes() const = 0;

  // Forgets all milestones, readable or not. Not beside WriteMilestone.
  virtual absl::Status DropMilestones() = 0;

  // Writes what is buffered to table files, so that the next start replays no write-ahead log. For a graceful stop.
  virtual absl::Status Flush() = 0;

  // Adds a backup to a folder, as the log is while it runs: whatever was appended before it began is in it. Only files
  // that no backup in the folder has yet are copied. The backup is then read again and its checksums are compared, and
  // older ones beyond the newest kKeptBackups go (storage/backup.h). A failure of the folder harms the store in no way.
  //
  // FAILED_PRECONDITION  the folder may not be used; or another backup is being written to it
  // DATA_LOSS            a file of the store is damaged; or the backup, or an earlier one that it shares files with, is
  // CANCELLED            `should_stop` said so
  virtual absl::StatusOr<BackupReport> Backup(const BackupOptions& options) const = 0;
};

}  // namespace muster

#endif  // MUSTER_STORAGE_STORE_H_
