// Backups of a store: online, incremental, verified; and the way back.
#ifndef MUSTER_STORAGE_BACKUP_H_
#define MUSTER_STORAGE_BACKUP_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/store.h"

namespace muster {

class Database;

// How many backups a folder keeps: when a new one was verified, older ones beyond these go.
inline constexpr int kKeptBackups = 7;

// For Store::Backup. Writes a backup of `database`, which goes on meanwhile. `position` is that of the newest entry
// that must be in it.
absl::StatusOr<BackupReport> WriteBackup(const Database& database, LogPosition position, const BackupOptions& options);

struct RestoreOptions {
  // A folder that Store::Backup wrote to. It may be read-only.
  std::string backup_directory;
  // Where the store will be: absent (its parent must exist) or empty.
  std::string store_directory;
  // Which backup: 0 is the newest.
  int64_t backup_id = 0;
  // As in StoreOptions.
  rocksdb::Env* environment = nullptr;
};

struct RestoreReport {
  int64_t backup_id = 0;
  int64_t backup_time_s = 0;  // When the backup was made, in seconds since the Unix epoch, by the clock of then.
  LogPosition position = 0;   // Of the newest entry of the restored log.
};

// Makes a store from a backup. The backup is read from end to end and its checksums are compared before anything is
// written; the restored store is opened once, and its log must reach as far as the backup was made to reach, before
// it stands in its place. A restore that is broken off leaves a folder that is refused as a store.
//
// Never falls back to an older backup by itself: that would lose results without a word.
//
// FAILED_PRECONDITION  `store_directory` is not empty; there is no such backup; a backup is being written there; the
//                      store is of a newer format
// DATA_LOSS            the backup is damaged; the message names the file and other backups
// UNAVAILABLE, RESOURCE_EXHAUSTED  the disk refused, or is full; what was written has been removed, if that was
// possible
absl::StatusOr<RestoreReport> RestoreBackup(const RestoreOptions& options);

}  // namespace muster

#endif  // MUSTER_STORAGE_BACKUP_H_
