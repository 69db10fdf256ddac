#include "storage/database.h"

#include <algorithm>
#include <cstdarg>
#include <filesystem>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/check.h"
#include "rocksdb/cache.h"
#include "rocksdb/convenience.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/file_checksum.h"
#include "rocksdb/listener.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"
#include "storage/failpoint.h"
#include "storage/keys.h"
#include "storage/records.h"
#include "storage/status.h"

namespace muster {
namespace {

constexpr size_t kMebibyte = size_t{1} << 20;

// Memory. Blocks of table files with their indexes and filters share one cache. A column family has at most
// kMaxMemtables memtables; a write waits when all are full and the disk is behind.
constexpr size_t kBlockCacheBytes = 128 * kMebibyte;
constexpr size_t kLogMemtableBytes = 64 * kMebibyte;
constexpr size_t kSmallMemtableBytes = 8 * kMebibyte;  // The others.
constexpr int kMaxMemtables = 3;

// Bounds what a start after a kill reads again. When the write-ahead log is longer, the column families that keep its
// oldest file alive are flushed.
constexpr uint64_t kMaxWriteAheadLogBytes = 256 * kMebibyte;

constexpr int kMaxOpenFiles = 512;
constexpr int kMilestoneFilesTogether = 32;
constexpr int kManyFiles = 1'000;
constexpr uint64_t kMaxManifestBytes = 16 * kMebibyte;
// Table files are handed to the disk piece by piece, so that no sync of the write-ahead log waits for a whole one.
constexpr uint64_t kBytesPerSync = kMebibyte;
constexpr size_t kCompactionReadaheadBytes = 2 * kMebibyte;

constexpr size_t kLogBlockBytes = 16 * 1024;  // About a chunk.
constexpr size_t kBlockBytes = 4 * 1024;
constexpr size_t kIndexBlockBytes = 256 * 1024;  // Read in order, once, at a start.

// Counts the chunks of the log that opening the database moved from the write-ahead log to table files. Called by the
// thread that opens.
class RecoveryListener : public rocksdb::EventListener {
 public:
  void OnTableFileCreated(const rocksdb::TableFileCreationInfo& info) override {
    if (info.reason == rocksdb::TableFileCreationReason::kRecovery && info.status.ok() &&
        absl::string_view(info.cf_name) == FamilyName(Family::kLog)) {
      chunk_count_ += info.table_properties.num_entries;
    }
  }
  uint64_t chunk_count() const { return chunk_count_; }

