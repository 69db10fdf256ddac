#include "storage/backup.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/options.h"
#include "rocksdb/utilities/backup_engine.h"
#include "storage/database.h"
#include "storage/status.h"

namespace muster {
namespace {

constexpr absl::string_view kMendBackup =
    "Restore another backup with its number, and make new ones in a new folder: those in this one share files.";

// Where a store is put together before it stands in its place.
constexpr absl::string_view kStagingFolder = "restoring";

std::string Quoted(absl::string_view path) { return absl::StrCat("'", path, "'"); }

// What a backup says of itself, in the metadata that the engine keeps with it: "muster-backup 1 IDENTITY POSITION".
constexpr absl::string_view kLabelName = "muster-backup";
constexpr absl::string_view kLabelVersion = "1";

struct Label {
  std::string identity;  // Of the store, in hexadecimal.
  LogPosition position = 0;
};

std::string HexIdentity(const std::array<uint8_t, 16>& identity) {
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(identity.data()), identity.size()));
}

std::string EncodeLabel(const Label& label) {
  return absl::StrCat(kLabelName, " ", kLabelVersion, " ", label.identity, " ", label.position);
}

// False if it is none of ours, or of a newer program.
bool DecodeLabel(const std::string& text, Label* label) {
  const std::vector<std::string> words = absl::StrSplit(text, ' ');
  if (words.size() != 4 || words[0] != kLabelName || words[1] != kLabelVersion) return false;
  label->identity = words[2];
  return absl::SimpleAtoi(words[3], &label->position);
}

