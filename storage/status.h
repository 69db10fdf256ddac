// From RocksDB's statuses to ours: the only translation.
#ifndef MUSTER_STORAGE_STATUS_H_
#define MUSTER_STORAGE_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rocksdb {
class Status;
}  // namespace rocksdb

namespace muster {

// How to mend what is damaged; the last sentence of every DATA_LOSS.
inline constexpr absl::string_view kMendStore =
    "Restore the store from a backup: what the log has lost cannot be made from anything else.";
inline constexpr absl::string_view kMendIndex =
    "Only the index is damaged, and it is derived: drop the column family 'index' while the store is closed, as "
    "docs/storage-format.md says, and the next start makes it anew.";
inline constexpr absl::string_view kMendCheckpoint =
    "Only the checkpoint is damaged, and it is derived: make it anew from the log.";
inline constexpr absl::string_view kMendMilestones =
    "Only a milestone is damaged, and it is derived: totals as they stood are answered by a longer replay until a "
    "start "
    "with --rebuild-totals makes all milestones anew.";

// The status of what RocksDB did or failed to do. `doing` completes "cannot ...": "read the log of '/data'".
//
//   OK                            OK
//   Corruption, a file missing    DATA_LOSS            names the file, where RocksDB does, and ends in `mend`
//   no space left                 RESOURCE_EXHAUSTED
//   other input and output errors UNAVAILABLE
//   lock held, Busy               FAILED_PRECONDITION
//   anything else                 INTERNAL             nothing that this program asks for is answered so
//
// Callers look at NotFound first: here it is one of "anything else".
absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view doing, absl::string_view mend = kMendStore);

// Whether `status` says that a process, this one included, holds the lock of a folder.
bool IsLockHeld(const rocksdb::Status& status);

// DATA_LOSS: `where` ("the log of '/data' at position 17") is damaged, `problem` says how.
absl::Status DataLossAt(absl::string_view where, absl::string_view problem, absl::string_view mend = kMendStore);

}  // namespace muster

#endif  // MUSTER_STORAGE_STATUS_H_