 private:
  uint64_t chunk_count_ = 0;
};

// RocksDB's log of what it does is not written: on a disk that is full a line that cannot be ends the process, where
// the library is built with its assertions, as Debian's is. What matters is in the statuses.
class NoInfoLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

rocksdb::Env* EnvironmentOf(const StoreOptions& options) {
  return options.environment != nullptr ? options.environment : rocksdb::Env::Default();
}

rocksdb::DBOptions MakeDatabaseOptions(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  options.env = env;

  // What a broken-off write leaves at the end of the write-ahead log.
  //
  // - The file ends inside the last record (the process was killed, or power was cut, before the sync): the record is
  //   dropped. It is one whole group that was never acknowledged; every acknowledged group lies before it, synced.
  // - The file is long enough but the bytes of a record are wrong: a disk that writes out of order can do that to the
  //   last record, rot can do it to any, and nothing tells the two apart. The database does not open (DATA_LOSS)
  //   rather than drop what may have been acknowledged. kPointInTimeRecovery would drop it in silence.
  // - A file ends early, and is not the last one; or zeroes where a record should begin make the reader skip to the
  //   next block: RocksDB notices neither. Whole groups are missing then, so positions are, and the store looks for
  //   that hole when it is opened (CheckRecoveredLog in rocksdb_store.cc).
  // - The last synced records are cut off cleanly: nothing in the write-ahead log can show it. The store refuses to
  //   open if the mark beside the database (position_mark.h) or a checkpoint has seen a later position.
  //
  // Files of the write-ahead log are never used again for another (recycle_log_file_num), which this mode demands.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.recycle_log_file_num = 0;
  options.max_total_wal_size = kMaxWriteAheadLogBytes;
  options.paranoid_checks = true;
  // Of whole table files, kept in the manifest: so that a backup notices that it copies a damaged one.
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();

  options.max_background_jobs = 2;
  options.max_open_files = kMaxOpenFiles;
  options.max_manifest_file_size = kMaxManifestBytes;
  options.bytes_per_sync = kBytesPerSync;
  options.compaction_readahead_size = kCompactionReadaheadBytes;
  // Opening reads no table properties: a start does not grow with the number of files.
  options.skip_stats_update_on_db_open = true;
  options.avoid_unnecessary_blocking_io = true;

  options.info_log = std::make_shared<NoInfoLog>();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::CompressionType BestFastCompression() {
  const std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  for (const rocksdb::CompressionType type : {rocksdb::kLZ4Compression, rocksdb::kSnappyCompression}) {
    if (std::find(supported.begin(), supported.end(), type) != supported.end()) return type;
  }
  return rocksdb::kNoCompression;
}

rocksdb::CompressionType BestCompression() {
  const std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  const bool has_zstd = std::find(supported.begin(), supported.end(), rocksdb::kZSTD) != supported.end();
  return has_zstd ? rocksdb::kZSTD : BestFastCompression();
}

rocksdb::ColumnFamilyOptions MakeFamilyOptions(Family family, const std::shared_ptr<rocksdb::Cache>& block_cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = block_cache;
  table.block_size = kBlockBytes;
  // Indexes and filters count towards the bound of the cache.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;

  rocksdb::ColumnFamilyOptions options;
  options.compression = BestFastCompression();
  options.max_write_buffer_number = kMaxMemtables;
  options.write_buffer_size = kSmallMemtableBytes;
  switch (family) {
    case Family::kDefault:
    case Family::kOperation:
    case Family::kCheckpoint:
      break;
    case Family::kMilestone:
      // Written once, and seldom read. Sums are mostly zeroes.
      options.compression = BestCompression();
      table.block_size = kLogBlockBytes;
      // Gaps are filled after what comes later is there, so files overlap, and compaction compresses all of it again:
      // it is done for many files at a time, and no writer of the log ever waits for it.
      options.level0_file_num_compaction_trigger = kMilestoneFilesTogether;
      options.level0_slowdown_writes_trigger = kManyFiles;
      options.level0_stop_writes_trigger = kManyFiles;
      break;
    case Family::kLog:
      // Keys only ever grow, so files never overlap and compaction moves them down without rewriting them.
      options.write_buffer_size = kLogMemtableBytes;
      table.block_size = kLogBlockBytes;
      break;
    case Family::kIndex:
      // Fingerprints look like noise.
      options.compression = rocksdb::kNoCompression;
      table.block_size = kIndexBlockBytes;
      break;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

std::string ToString(absl::string_view text) { return std::string(text); }

// Whether the folder is there. Fails if something else is.
absl::StatusOr<bool> IsThere(rocksdb::Env* env, const std::string& directory) {
  if (directory.empty()) return absl::FailedPreconditionError("no folder was given for the store");
  if (!env->FileExists(directory).ok()) return false;
  bool is_directory = false;
  if (const rocksdb::Status asked = env->IsDirectory(directory, &is_directory); !asked.ok()) {
    return absl::FailedPreconditionError(absl::StrCat("cannot look at '", directory, "': ", asked.ToString()));
  }
  if (is_directory) return true;
  return absl::FailedPreconditionError(
      absl::StrCat("'", directory, "' is a file; the store needs a folder of its own"));
}

// Makes the folder if it is absent, so that its name survives a power cut.
absl::Status MakeFolder(rocksdb::Env* env, const std::string& directory) {
  const absl::StatusOr<bool> is_there = IsThere(env, directory);
  if (!is_there.ok()) return is_there.status();
  if (*is_there) return absl::OkStatus();
  if (const rocksdb::Status made = env->CreateDir(directory); !made.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make the folder '", directory, "' for the store: ", made.ToString()));
  }

  const std::string parent = ParentFolder(directory);
  std::unique_ptr<rocksdb::Directory> opened;
  rocksdb::Status synced = env->NewDirectory(parent, &opened);
  if (synced.ok()) synced = opened->Fsync();
  return FromRocksDb(synced, absl::StrCat("sync the folder '", parent, "'"));
}

// The lock of a folder, the same that RocksDB takes. Given back when it goes.
class FolderLock {
 public:
  static absl::StatusOr<std::unique_ptr<FolderLock>> Take(rocksdb::Env* env, const std::string& directory) {
    rocksdb::FileLock* lock = nullptr;
    const rocksdb::Status locked = env->LockFile(absl::StrCat(directory, "/LOCK"), &lock);
    if (locked.ok()) return std::unique_ptr<FolderLock>(new FolderLock(env, lock));
    if (IsLockHeld(locked)) return InUse(directory);
    return absl::FailedPreconditionError(
        absl::StrCat("cannot write in the folder '", directory, "' of the store: ", locked.ToString()));
  }
  ~FolderLock() {
    // Closing the file is what counts, and it cannot be tried again.
    env_->UnlockFile(lock_).PermitUncheckedError();
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  static absl::Status InUse(const std::string& directory) {
    return absl::FailedPreconditionError(absl::StrCat("the store in '", directory,
                                                      "' is in use by another process; stop that one first, or give "
                                                      "another folder"));
  }

 private:
  FolderLock(rocksdb::Env* env, rocksdb::FileLock* lock) : env_(env), lock_(lock) {}
  rocksdb::Env* const env_;
  rocksdb::FileLock* const lock_;
};

// Files that RocksDB makes before it makes CURRENT, which makes a folder a database; and what an empty file system has.
bool MayPrecedeCurrent(absl::string_view file) {
  return file == "." || file == ".." || file == "lost+found" || file == "LOCK" || file == "IDENTITY" || file == "LOG" ||
         absl::StartsWith(file, "LOG.old.") || absl::StartsWith(file, "MANIFEST-") ||
         absl::StartsWith(file, "OPTIONS-") || absl::EndsWith(file, ".dbtmp");
}

bool IsTableFile(absl::string_view file) { return absl::EndsWith(file, ".sst"); }

absl::Status Foreign(const std::string& directory, absl::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat("'", directory, "' holds a RocksDB database that is not a Muster store: ", why,
                   ". Nothing in it was changed. Give a new or empty folder, or one that holds a store"));
}

absl::Status CheckVersion(const std::string& directory, const FormatRecord& record) {
  if (record.version == kFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the store in '", directory, "' has format version ", record.version, ", and this program knows versions up to ",
      kFormatVersion, ". Nothing in it was changed. Use the program that wrote it or a newer one, or restore a backup ",
      "from before it was upgraded"));
}

// Reads the format record; nullopt if there is none.
absl::StatusOr<std::optional<FormatRecord>> ReadFormatRecord(rocksdb::DB& db, const std::string& directory) {
  const std::string where = absl::StrCat("the format record of the store in '", directory, "'");
  std::string bytes;
  const rocksdb::Status read = db.Get(rocksdb::ReadOptions(), ToString(kFormatKey), &bytes);
  if (read.IsNotFound()) return std::nullopt;
  if (!read.ok()) return FromRocksDb(read, absl::StrCat("read ", where));
  const absl::StatusOr<FormatRecord> record = DecodeFormatRecord(bytes);
  if (!record.ok()) return DataLossAt(where, record.status().message());
  return *record;
}

// What is in a folder, found without changing it.
enum class Contents {
  kNothing,     // No database.
  kUnfinished,  // A process was stopped while it made a store: there is nothing in it.
  kStore,       // A whole store of our format.
};

absl::StatusOr<Contents> InspectFolder(rocksdb::Env* env, const std::string& directory) {
  std::vector<std::string> files;
  if (const rocksdb::Status listed = env->GetChildren(directory, &files); !listed.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot list the folder '", directory, "' of the store: ", listed.ToString()));
  }
  std::sort(files.begin(), files.end());
  if (!std::binary_search(files.begin(), files.end(), "CURRENT")) {
    if (const auto table = std::find_if(files.begin(), files.end(), IsTableFile); table != files.end()) {
      return DataLossAt(absl::StrCat("the store in '", directory, "'"),
                        absl::StrCat("there is data (", *table, ") but the file CURRENT is missing"));
    }
    const auto other = std::find_if_not(files.begin(), files.end(), MayPrecedeCurrent);
    if (other == files.end()) return Contents::kNothing;
    return absl::FailedPreconditionError(absl::StrCat("the folder '", directory, "' holds no store and is not empty (",
                                                      *other, "). Give a new or empty folder"));
  }

  const std::string open = absl::StrCat("open the store in '", directory, "'");
  rocksdb::DBOptions options = MakeDatabaseOptions(env);
  std::vector<std::string> names;
  if (const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, directory, &names); !listed.ok()) {
    return FromRocksDb(listed, open);
  }

  // Read-only: a database of somebody else, or of a newer program, stays as it is.
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
      options, directory, {{rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()}}, &handles, &opened);
  if (status.IsInvalidArgument()) return Foreign(directory, status.ToString());
  if (!status.ok()) return FromRocksDb(status, open);
  const std::unique_ptr<rocksdb::DB> db(opened);
  const std::unique_ptr<rocksdb::ColumnFamilyHandle> default_family(handles.front());

  const absl::StatusOr<std::optional<FormatRecord>> record = ReadFormatRecord(*db, directory);
  if (!record.ok()) return record.status();
  if (record->has_value()) {
    if (const absl::Status known = CheckVersion(directory, **record); !known.ok()) return known;
  }

  std::vector<std::string> unknown;
  for (const std::string& name : names) {
    const bool ours = std::any_of(kFamilies.begin(), kFamilies.end(),
                                  [&](Family family) { return FamilyName(family) == absl::string_view(name); });
    if (!ours) unknown.push_back(name);
  }
  if (!unknown.empty()) {
    return Foreign(directory, absl::StrCat("it has column families of other names: ", absl::StrJoin(unknown, ", ")));
  }
  if (!record->has_value()) {
    const std::unique_ptr<rocksdb::Iterator> any(db->NewIterator(rocksdb::ReadOptions()));
    any->SeekToFirst();
    if (any->Valid()) return Foreign(directory, "it has no format record");
    if (!any->status().ok()) return FromRocksDb(any->status(), open);
    // A store gets its format record before anything else, so it was not while it was made that this one was stopped.
    if (const auto table = std::find_if(files.begin(), files.end(), IsTableFile); table != files.end()) {
      return DataLossAt(absl::StrCat("the store in '", directory, "'"),
                        absl::StrCat("there is data (", *table, ") but no format record"));
    }
    return Contents::kUnfinished;
  }
  for (const Family family : kFamilies) {
    if (IsDerived(family)) continue;  // Absent if a process was stopped while replacing it.
    if (std::find(names.begin(), names.end(), ToString(FamilyName(family))) == names.end()) {
      return DataLossAt(absl::StrCat("the store in '", directory, "'"),
                        absl::StrCat("its column family '", FamilyName(family), "' is missing"));
    }
  }
  return Contents::kStore;
}

FormatRecord MakeFormatRecord() {
  FormatRecord record;
  std::random_device random;
  std::uniform_int_distribution<int> byte(0, 255);
  for (uint8_t& part : record.identity) part = static_cast<uint8_t>(byte(random));
  return record;
}

}  // namespace

std::string ParentFolder(const std::string& directory) {
  const std::filesystem::path normal = std::filesystem::path(directory).lexically_normal();
  const std::filesystem::path folder = normal.has_filename() ? normal : normal.parent_path();  // Without a last '/'.
  return folder.has_parent_path() ? folder.parent_path().string() : ".";
}

absl::string_view FamilyName(Family family) {
  switch (family) {
    case Family::kDefault:
      return "default";
    case Family::kLog:
      return "log";
    case Family::kIndex:
      return "index";
    case Family::kOperation:
      return "operation";
    case Family::kMilestone:
      return "milestone";
    case Family::kCheckpoint:
      return "checkpoint";
  }
  MUSTER_CHECK(false);
}

Database::Database(std::string directory) : directory_(std::move(directory)) {}
Database::~Database() = default;

void Database::Closer::operator()(rocksdb::DB* db) const {
  // What is not in table files yet is in the synced write-ahead log, so there is nothing to do about an error here.
  db->Close().PermitUncheckedError();
  delete db;
}

std::shared_ptr<rocksdb::ColumnFamilyHandle> Database::family(Family family) const {
  const std::lock_guard lock(families_mutex_);
  return families_[static_cast<size_t>(family)];
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const StoreOptions& options) {
  rocksdb::Env* const env = EnvironmentOf(options);
  const std::string& directory = options.directory;
  if (const absl::Status made = MakeFolder(env, directory); !made.ok()) return made;
  MUSTER_FAILPOINT("make:after-folder");

  absl::StatusOr<Contents> contents;
  {
    // Without the lock a process that is writing would make the folder look damaged.
    const absl::StatusOr<std::unique_ptr<FolderLock>> lock = FolderLock::Take(env, directory);
    if (!lock.ok()) return lock.status();
    contents = InspectFolder(env, directory);
    if (!contents.ok()) return contents.status();
  }

  // RocksDB takes the lock again. Whoever came between had the same rules, so what was found may have become a store,
  // and nothing else; OpenFamilies looks at the format record once more.
  auto database = std::unique_ptr<Database>(new Database(directory));
  if (const absl::Status opened = database->OpenFamilies(options, *contents != Contents::kStore); !opened.ok()) {
    return opened;
  }
  return database;
}

absl::StatusOr<bool> Database::IsStore(const std::string& directory) {
  rocksdb::Env* const env = rocksdb::Env::Default();
  const absl::StatusOr<bool> is_there = IsThere(env, directory);
  if (!is_there.ok()) return is_there.status();
  if (!*is_there) return false;
  std::unique_ptr<FolderLock> lock;
  // A folder without the file of the lock is in nobody's use, and to take the lock would make it.
  if (env->FileExists(absl::StrCat(directory, "/LOCK")).ok()) {
    absl::StatusOr<std::unique_ptr<FolderLock>> taken = FolderLock::Take(env, directory);
    if (!taken.ok()) return taken.status();
    lock = *std::move(taken);
  }
  const absl::StatusOr<Contents> contents = InspectFolder(env, directory);
  if (!contents.ok()) return contents.status();
  return *contents == Contents::kStore;
}

absl::Status Database::OpenFamilies(const StoreOptions& options, bool may_create) {
  rocksdb::DBOptions db_options = MakeDatabaseOptions(EnvironmentOf(options));
  db_options.create_if_missing = may_create;
  // The families that a store cannot be without were looked for; derived ones may be made anew.
  db_options.create_missing_column_families = true;
  const auto listener = std::make_shared<RecoveryListener>();
  db_options.listeners.push_back(listener);

  const std::shared_ptr<rocksdb::Cache> block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(kFamilies.size());
  for (const Family family : kFamilies) {
    descriptors.emplace_back(ToString(FamilyName(family)), MakeFamilyOptions(family, block_cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(db_options, directory_, descriptors, &handles, &opened);
  if (IsLockHeld(status)) return FolderLock::InUse(directory_);
  if (!status.ok()) return FromRocksDb(status, absl::StrCat("open the store in '", directory_, "'"));
  db_.reset(opened);
  for (size_t i = 0; i < handles.size(); ++i) families_[i] = Handle(handles[i]);
  recovered_chunk_count_ = listener->chunk_count();

  const absl::StatusOr<std::optional<FormatRecord>> record = ReadFormatRecord(*db_, directory_);
  if (!record.ok()) return record.status();
  if (record->has_value()) {
    identity_ = (*record)->identity;
    return CheckVersion(directory_, **record);
  }

  const std::unique_ptr<rocksdb::Iterator> chunk(db_->NewIterator(rocksdb::ReadOptions(), family(Family::kLog).get()));
  chunk->SeekToFirst();
  if (chunk->Valid()) return DataLossAt(absl::StrCat("the store in '", directory_, "'"), "it has no format record");
  if (!chunk->status().ok()) return FromRocksDb(chunk->status(), absl::StrCat("read the log of '", directory_, "'"));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const FormatRecord made = MakeFormatRecord();
  identity_ = made.identity;
  const std::array<char, kFormatRecordBytes> bytes = EncodeFormatRecord(made);
  MUSTER_FAILPOINT("make:before-format-record");
  rocksdb::Status written = db_->Put(synced, ToString(kFormatKey), rocksdb::Slice(bytes.data(), bytes.size()));
  // In a table file: a store that loses its write-ahead log must still be known for what it was, and not be taken for
  // one that was never finished.
  if (written.ok()) written = db_->Flush(rocksdb::FlushOptions(), family(Family::kDefault).get());
  if (!written.ok()) return FromRocksDb(written, absl::StrCat("write to the store in '", directory_, "'"));
  MUSTER_FAILPOINT("make:after-format-record");
  return absl::OkStatus();
}

absl::Status Database::ReplaceFamily(Family family) {
  MUSTER_CHECK(IsDerived(family));
  const std::string doing = absl::StrCat("replace column family '", FamilyName(family), "' in '", directory_, "'");
  const std::lock_guard no_flush(flush_mutex_);
  // When the manifest cannot be written here, RocksDB forgets to keep obsolete files, as it does whenever else that
  // happens; once it goes on after another error it misses that, and where the library is built with its assertions, as
  // Debian's is, that ends the process. After an error they are kept until the store is opened again.
  const rocksdb::Status kept = db_->DisableFileDeletions();
  if (!kept.ok()) return FromRocksDb(kept, doing);
  const Handle old = this->family(family);
  if (const rocksdb::Status dropped = db_->DropColumnFamily(old.get()); !dropped.ok()) {
    return FromRocksDb(dropped, doing);
  }
  if (family == Family::kCheckpoint) MUSTER_FAILPOINT("checkpoint:dropped");
  rocksdb::ColumnFamilyHandle* made = nullptr;
  const rocksdb::ColumnFamilyOptions family_options(db_->GetOptions(old.get()));
  if (const rocksdb::Status created = db_->CreateColumnFamily(family_options, ToString(FamilyName(family)), &made);
      !created.ok()) {
    return FromRocksDb(created, doing);
  }
  {
    const std::lock_guard lock(families_mutex_);
    families_[static_cast<size_t>(family)] = Handle(made);
  }
  return FromRocksDb(db_->EnableFileDeletions(/*force=*/false), doing);
}

absl::Status Database::Flush() const {
  const std::lock_guard no_replacement(flush_mutex_);
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  families.reserve(kFamilies.size());
  for (const Family family : kFamilies) families.push_back(this->family(family).get());
  return FromRocksDb(db_->Flush(rocksdb::FlushOptions(), families),
                     absl::StrCat("flush the store in '", directory_, "'"));
}

}  // namespace muster