// The lock of a folder of backups. RocksDB has none: two engines that write to one folder spoil it.
class FolderLock {
 public:
  FolderLock(rocksdb::Env* env, const std::string& directory)
      : env_(env), status_(env->LockFile(absl::StrCat(directory, "/LOCK"), &lock_)) {}
  ~FolderLock() {
    if (lock_ != nullptr) env_->UnlockFile(lock_).PermitUncheckedError();  // Closing the file is what counts.
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  const rocksdb::Status& status() const { return status_; }

 private:
  rocksdb::Env* const env_;
  rocksdb::FileLock* lock_ = nullptr;
  const rocksdb::Status status_;
};

absl::Status FolderInUse(const std::string& directory) {
  return absl::FailedPreconditionError(
      absl::StrCat("a backup is being written to ", Quoted(directory), "; try again when it is done"));
}

bool IsOfBackups(absl::string_view name) {
  return name == "meta" || name == "private" || name == "shared" || name == "shared_checksum" || name == "LOCK" ||
         name == "LOG" || name == "lost+found";
}

// The names in a folder, but for those that every folder or file system has. Of an absent folder: none.
absl::StatusOr<std::vector<std::string>> NamesIn(rocksdb::Env* env, const std::string& directory) {
  std::vector<std::string> names;
  const rocksdb::Status listed = env->GetChildren(directory, &names);
  if (!listed.ok() && !env->FileExists(directory).IsNotFound()) {
    return absl::FailedPreconditionError(absl::StrCat("cannot list ", Quoted(directory), ": ", listed.ToString()));
  }
  names.erase(
      std::remove_if(names.begin(), names.end(),
                     [](const std::string& name) { return name == "." || name == ".." || name == "lost+found"; }),
      names.end());
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status SyncFolder(rocksdb::Env* env, const std::string& directory) {
  std::unique_ptr<rocksdb::Directory> folder;
  rocksdb::Status synced = env->NewDirectory(directory, &folder);
  if (synced.ok()) synced = folder->Fsync();
  return FromRocksDb(synced, absl::StrCat("sync the folder ", Quoted(directory)));
}

// An absolute path without links and dots, of what need not exist.
std::filesystem::path Canonical(const std::string& path) {
  std::error_code ignored;
  std::filesystem::path canonical = std::filesystem::weakly_canonical(std::filesystem::absolute(path), ignored);
  if (!canonical.has_filename()) canonical = canonical.parent_path();  // Without a last '/'.
  return canonical;
}

// Whether `path` is `folder` or below it.
bool IsWithin(const std::string& path, const std::string& folder) {
  const std::filesystem::path inner = Canonical(path);
  const std::filesystem::path outer = Canonical(folder);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// Makes the folder if it is absent, so that its name survives a power cut.
absl::Status MakeFolder(rocksdb::Env* env, const std::string& directory) {
  if (env->FileExists(directory).ok()) return absl::OkStatus();
  const rocksdb::Status made = env->CreateDir(directory);
  if (!made.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make the folder ", Quoted(directory), ": ", made.ToString()));
  }
  return SyncFolder(env, Canonical(directory).parent_path().string());
}

absl::Status PrepareBackupFolder(rocksdb::Env* env, const std::string& directory, const std::string& store_directory) {
  if (directory.empty()) return absl::FailedPreconditionError("no folder was given for the backup");
  if (IsWithin(directory, store_directory)) {
    return absl::FailedPreconditionError(absl::StrCat(Quoted(directory), " lies within the store, ",
                                                      Quoted(store_directory),
                                                      ", and would be lost with it; give another folder"));
  }
  const absl::StatusOr<std::vector<std::string>> names = NamesIn(env, directory);
  if (!names.ok()) return names.status();
  const auto other = std::find_if_not(names->begin(), names->end(), IsOfBackups);
  if (other != names->end()) {
    return absl::FailedPreconditionError(absl::StrCat("the folder ", Quoted(directory),
                                                      " holds something else than backups (", *other,
                                                      "); give a new or empty folder, or one of backups"));
  }
  return MakeFolder(env, directory);
}

rocksdb::BackupEngineOptions EngineOptions(rocksdb::Env* env, const std::string& directory) {
  // Everything is synced. Table files are shared, under names that tell files of different lives of a store apart.
  return rocksdb::BackupEngineOptions(directory, env);
}

// The numbers of all backups but `id`, for a message.
std::string Others(const std::vector<rocksdb::BackupInfo>& backups, int64_t id) {
  std::vector<int64_t> ids;
  for (const rocksdb::BackupInfo& backup : backups) {
    if (backup.backup_id != id) ids.push_back(backup.backup_id);
  }
  return ids.empty() ? "There is no other backup here" : absl::StrCat("Others here: ", absl::StrJoin(ids, ", "));
}

}  // namespace

absl::StatusOr<BackupReport> WriteBackup(const Database& database, LogPosition position, const BackupOptions& options) {
  rocksdb::Env* const env = database.db().GetEnv();
  const std::string& directory = options.directory;
  if (absl::Status ready = PrepareBackupFolder(env, directory, database.directory()); !ready.ok()) return ready;
  const FolderLock lock(env, directory);
  if (IsLockHeld(lock.status())) return FolderInUse(directory);
  const std::string doing = absl::StrCat("write a backup to ", Quoted(directory));
  if (!lock.status().ok()) return FromRocksDb(lock.status(), doing, kMendBackup);

  rocksdb::BackupEngine* opened = nullptr;
  const rocksdb::Status status = rocksdb::BackupEngine::Open(EngineOptions(env, directory), env, &opened);
  if (!status.ok()) return FromRocksDb(status, doing, kMendBackup);
  const std::unique_ptr<rocksdb::BackupEngine> engine(opened);

  const Label label{HexIdentity(database.identity()), position};
  std::vector<rocksdb::BackupInfo> earlier;
  engine->GetBackupInfo(&earlier, /*include_file_details=*/true);
  std::set<std::string> earlier_files;
  for (const rocksdb::BackupInfo& backup : earlier) {
    Label of_backup;
    if (!DecodeLabel(backup.app_metadata, &of_backup) || of_backup.identity != label.identity) {
      return absl::FailedPreconditionError(absl::StrCat("the folder ", Quoted(directory), " holds backups of another ",
                                                        "store; give every store a folder of its own"));
    }
    for (const rocksdb::BackupFileInfo& file : backup.file_details) earlier_files.insert(file.relative_filename);
  }

  // Table files are flushed first: they are shared with later backups, the write-ahead log is not. What is appended
  // meanwhile is in the copied end of that log, as a kill would leave it. The engine's own flush would meet a column
  // family that is being replaced.
  if (absl::Status flushed = database.Flush(); !flushed.ok()) return flushed;
  rocksdb::CreateBackupOptions create;
  create.progress_callback = [&] {
    if (options.should_stop != nullptr && options.should_stop()) engine->StopBackup();
  };
  rocksdb::BackupID id = 0;
  const rocksdb::Status created = engine->CreateNewBackupWithMetadata(create, &database.db(), EncodeLabel(label), &id);
  if (created.IsIncomplete()) {
    return absl::CancelledError(absl::StrCat("the backup to ", Quoted(directory), " was stopped"));
  }
  if (!created.ok()) return FromRocksDb(created, doing);  // Corruption is of a file of the store.

  if (const rocksdb::Status verified = engine->VerifyBackup(id, /*verify_with_checksum=*/true); !verified.ok()) {
    // Nobody should take it for a backup. The file that is damaged may belong to earlier ones too, and stays.
    engine->DeleteBackup(id).PermitUncheckedError();
    return FromRocksDb(verified, absl::StrCat("read back the backup in ", Quoted(directory), ", which was dropped"),
                       "Make backups in a new folder: those in this one share files, and may be damaged too.");
  }
  // Only now: a folder never loses a good backup for one that is not.
  if (const rocksdb::Status purged = engine->PurgeOldBackups(kKeptBackups); !purged.ok()) {
    return FromRocksDb(purged, absl::StrCat("remove old backups from ", Quoted(directory)), kMendBackup);
  }

  BackupReport report;
  report.backup_id = id;
  report.position = position;
  rocksdb::BackupInfo made;
  if (const rocksdb::Status found = engine->GetBackupInfo(id, &made, /*include_file_details=*/true); !found.ok()) {
    return FromRocksDb(found, doing, kMendBackup);
  }
  for (const rocksdb::BackupFileInfo& file : made.file_details) {
    report.total_bytes += static_cast<int64_t>(file.size);
    if (earlier_files.count(file.relative_filename) == 0) report.new_bytes += static_cast<int64_t>(file.size);
  }
  std::vector<rocksdb::BackupInfo> kept;
  engine->GetBackupInfo(&kept);
  report.backup_count = static_cast<int>(kept.size());
  return report;
}

namespace {

// A backup in a folder, with the engine that reads it.
struct ChosenBackup {
  std::unique_ptr<rocksdb::BackupEngineReadOnly> engine;
  rocksdb::BackupInfo info;
  Label label;
};

absl::StatusOr<ChosenBackup> ChooseBackup(rocksdb::Env* env, const RestoreOptions& options) {
  const std::string& directory = options.backup_directory;
  const std::string doing = absl::StrCat("read the backups in ", Quoted(directory));
  if (!env->FileExists(absl::StrCat(directory, "/meta")).ok()) {
    return absl::FailedPreconditionError(absl::StrCat("there are no backups in ", Quoted(directory)));
  }
  rocksdb::BackupEngineReadOnly* opened = nullptr;
  const rocksdb::Status status = rocksdb::BackupEngineReadOnly::Open(EngineOptions(env, directory), env, &opened);
  if (!status.ok()) return FromRocksDb(status, doing, kMendBackup);
  ChosenBackup chosen;
  chosen.engine.reset(opened);

  std::vector<rocksdb::BackupInfo> backups;
  std::vector<rocksdb::BackupID> damaged;
  chosen.engine->GetBackupInfo(&backups);
  chosen.engine->GetCorruptedBackups(&damaged);
  int64_t wanted = options.backup_id;
  if (wanted == 0) {
    for (const rocksdb::BackupInfo& backup : backups) wanted = std::max<int64_t>(wanted, backup.backup_id);
    for (const rocksdb::BackupID id : damaged) wanted = std::max<int64_t>(wanted, id);
  }
  if (std::any_of(damaged.begin(), damaged.end(), [&](rocksdb::BackupID id) { return id == wanted; })) {
    return absl::DataLossError(absl::StrCat("backup ", wanted, " in ", Quoted(directory),
                                            " is damaged: a file is missing or has another size. ",
                                            Others(backups, wanted), ". ", kMendBackup));
  }
  const auto found = std::find_if(backups.begin(), backups.end(),
                                  [&](const rocksdb::BackupInfo& backup) { return backup.backup_id == wanted; });
  if (found == backups.end()) {
    return absl::FailedPreconditionError(backups.empty() ? absl::StrCat("there are no backups in ", Quoted(directory))
                                                         : absl::StrCat("there is no backup ", wanted, " in ",
                                                                        Quoted(directory), ". ", Others(backups, 0)));
  }
  chosen.info = *found;
  if (!DecodeLabel(chosen.info.app_metadata, &chosen.label)) {
    return absl::FailedPreconditionError(
        absl::StrCat("backup ", wanted, " in ", Quoted(directory), " is not of a Muster store, or of a newer program"));
  }
  if (const rocksdb::Status verified =
          chosen.engine->VerifyBackup(chosen.info.backup_id, /*verify_with_checksum=*/true);
      !verified.ok()) {
    return FromRocksDb(verified, absl::StrCat("use backup ", wanted, " in ", Quoted(directory)),
                       absl::StrCat(Others(backups, wanted), ". ", kMendBackup));
  }
  return chosen;
}

// Takes away what a restore that failed has written. Whatever stays behind is no store.
void RemoveStaging(rocksdb::Env* env, const std::string& staging) {
  std::vector<std::string> names;
  env->GetChildren(staging, &names).PermitUncheckedError();
  for (const std::string& name : names) {
    if (name != "." && name != "..") env->DeleteFile(absl::StrCat(staging, "/", name)).PermitUncheckedError();
  }
  env->DeleteDir(staging).PermitUncheckedError();
}

// Copies the backup and opens the store that it makes. Returns where its log ends.
absl::StatusOr<LogPosition> FillStaging(rocksdb::Env* env, const ChosenBackup& backup, const std::string& staging) {
  const std::string doing = absl::StrCat("restore to ", Quoted(staging));
  const rocksdb::Status restored =
      backup.engine->RestoreDBFromBackup(rocksdb::RestoreOptions(), backup.info.backup_id, staging, staging);
  if (!restored.ok()) return FromRocksDb(restored, doing, kMendBackup);

  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open({.directory = staging, .environment = env});
  if (!store.ok()) return store.status();
  const LogPosition position = (*store)->last_position();
  if (position < backup.label.position) {
    return DataLossAt(absl::StrCat("backup ", backup.info.backup_id),
                      absl::StrCat("its log ends at position ", position, ", before ", backup.label.position),
                      kMendBackup);
  }
  if (absl::Status flushed = (*store)->Flush(); !flushed.ok()) return flushed;
  return position;
}

// Moves the files of the store to their place, CURRENT last: without it no folder is a database, and with table files
// but without it the store is refused.
absl::Status MoveIntoPlace(rocksdb::Env* env, const std::string& staging, const std::string& directory) {
  absl::StatusOr<std::vector<std::string>> names = NamesIn(env, staging);
  if (!names.ok()) return names.status();
  std::stable_partition(names->begin(), names->end(), [](const std::string& name) { return name != "CURRENT"; });
  if (names->empty() || names->back() != "CURRENT") return absl::InternalError("the restored store has no CURRENT");
  for (const std::string& name : *names) {
    if (name == "CURRENT") {
      if (absl::Status synced = SyncFolder(env, directory); !synced.ok()) return synced;
    }
    const rocksdb::Status moved = env->RenameFile(absl::StrCat(staging, "/", name), absl::StrCat(directory, "/", name));
    if (!moved.ok()) return FromRocksDb(moved, absl::StrCat("move ", name, " to ", Quoted(directory)));
  }
  if (const rocksdb::Status removed = env->DeleteDir(staging); !removed.ok()) {
    return FromRocksDb(removed, absl::StrCat("remove ", Quoted(staging)));
  }
  return SyncFolder(env, directory);
}

}  // namespace

absl::StatusOr<RestoreReport> RestoreBackup(const RestoreOptions& options) {
  rocksdb::Env* const env = options.environment != nullptr ? options.environment : rocksdb::Env::Default();
  const std::string& directory = options.store_directory;
  if (directory.empty()) return absl::FailedPreconditionError("no folder was given for the store");
  const absl::StatusOr<std::vector<std::string>> names = NamesIn(env, directory);
  if (!names.ok()) return names.status();
  if (!names->empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the folder ", Quoted(directory), " is not empty (", names->front(),
                     "); a backup is restored to a new or empty one only. Move what is there away first"));
  }
  // A medium that is read-only cannot be locked, and need not be.
  const FolderLock lock(env, options.backup_directory);
  if (IsLockHeld(lock.status())) return FolderInUse(options.backup_directory);
  absl::StatusOr<ChosenBackup> backup = ChooseBackup(env, options);
  if (!backup.ok()) return backup.status();

  // There is no POSITION file in a backup, and that is right: it says how far the log of the store was once synced,
  // which is further than the backup goes, and a store that ends before its mark is refused as one that lost its end.
  // The restored log begins a life of its own; opening it here makes a mark without a position.
  if (absl::Status made = MakeFolder(env, directory); !made.ok()) return made;
  const std::string staging = absl::StrCat(directory, "/", kStagingFolder);
  if (absl::Status made = MakeFolder(env, staging); !made.ok()) return made;
  const absl::StatusOr<LogPosition> position = FillStaging(env, *backup, staging);
  if (!position.ok()) {
    RemoveStaging(env, staging);
    return position.status();
  }
  if (absl::Status moved = MoveIntoPlace(env, staging, directory); !moved.ok()) return moved;

  RestoreReport report;
  report.backup_id = backup->info.backup_id;
  report.backup_time_s = backup->info.timestamp;
  report.position = *position;
  return report;
}

}  // namespace muster
