#include <algorithm>
#include <atomic>
#include <filesystem>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <shared_mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "domain/check.h"
#include "google/protobuf/unknown_field_set.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/iterator.h"
#include "rocksdb/options.h"
#include "rocksdb/write_batch.h"
#include "storage/backup.h"
#include "storage/big_endian.h"
#include "storage/database.h"
#include "storage/failpoint.h"
#include "storage/keys.h"
#include "storage/log_chunk.h"
#include "storage/position_mark.h"
#include "storage/records.h"
#include "storage/result_index.h"
#include "storage/status.h"
#include "storage/store.h"

namespace muster {
namespace {

// How far a replay reads ahead.
constexpr size_t kReplayReadaheadBytes = size_t{2} << 20;
// Entries of the log from which on the index is kept with the next group. A start reads what the log has beyond it.
#ifdef MUSTER_FAILPOINTS
constexpr size_t kIndexRunEntries = 64;  // Soon.
#else
constexpr size_t kIndexRunEntries = 16'384;
#endif
// A batch that grew beyond this is given back after its group.
constexpr size_t kKeptBatchBytes = size_t{8} << 20;

rocksdb::Slice ToSlice(absl::string_view bytes) { return rocksdb::Slice(bytes.data(), bytes.size()); }
absl::string_view ToView(const rocksdb::Slice& slice) { return absl::string_view(slice.data(), slice.size()); }
template <size_t size>
rocksdb::Slice ToSlice(const std::array<char, size>& bytes) {
  return rocksdb::Slice(bytes.data(), bytes.size());
}

// What is read once and in order must not drive out of the cache what is read again and again.
rocksdb::ReadOptions ScanOptions() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  return options;
}

rocksdb::ReadOptions LookUpOptions() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

rocksdb::WriteOptions SyncedWrite() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

absl::Status BadKeyPart(absl::string_view what, absl::string_view part) {
  return absl::InvalidArgumentError(absl::StrCat(what, " '", PrintableBytes(part), "' must be 1 to ", kMaxKeyPartBytes,
                                                 " bytes long and hold no zero byte"));
}

absl::Status CheckForceKey(absl::string_view operation, absl::string_view force) {
  if (!IsKeyPart(operation)) return BadKeyPart("operation", operation);
  if (!IsKeyPart(force)) return BadKeyPart("force", force);
  return absl::OkStatus();
}

absl::Status CheckResultKey(const ResultKey& key) {
  if (!IsKeyPart(key.result_id)) return BadKeyPart("result_id", key.result_id);
  return CheckForceKey(key.operation, key.force);
}

// Of the fingerprints of a store.
uint64_t SeedOf(const std::array<uint8_t, 16>& identity) {
  uint64_t seed = 0;
  for (size_t i = 0; i < sizeof(seed); ++i) seed = seed << 8 | identity[i];
  return seed;
}

// What to keep free on the disk of a folder, where nobody said.
uint64_t KeepFreeBytes(const std::string& directory) {
  constexpr uint64_t kLeast = uint64_t{16} << 20;
  constexpr uint64_t kMost = uint64_t{256} << 20;
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(directory, error);
  return error ? kLeast : std::clamp<uint64_t>(space.capacity / 8, kLeast, kMost);
}

// Walks over the chunks of the log as they were when it was made. For one thread.
class LogCursor {
 public:
  // What `options` point to must outlive this object.
  LogCursor(const Database& database, const rocksdb::ReadOptions& options)
      : where_(absl::StrCat("the log of '", database.directory(), "'")),
        iterator_(database.db().NewIterator(options, database.family(Family::kLog).get())) {}

  // Moves to the chunk that holds `position`. DATA_LOSS if none does.
  absl::Status SeekTo(LogPosition position) {
    const std::array<char, kPositionKeyBytes> key = EncodePositionKey(position);
    iterator_->SeekForPrev(ToSlice(key));
    if (absl::Status loaded = Load(); !loaded.ok()) return loaded;
    if (!at_chunk_ || position > last()) return Missing(position);
    return absl::OkStatus();
  }

  // These leave the cursor on no chunk where there is none.
  absl::Status SeekToLast() {
    iterator_->SeekToLast();
    return Load();
  }
  absl::Status Previous() {
    iterator_->Prev();
    return Load();
  }

  // Moves to the chunk after this one, which must begin where this one ends. DATA_LOSS otherwise.
  absl::Status Next() {
    const LogPosition next = last() + 1;
    const int64_t accept_time_us = chunk_.accept_time_us();
    iterator_->Next();
    if (absl::Status loaded = Load(); !loaded.ok()) return loaded;
    if (!at_chunk_ || first_ != next) return Missing(next);
    if (chunk_.accept_time_us() < accept_time_us) {
      return DataLossAt(Where(next), "its accept time is before that of the entry before it");
    }
    return absl::OkStatus();
  }

  bool at_chunk() const { return at_chunk_; }
  // Positions of the first and last entry of this chunk.
  LogPosition first() const { return first_; }
  LogPosition last() const { return first_ + static_cast<LogPosition>(chunk_.size()) - 1; }
  bool Holds(LogPosition position) const { return at_chunk_ && first_ <= position && position <= last(); }
  int64_t accept_time_us() const { return chunk_.accept_time_us(); }

  // Reads the entry at a position of this chunk, using the memory of `logged` again.
  absl::Status Read(LogPosition position, LoggedEntry& logged) const {
    MUSTER_CHECK(Holds(position));
    logged.position = position;
    logged.accept_time_us = chunk_.accept_time_us();
    const absl::Status read = ReadLogEntry(chunk_.entry(static_cast<size_t>(position - first_)), logged.entry);
    if (!read.ok()) return DataLossAt(Where(position), read.message());
    return absl::OkStatus();
  }

  absl::Status Missing(LogPosition position) const { return DataLossAt(Where(position), "there is no such entry"); }

 private:
  std::string Where(LogPosition position) const { return absl::StrCat(where_, " at position ", position); }

  absl::Status Load() {
    at_chunk_ = false;
    if (!iterator_->Valid()) return FromRocksDb(iterator_->status(), absl::StrCat("read ", where_));
    const absl::StatusOr<LogPosition> first = DecodePositionKey(ToView(iterator_->key()));
    if (!first.ok()) return DataLossAt(where_, first.status().message());
    if (const absl::Status taken = chunk_.Reset(ToView(iterator_->value())); !taken.ok()) {
      return DataLossAt(Where(*first), taken.message());
    }
    first_ = *first;
    at_chunk_ = true;
    return absl::OkStatus();
  }

  const std::string where_;
  const std::unique_ptr<rocksdb::Iterator> iterator_;
  bool at_chunk_ = false;
  LogPosition first_ = 0;
  LogChunkView chunk_;  // Of the iterator's value.
};

class RocksDbStore final : public Store {
 public:
  RocksDbStore(std::unique_ptr<Database> database, rocksdb::Env* env, uint64_t keep_free_bytes)
      : database_(std::move(database)),
        env_(env),
        keep_free_bytes_(keep_free_bytes),
        index_(SeedOf(database_->identity())) {}

  // Finds the end of the log and checks what opening the database cannot have checked. Once, before anything else.
  absl::Status Recover();

  LogPosition last_position() const override { return last_position_.load(std::memory_order_acquire); }
  absl::Status CheckSpace() const override;
  StoreUsage Usage() const override;
  absl::Status Append(const LogGroup& group) override;
  absl::StatusOr<std::vector<std::optional<LoggedEntry>>> ReadNewest(absl::Span<const ResultKey> keys) const override;
  absl::StatusOr<std::vector<LoggedEntry>> ListNewest(absl::string_view operation, absl::string_view force,
                                                      LogPosition after, int limit) const override;
  std::vector<LogPosition> ListStanding(absl::Span<const ForceKey> forces, LogPosition at, LogPosition after,
                                        int limit) const override;
  absl::StatusOr<std::vector<LoggedEntry>> ReadEntries(absl::Span<const LogPosition> positions) const override;
  absl::Status Replay(LogPosition first, const std::function<absl::Status(const LoggedEntry&)>& visit) const override;
  absl::StatusOr<std::vector<muster::v1::Operation>> ReadOperations() const override;
  absl::Status WriteCheckpoint(const store::v1::CheckpointHeader& header, absl::Span<const CheckpointPart> changed,
                               bool replace) override;
  absl::StatusOr<std::optional<store::v1::CheckpointHeader>> ReadCheckpointHeader() const override;
  absl::Status ReadCheckpoint(const std::function<absl::Status(CheckpointPart)>& visit) const override;
  absl::Status WriteMilestone(const store::v1::Milestone& milestone,
                              absl::Span<const MilestoneOperationPart> operations,
                              absl::Span<const CheckpointPart> cubes) override;
  absl::StatusOr<std::optional<store::v1::Milestone>> FindMilestone(LogPosition at_or_before) const override;
  absl::StatusOr<store::v1::MilestoneOperation> ReadMilestoneOperation(LogPosition position,
                                                                       absl::string_view operation) const override;
  absl::StatusOr<store::v1::CheckpointForceCube> ReadMilestoneCube(LogPosition position, absl::string_view operation,
                                                                   absl::string_view force) const override;
  uint64_t MilestoneBytes() const override;
  absl::Status DropMilestones() override;
  absl::Status Flush() override;
  absl::StatusOr<BackupReport> Backup(const BackupOptions& options) const override;

 private:
  using PartVisitor =
      std::function<absl::Status(const CheckpointPartKey& key, LogPosition position, absl::string_view record)>;

  // "the log of '/data'", for messages.
  std::string Of(absl::string_view what) const {
    return absl::StrCat("the ", what, " of the store in '", database_->directory(), "'");
  }

  absl::Status CheckRecoveredLog(LogCursor& cursor) const;
  // DATA_LOSS unless the log goes at least to `position`, of which `who` ("was synced up to") tells.
  absl::Status CheckEnd(LogPosition position, absl::string_view who) const;
  // Fills index_ from what is kept of it and from the log behind that. What is kept of it may be damaged: it is
  // derived.
  absl::Status LoadIndex();
  absl::Status ReadIndexRuns();
  absl::Status IndexLogFrom(LogPosition first);

  absl::Status CheckGroup(const LogGroup& group) const;
  // Finds the fingerprint of every entry of the group, into group_entries_.
  absl::Status ResolveGroup(const LogGroup& group);
  // The fingerprint under which the newest revision of `key` is, or will be if there is none: `replaced_position` says
  // which. `find` gives the position under a fingerprint, 0 if it is free. 0 if there is no such revision.
  template <typename Find>
  ResultFingerprint Resolve(const ResultKey& key, LogPosition replaced_position, const Find& find) const;
  // INVALID_ARGUMENT if a revision is under `key` after all, in the log or before in the group. Reads the log where the
  // fingerprint of the key is taken: if the key is new, as good as never.
  template <typename Find>
  absl::Status CheckNew(const LogGroup& group, const ResultKey& key, const Find& find) const;
  absl::Status PutGroup(const LogGroup& group);
  // Puts what is not yet kept of the index into `batch`.
  rocksdb::Status PutIndexRun(rocksdb::WriteBatch& batch);
  // Takes up the entries of a group that was written.
  void IndexGroup(const LogGroup& group);

  // Visits every part of the checkpoint, and returns its header, nullopt if there is no checkpoint. DATA_LOSS, though
  // parts may have been visited by then, if a part is missing or of an earlier checkpoint than it should be.
  absl::StatusOr<std::optional<CheckpointHeaderRecord>> ScanCheckpoint(const PartVisitor& visit) const;

  // Reads one record of a milestone, which must be there.
  template <typename Message>
  absl::StatusOr<Message> ReadMilestoneRecord(const std::string& key, LogPosition position) const;

  // UNAVAILABLE once a write has failed.
  absl::Status CheckWritable() const;
  // Writes `batch`, synced. Whatever fails is the last that is written.
  absl::Status Write(rocksdb::WriteBatch& batch, absl::string_view what);
  absl::Status Fail(absl::Status status);

  const std::unique_ptr<Database> database_;
  rocksdb::Env* const env_;
  const uint64_t keep_free_bytes_;
  std::unique_ptr<PositionMark> mark_;  // Touched by the thread that appends alone.
  std::atomic<LogPosition> last_position_ = 0;

  mutable std::shared_mutex index_mutex_;  // Guards index_ where another thread than the one that appends reads it.
  ResultIndex index_;                      // Changed by the thread that appends alone.

  // Touched by the thread that appends alone. Memory is kept from one group to the next.
  int64_t last_accept_time_us_ = 0;
  rocksdb::WriteBatch group_batch_;
  LogChunkWriter chunk_writer_;
  std::vector<ResultIndex::Entry> group_entries_;
  absl::flat_hash_map<ResultFingerprint, LogPosition> group_positions_;

  // Touched by the thread that writes checkpoints alone: the parts of the checkpoint on disk by key, each with the
  // position of the checkpoint that wrote it; nullopt before it was looked at.
  std::optional<std::map<std::string, LogPosition>> part_positions_;

  std::atomic<bool> failed_ = false;
  mutable std::mutex failure_mutex_;  // Guards failure_.
  std::string failure_;               // Why the first failed write failed.
};

absl::Status RocksDbStore::Recover() {
  {
    LogCursor cursor(*database_, ScanOptions());
    if (absl::Status found = cursor.SeekToLast(); !found.ok()) return found;
    if (cursor.at_chunk()) {
      last_position_.store(cursor.last(), std::memory_order_release);
      last_accept_time_us_ = cursor.accept_time_us();
      if (absl::Status whole = CheckRecoveredLog(cursor); !whole.ok()) return whole;
    }
  }
  absl::StatusOr<std::unique_ptr<PositionMark>> mark =
      PositionMark::Open(env_, database_->directory(), database_->identity());
  if (!mark.ok()) return mark.status();
  mark_ = *std::move(mark);
  MUSTER_FAILPOINT("make:after-position-mark");
  if (absl::Status ends = CheckEnd(mark_->found(), "was synced up to"); !ends.ok()) return ends;

  // A damaged checkpoint keeps no store from opening: whoever reads it is told, and makes it anew.
  const absl::StatusOr<std::optional<store::v1::CheckpointHeader>> checkpoint = ReadCheckpointHeader();
  if (checkpoint.ok() && checkpoint->has_value()) {
    if (absl::Status ends = CheckEnd((*checkpoint)->position(), "a checkpoint was made at"); !ends.ok()) return ends;
  }
  // So is a milestone that is none.
  const absl::StatusOr<std::optional<store::v1::Milestone>> milestone =
      FindMilestone(std::numeric_limits<LogPosition>::max());
  if (milestone.ok() && milestone->has_value()) {
    if (absl::Status ends = CheckEnd((*milestone)->position(), "a milestone was kept at"); !ends.ok()) return ends;
  }
  return LoadIndex();
}

absl::Status RocksDbStore::CheckEnd(LogPosition position, absl::string_view who) const {
  if (position <= last_position()) return absl::OkStatus();
  return DataLossAt(Of("log"), absl::StrCat("it ends at position ", last_position(), ", but ", who, " ", position,
                                            ": the end of the write-ahead log is lost"));
}

absl::Status RocksDbStore::LoadIndex() {
  absl::Status loaded = ReadIndexRuns();
  if (loaded.ok()) {
    if (absl::Status ends = CheckEnd(index_.last_position(), "was indexed up to"); !ends.ok()) return ends;
    loaded = IndexLogFrom(index_.last_position() + 1);
  }
  if (!absl::IsDataLoss(loaded)) return loaded;

  // Damaged, and derived: it is made again from the log. If it is the log that is damaged, that comes out now.
  index_.Clear();
  if (absl::Status replaced = database_->ReplaceFamily(Family::kIndex); !replaced.ok()) return replaced;
  return IndexLogFrom(1);
}

absl::Status RocksDbStore::ReadIndexRuns() {
  const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->family(Family::kIndex);
  rocksdb::ReadOptions options = ScanOptions();
  options.readahead_size = kReplayReadaheadBytes;
  const std::unique_ptr<rocksdb::Iterator> iterator(database_->db().NewIterator(options, family.get()));
  store::v1::IndexRun run;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const absl::StatusOr<LogPosition> first = DecodePositionKey(ToView(iterator->key()));
    if (!first.ok()) return DataLossAt(Of("index"), first.status().message());
    const rocksdb::Slice value = iterator->value();
    if (!run.ParseFromArray(value.data(), static_cast<int>(value.size())) || run.first_position() != *first ||
        !index_.AddRun(run)) {
      return DataLossAt(Of("index"), absl::StrCat("the record at position ", *first,
                                                  " is no run that follows position ", index_.last_position()));
    }
  }
  return FromRocksDb(iterator->status(), absl::StrCat("read ", Of("index")));
}

absl::Status RocksDbStore::IndexLogFrom(LogPosition first) {
  if (first > last_position()) return absl::OkStatus();
  return Replay(first, [&](const LoggedEntry& logged) -> absl::Status {
    ResultIndex::Entry entry;
    if (logged.entry.has_result()) {
      const ResultKey key = KeyOf(logged.entry.result().result());
      const absl::Status fits = CheckResultKey(key);
      if (fits.ok()) {
        entry.fingerprint = Resolve(key, logged.entry.result().replaced_position(),
                                    [this](ResultFingerprint fingerprint) { return index_.Find(fingerprint); });
      }
      if (entry.fingerprint == 0) {
        return DataLossAt(absl::StrCat(Of("log"), " at position ", logged.position),
                          fits.ok() ? "it replaces what is not there" : fits.message());
      }
      entry.force_number = index_.NumberOf(key.operation, key.force);
    }
    index_.Add(entry);
    if (index_.untaken_count() < kIndexRunEntries) return absl::OkStatus();
    // Not synced: should it be lost, it is made again.
    rocksdb::WriteBatch batch;
    rocksdb::Status kept = PutIndexRun(batch);
    if (kept.ok()) kept = database_->db().Write(rocksdb::WriteOptions(), &batch);
    return FromRocksDb(kept, absl::StrCat("write ", Of("index")));
  });
}

template <typename Find>
ResultFingerprint RocksDbStore::Resolve(const ResultKey& key, LogPosition replaced_position, const Find& find) const {
  for (int attempt = 0;; ++attempt) {
    const ResultFingerprint fingerprint = index_.FingerprintOf(key, attempt);
    const LogPosition position = find(fingerprint);
    if (position == replaced_position) return fingerprint;  // For a new key: free.
    if (position == 0) return 0;
  }
}

// What came from the write-ahead log may have a hole that RocksDB does not notice (database.cc says how). The table
// files from before were written whole, and are listed in the manifest.
absl::Status RocksDbStore::CheckRecoveredLog(LogCursor& cursor) const {
  for (uint64_t left = database_->recovered_chunk_count(); left > 0; --left) {
    const LogPosition first = cursor.first();
    if (absl::Status moved = cursor.Previous(); !moved.ok()) return moved;
    if (!cursor.at_chunk()) return first == 1 ? absl::OkStatus() : cursor.Missing(first - 1);
    if (cursor.last() != first - 1) return cursor.Missing(first - 1);
  }
  return absl::OkStatus();
}

absl::Status RocksDbStore::CheckSpace() const {
  uint64_t free_bytes = 0;
  // Where the file system does not say, a write will.
  if (!env_->GetFreeSpace(database_->directory(), &free_bytes).ok() || free_bytes >= keep_free_bytes_) {
    return absl::OkStatus();
  }
  constexpr uint64_t kMebibyte = uint64_t{1} << 20;
  return absl::ResourceExhaustedError(absl::StrCat("the disk of '", database_->directory(), "' has ",
                                                   free_bytes / kMebibyte, " MiB left, and ",
                                                   keep_free_bytes_ / kMebibyte, " MiB are kept free"));
}

StoreUsage RocksDbStore::Usage() const {
  StoreUsage usage;
  for (const Family name : kFamilies) {
    const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->family(name);
    uint64_t bytes = 0;
    if (database_->db().GetIntProperty(family.get(), rocksdb::DB::Properties::kTotalSstFilesSize, &bytes)) {
      usage.table_bytes += bytes;
    }
    if (database_->db().GetIntProperty(family.get(), rocksdb::DB::Properties::kCurSizeAllMemTables, &bytes)) {
      usage.buffered_bytes += bytes;
    }
  }
  uint64_t free_bytes = 0;
  if (env_->GetFreeSpace(database_->directory(), &free_bytes).ok()) usage.free_bytes = free_bytes;
  usage.keep_free_bytes = keep_free_bytes_;
  return usage;
}

absl::Status RocksDbStore::CheckGroup(const LogGroup& group) const {
  if (group.first_position != last_position() + 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the group begins at position ", group.first_position, ", but the log ends at ", last_position()));
  }
  if (group.entries.empty()) return absl::InvalidArgumentError("the group has no entries");
  if (group.accept_time_us < last_accept_time_us_) {
    return absl::InvalidArgumentError(absl::StrCat("the group's accept time, ", group.accept_time_us,
                                                   " us, is before that of the newest entry, ", last_accept_time_us_,
                                                   " us"));
  }
  for (const GroupEntry& entry : group.entries) {
    const bool is_operation = entry.key == ResultKey() && entry.replaced_position == 0;
    if (is_operation) continue;
    if (absl::Status fits = CheckResultKey(entry.key); !fits.ok()) return fits;
  }
  return absl::OkStatus();
}

template <typename Find>
absl::Status RocksDbStore::CheckNew(const LogGroup& group, const ResultKey& key, const Find& find) const {
  const auto known = [&](LogPosition position) {
    return absl::InvalidArgumentError(
        absl::StrCat("a result replaces nothing, but a revision of it is at position ", position));
  };
  for (int attempt = 0;; ++attempt) {
    const LogPosition position = find(index_.FingerprintOf(key, attempt));
    if (position == 0) return absl::OkStatus();
    if (position >= group.first_position) {
      if (group.entries[static_cast<size_t>(position - group.first_position)].key == key) return known(position);
      continue;
    }
    const absl::StatusOr<std::vector<LoggedEntry>> stored = ReadEntries({position});
    if (!stored.ok()) return stored.status();
    if (KeyOf(stored->front().entry.result().result()) == key) return known(position);
  }
}

absl::Status RocksDbStore::ResolveGroup(const LogGroup& group) {
  group_entries_.clear();
  group_positions_.clear();
  group_positions_.reserve(group.entries.size());
  for (const GroupEntry& entry : group.entries) {
    group_entries_.push_back({entry.IsResult() ? index_.FingerprintOf(entry.key, 0) : 0, 0});
    if (entry.IsResult()) index_.Prefetch(group_entries_.back().fingerprint);
  }
  const auto find = [this](ResultFingerprint fingerprint) {
    const auto found = group_positions_.find(fingerprint);
    return found != group_positions_.end() ? found->second : index_.Find(fingerprint);
  };
  for (size_t i = 0; i < group.entries.size(); ++i) {
    const GroupEntry& entry = group.entries[i];
    if (!entry.IsResult()) continue;
    // Nearly always the first attempt, which is known already.
    ResultFingerprint& fingerprint = group_entries_[i].fingerprint;
    if (find(fingerprint) != entry.replaced_position) {
      if (entry.replaced_position == 0) {
        if (absl::Status is_new = CheckNew(group, entry.key, find); !is_new.ok()) return is_new;
      }
      fingerprint = Resolve(entry.key, entry.replaced_position, find);
    }
    if (fingerprint == 0) {
      return absl::InvalidArgumentError(absl::StrCat("the newest revision of the result at position ",
                                                     group.first_position + static_cast<LogPosition>(i),
                                                     " is not at position ", entry.replaced_position));
    }
    group_positions_[fingerprint] = group.first_position + static_cast<LogPosition>(i);
  }
  return absl::OkStatus();
}

// Nothing here allocates for an entry once the batch and the buffers have grown to the size of a group. Operations are
// few.
absl::Status RocksDbStore::PutGroup(const LogGroup& group) {
  group_batch_.Clear();
  rocksdb::Status put;

  const std::shared_ptr<rocksdb::ColumnFamilyHandle> log = database_->family(Family::kLog);
  const absl::Span<const GroupEntry> entries = group.entries;
  for (size_t begin = 0; put.ok() && begin < entries.size();) {
    const size_t taken = chunk_writer_.Write(group.accept_time_us, entries.subspan(begin));
    const auto key = EncodePositionKey(group.first_position + static_cast<LogPosition>(begin));
    put = group_batch_.Put(log.get(), ToSlice(key), ToSlice(chunk_writer_.bytes()));
    begin += taken;
  }

  const std::shared_ptr<rocksdb::ColumnFamilyHandle> operations = database_->family(Family::kOperation);
  for (const GroupEntry& entry : entries) {
    if (!put.ok()) break;
    if (entry.IsResult()) continue;
    store::v1::LoggedOperation logged;
    const std::string bytes = absl::StrCat(entry.head, entry.tail);
    // A result parses as an operation: the id of its operation has the number of the operation's own.
    if (!logged.ParseFromString(bytes) || !logged.GetReflection()->GetUnknownFields(logged).empty() ||
        !IsKeyPart(logged.operation().id())) {
      return absl::InvalidArgumentError("an entry of the group is neither a result with a key nor an operation");
    }
    put = group_batch_.Put(operations.get(), EncodeOperationKey(logged.operation().id()),
                           logged.operation().SerializeAsString());
  }

  // Of what was written before: what this group holds is known to be in the log only afterwards.
  if (put.ok() && index_.untaken_count() >= kIndexRunEntries) put = PutIndexRun(group_batch_);
  return FromRocksDb(put, absl::StrCat("make a group for ", Of("log")));
}

rocksdb::Status RocksDbStore::PutIndexRun(rocksdb::WriteBatch& batch) {
  const store::v1::IndexRun run = index_.TakeRun();
  return batch.Put(database_->family(Family::kIndex).get(), ToSlice(EncodePositionKey(run.first_position())),
                   run.SerializeAsString());
}

void RocksDbStore::IndexGroup(const LogGroup& group) {
  const std::lock_guard lock(index_mutex_);
  for (size_t i = 0; i < group.entries.size(); ++i) {
    ResultIndex::Entry& entry = group_entries_[i];
    const ResultKey& key = group.entries[i].key;
    if (entry.fingerprint != 0) entry.force_number = index_.NumberOf(key.operation, key.force);
    index_.Add(entry);
  }
}

absl::Status RocksDbStore::Append(const LogGroup& group) {
  if (absl::Status writable = CheckWritable(); !writable.ok()) return writable;
  if (absl::Status fits = CheckGroup(group); !fits.ok()) return fits;
  if (absl::Status fits = ResolveGroup(group); !fits.ok()) return fits;
  [[maybe_unused]] const size_t untaken_count = index_.untaken_count();
  if (absl::Status put = PutGroup(group); !put.ok()) return put;
  [[maybe_unused]] const bool has_index_run = index_.untaken_count() < untaken_count;
  MUSTER_FAILPOINT("group:before-sync");
  if (has_index_run) MUSTER_FAILPOINT("index-run:before-sync");
  if (absl::Status written = Write(group_batch_, "log"); !written.ok()) return written;
  MUSTER_FAILPOINT("group:after-sync");
  if (has_index_run) MUSTER_FAILPOINT("index-run:after-sync");
  if (group_batch_.GetDataSize() > kKeptBatchBytes) group_batch_ = rocksdb::WriteBatch();

  const LogPosition last = group.first_position + static_cast<LogPosition>(group.entries.size()) - 1;
  // The group is on disk, but so should the mark be: a receipt whose loss would not be noticed is none.
  if (absl::Status marked = mark_->Write(last); !marked.ok()) return Fail(std::move(marked));
  MUSTER_FAILPOINT("group:after-mark");
  IndexGroup(group);
  last_accept_time_us_ = group.accept_time_us;
  last_position_.store(last, std::memory_order_release);
  MUSTER_FAILPOINT("group:after-index");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::optional<LoggedEntry>>> RocksDbStore::ReadNewest(
    absl::Span<const ResultKey> keys) const {
  for (const ResultKey& key : keys) {
    if (absl::Status fits = CheckResultKey(key); !fits.ok()) return fits;
  }
  std::vector<std::optional<LoggedEntry>> found(keys.size());
  std::vector<ResultFingerprint> fingerprints(keys.size());
  std::vector<size_t> wanted(keys.size());
  std::iota(wanted.begin(), wanted.end(), size_t{0});
  std::vector<std::pair<LogPosition, size_t>> candidates;  // With the index of the key.
  for (int attempt = 0; !wanted.empty(); ++attempt) {
    candidates.clear();
    {
      const std::shared_lock lock(index_mutex_);
      for (const size_t index : wanted) {
        fingerprints[index] = index_.FingerprintOf(keys[index], attempt);
        index_.Prefetch(fingerprints[index]);
      }
      for (const size_t index : wanted) {
        if (const LogPosition position = index_.Find(fingerprints[index]); position != 0) {
          candidates.emplace_back(position, index);
        }
      }
    }
    wanted.clear();
    if (candidates.empty()) break;
    std::sort(candidates.begin(), candidates.end());
    LogCursor cursor(*database_, LookUpOptions());
    for (const auto& [position, index] : candidates) {
      if (!cursor.Holds(position)) {
        if (absl::Status sought = cursor.SeekTo(position); !sought.ok()) return sought;
      }
      LoggedEntry logged;
      if (absl::Status read = cursor.Read(position, logged); !read.ok()) return read;
      const ResultKey there = KeyOf(logged.entry.result().result());
      if (there == keys[index]) {
        found[index] = std::move(logged);
        continue;
      }
      // Another key has that fingerprint: it must be that key's own, or the one looked for may be anywhere.
      const std::shared_lock lock(index_mutex_);
      if (!CheckResultKey(there).ok() || !index_.LeadsTo(fingerprints[index], there)) {
        return DataLossAt(Of("index"), absl::StrCat("it leads to position ", position, " for another result"),
                          kMendIndex);
      }
      wanted.push_back(index);
    }
  }
  return found;
}

absl::StatusOr<std::vector<LoggedEntry>> RocksDbStore::ListNewest(absl::string_view operation, absl::string_view force,
                                                                  LogPosition after, int limit) const {
  if (absl::Status fits = CheckForceKey(operation, force); !fits.ok()) return fits;
  std::vector<LogPosition> positions;
  {
    const std::shared_lock lock(index_mutex_);
    positions = index_.List(operation, force, after, limit);
  }
  return ReadEntries(positions);
}

std::vector<LogPosition> RocksDbStore::ListStanding(absl::Span<const ForceKey> forces, LogPosition at,
                                                    LogPosition after, int limit) const {
  constexpr int kVisitsAtOnce = 4'096;  // The writer waits for so many at most.
  std::vector<LogPosition> positions;
  const auto wanted = static_cast<size_t>(std::max(limit, 0));
  while (after < at && positions.size() < wanted) {
    const std::shared_lock lock(index_mutex_);
    after = index_.ListStanding(forces, at, after, wanted, kVisitsAtOnce, &positions);
  }
  return positions;
}

absl::StatusOr<std::vector<LoggedEntry>> RocksDbStore::ReadEntries(absl::Span<const LogPosition> positions) const {
  std::vector<LoggedEntry> entries(positions.size());
  if (positions.empty()) return entries;
  LogCursor cursor(*database_, LookUpOptions());
  for (size_t i = 0; i < positions.size(); ++i) {
    if (positions[i] < 1) return cursor.Missing(positions[i]);
    if (!cursor.Holds(positions[i])) {
      if (const absl::Status found = cursor.SeekTo(positions[i]); !found.ok()) return found;
    }
    if (const absl::Status read = cursor.Read(positions[i], entries[i]); !read.ok()) return read;
  }
  return entries;
}

absl::Status RocksDbStore::Replay(LogPosition first,
                                  const std::function<absl::Status(const LoggedEntry&)>& visit) const {
  const LogPosition last = last_position();
  if (first < 1) return absl::InvalidArgumentError(absl::StrCat("the log begins at position 1, not at ", first));
  if (first > last) return absl::OkStatus();

  const std::array<char, kPositionKeyBytes> end = EncodePositionKey(last + 1);
  const rocksdb::Slice upper_bound = ToSlice(end);
  rocksdb::ReadOptions options = ScanOptions();
  options.iterate_upper_bound = &upper_bound;
  options.readahead_size = kReplayReadaheadBytes;
  LogCursor cursor(*database_, options);
  if (absl::Status found = cursor.SeekTo(first); !found.ok()) return found;
  LoggedEntry logged;
  for (LogPosition position = first; position <= last; ++position) {
    if (position > cursor.last()) {
      if (absl::Status moved = cursor.Next(); !moved.ok()) return moved;
    }
    if (absl::Status read = cursor.Read(position, logged); !read.ok()) return read;
    if (absl::Status visited = visit(logged); !visited.ok()) return visited;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<muster::v1::Operation>> RocksDbStore::ReadOperations() const {
  const std::unique_ptr<rocksdb::Iterator> iterator(
      database_->db().NewIterator(ScanOptions(), database_->family(Family::kOperation).get()));
  std::vector<muster::v1::Operation> operations;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const absl::StatusOr<std::string> id = DecodeOperationKey(ToView(iterator->key()));
    if (!id.ok()) return DataLossAt(Of("operations"), id.status().message());
    muster::v1::Operation& operation = operations.emplace_back();
    const rocksdb::Slice value = iterator->value();
    if (!operation.ParseFromArray(value.data(), static_cast<int>(value.size())) || operation.id() != *id) {
      return DataLossAt(absl::StrCat("key '", PrintableBytes(*id), "' in ", Of("operations")),
                        "its value is not that operation");
    }
  }
  if (!iterator->status().ok()) return FromRocksDb(iterator->status(), absl::StrCat("read ", Of("operations")));
  return operations;
}

absl::Status RocksDbStore::WriteCheckpoint(const store::v1::CheckpointHeader& header,
                                           absl::Span<const CheckpointPart> changed, bool replace) {
  if (absl::Status writable = CheckWritable(); !writable.ok()) return writable;
  if (absl::Status space = CheckSpace(); !space.ok()) return space;
  if (header.position() < 0 || header.position() > last_position()) {
    return absl::InvalidArgumentError(absl::StrCat("a checkpoint at position ", header.position(),
                                                   " is not of this log, which ends at ", last_position()));
  }
  for (const CheckpointPart& part : changed) {
    if (absl::Status fits = CheckForceKey(part.operation, part.force); !fits.ok()) return fits;
  }

  if (replace) {
    // Not by deletions: a family that is damaged could not be compacted any more, and would stop all writing.
    part_positions_.reset();
    if (const absl::Status replaced = database_->ReplaceFamily(Family::kCheckpoint); !replaced.ok()) {
      return Fail(replaced);
    }
    MUSTER_FAILPOINT("checkpoint:replaced");
    part_positions_.emplace();
  } else if (!part_positions_.has_value()) {
    std::map<std::string, LogPosition> positions;
    const auto scanned = ScanCheckpoint([&](const CheckpointPartKey& key, LogPosition position, absl::string_view) {
      positions.emplace(EncodeCheckpointPartKey(key.operation, key.force), position);
      return absl::OkStatus();
    });
    if (!scanned.ok()) return scanned.status();
    part_positions_ = std::move(positions);
  }

  const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->family(Family::kCheckpoint);
  rocksdb::WriteBatch batch;
  rocksdb::Status put;
  for (const CheckpointPart& part : changed) {
    if (!put.ok()) break;
    const std::string key = EncodeCheckpointPartKey(part.operation, part.force);
    put = batch.Put(family.get(), key, EncodeCheckpointPartRecord(header.position(), part.cube));
    (*part_positions_)[key] = header.position();
  }
  CheckpointHeaderRecord record;
  record.header = header;
  record.part_count = part_positions_->size();
  for (const auto& [key, position] : *part_positions_) record.position_sum += static_cast<uint64_t>(position);
  if (put.ok()) put = batch.Put(family.get(), ToSlice(kCheckpointHeaderKey), EncodeCheckpointHeaderRecord(record));
  if (!put.ok()) {
    part_positions_.reset();  // Look at what is on disk again.
    return FromRocksDb(put, absl::StrCat("make ", Of("checkpoint")));
  }
  MUSTER_FAILPOINT("checkpoint:before-write");
  if (absl::Status written = Write(batch, "checkpoint"); !written.ok()) return written;
  MUSTER_FAILPOINT("checkpoint:after-write");
  return absl::OkStatus();
}

absl::StatusOr<std::optional<CheckpointHeaderRecord>> RocksDbStore::ScanCheckpoint(const PartVisitor& visit) const {
  const auto damaged = [&](absl::string_view problem) {
    return DataLossAt(Of("checkpoint"), problem, kMendCheckpoint);
  };
  const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->family(Family::kCheckpoint);
  // One iterator sees one checkpoint, whatever is written meanwhile. The header comes before the parts.
  const std::unique_ptr<rocksdb::Iterator> iterator(database_->db().NewIterator(ScanOptions(), family.get()));
  std::optional<CheckpointHeaderRecord> header;
  uint64_t part_count = 0;
  uint64_t position_sum = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const absl::string_view bytes = ToView(iterator->value());
    if (ToView(iterator->key()) == kCheckpointHeaderKey) {
      absl::StatusOr<CheckpointHeaderRecord> record = DecodeCheckpointHeaderRecord(bytes);
      if (!record.ok()) return damaged(record.status().message());
      header = *std::move(record);
      continue;
    }
    const absl::StatusOr<CheckpointPartKey> key = DecodeCheckpointPartKey(ToView(iterator->key()));
    if (!key.ok()) return damaged(key.status().message());
    const absl::StatusOr<LogPosition> position = DecodeCheckpointPartPosition(bytes);
    if (!position.ok()) return damaged(position.status().message());
    ++part_count;
    position_sum += static_cast<uint64_t>(*position);
    if (const absl::Status visited = visit(*key, *position, bytes); !visited.ok()) return visited;
  }
  if (!iterator->status().ok()) {
    return FromRocksDb(iterator->status(), absl::StrCat("read ", Of("checkpoint")), kMendCheckpoint);
  }
  if (part_count != (header.has_value() ? header->part_count : 0) ||
      position_sum != (header.has_value() ? header->position_sum : 0)) {
    return damaged("a part is missing or is older than the header says");
  }
  return header;
}

absl::StatusOr<std::optional<store::v1::CheckpointHeader>> RocksDbStore::ReadCheckpointHeader() const {
  const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->family(Family::kCheckpoint);
  std::string bytes;
  const rocksdb::Status read =
      database_->db().Get(LookUpOptions(), family.get(), ToSlice(kCheckpointHeaderKey), &bytes);
  if (read.IsNotFound()) return std::nullopt;
  if (!read.ok()) return FromRocksDb(read, absl::StrCat("read ", Of("checkpoint")), kMendCheckpoint);
  absl::StatusOr<CheckpointHeaderRecord> record = DecodeCheckpointHeaderRecord(bytes);
  if (!record.ok()) return DataLossAt(Of("checkpoint"), record.status().message(), kMendCheckpoint);
  return std::move(record->header);
}

absl::Status RocksDbStore::ReadCheckpoint(const std::function<absl::Status(CheckpointPart)>& visit) const {
  return ScanCheckpoint([&](const CheckpointPartKey& key, LogPosition, absl::string_view record) -> absl::Status {
           absl::StatusOr<store::v1::CheckpointForceCube> cube = DecodeCheckpointPartCube(record);
           if (!cube.ok()) return DataLossAt(Of("checkpoint"), cube.status().message(), kMendCheckpoint);
           return visit({key.operation, key.force, *std::move(cube)});
         })
      .status();
}

absl::Status RocksDbStore::WriteMilestone(const store::v1::Milestone& milestone,
                                          absl::Span<const MilestoneOperationPart> operations,
                                          absl::Span<const CheckpointPart> cubes) {
  if (absl::Status writable = CheckWritable(); !writable.ok()) return writable;
  if (absl::Status space = CheckSpace(); !space.ok()) return space;
  const LogPosition position = milestone.position();
  if (position < 1 || position > last_position()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a milestone at position ", position, " is not of this log, which ends at ", last_position()));
  }
  for (const CheckpointPart& cube : cubes) {
    if (absl::Status fits = CheckForceKey(cube.operation, cube.force); !fits.ok()) return fits;
  }
  const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->family(Family::kMilestone);
  rocksdb::WriteBatch batch;
  rocksdb::Status put = batch.Put(family.get(), EncodeMilestoneKey(position), milestone.SerializeAsString());
  for (const MilestoneOperationPart& part : operations) {
    if (!IsKeyPart(part.operation)) return BadKeyPart("operation", part.operation);
    if (!put.ok()) break;
    put =
        batch.Put(family.get(), EncodeMilestoneOperationKey(position, part.operation), part.record.SerializeAsString());
  }
  for (const CheckpointPart& part : cubes) {
    if (!put.ok()) break;
    put = batch.Put(family.get(), EncodeMilestoneCubeKey(position, part.operation, part.force),
                    part.cube.SerializeAsString());
  }
  // The groups of the log need not wait until the write-ahead log has taken this too.
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  if (put.ok()) put = database_->db().Write(options, &batch);
  if (put.ok()) return absl::OkStatus();
  return Fail(FromRocksDb(put, absl::StrCat("write ", Of("milestones"))));
}

absl::StatusOr<std::optional<store::v1::Milestone>> RocksDbStore::FindMilestone(LogPosition at_or_before) const {
  if (at_or_before < 1) return std::nullopt;
  const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->family(Family::kMilestone);
  LogPosition position = 0;
  {
    const std::unique_ptr<rocksdb::Iterator> iterator(database_->db().NewIterator(LookUpOptions(), family.get()));
    iterator->SeekForPrev(EndOfMilestone(at_or_before));
    if (!iterator->Valid()) {
      if (iterator->status().ok()) return std::nullopt;
      return FromRocksDb(iterator->status(), absl::StrCat("read ", Of("milestones")), kMendMilestones);
    }
    const absl::StatusOr<LogPosition> found = DecodeMilestonePosition(ToView(iterator->key()));
    if (!found.ok()) return DataLossAt(Of("milestones"), found.status().message(), kMendMilestones);
    position = *found;
  }
  absl::StatusOr<store::v1::Milestone> milestone =
      ReadMilestoneRecord<store::v1::Milestone>(EncodeMilestoneKey(position), position);
  if (!milestone.ok()) return milestone.status();
  if (milestone->position() != position) {
    return DataLossAt(Of("milestones"), absl::StrCat("the one at position ", position, " is of another"),
                      kMendMilestones);
  }
  return *std::move(milestone);
}

template <typename Message>
absl::StatusOr<Message> RocksDbStore::ReadMilestoneRecord(const std::string& key, LogPosition position) const {
  const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->family(Family::kMilestone);
  const auto damaged = [&](absl::string_view problem) {
    return DataLossAt(Of("milestones"), absl::StrCat("of the one at position ", position, " a record ", problem),
                      kMendMilestones);
  };
  rocksdb::PinnableSlice bytes;
  const rocksdb::Status read = database_->db().Get(ScanOptions(), family.get(), key, &bytes);
  if (read.IsNotFound()) return damaged("is missing");
  if (!read.ok()) return FromRocksDb(read, absl::StrCat("read ", Of("milestones")), kMendMilestones);
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return damaged("cannot be parsed");
  return message;
}

absl::StatusOr<store::v1::MilestoneOperation> RocksDbStore::ReadMilestoneOperation(LogPosition position,
                                                                                   absl::string_view operation) const {
  if (position < 1 || !IsKeyPart(operation)) return BadKeyPart("operation", operation);
  return ReadMilestoneRecord<store::v1::MilestoneOperation>(EncodeMilestoneOperationKey(position, operation), position);
}

absl::StatusOr<store::v1::CheckpointForceCube> RocksDbStore::ReadMilestoneCube(LogPosition position,
                                                                               absl::string_view operation,
                                                                               absl::string_view force) const {
  if (absl::Status fits = CheckForceKey(operation, force); !fits.ok()) return fits;
  if (position < 1) return absl::InvalidArgumentError("milestones are at positions from 1");
  return ReadMilestoneRecord<store::v1::CheckpointForceCube>(EncodeMilestoneCubeKey(position, operation, force),
                                                             position);
}

uint64_t RocksDbStore::MilestoneBytes() const {
  const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->family(Family::kMilestone);
  uint64_t bytes = 0;
  database_->db().GetIntProperty(family.get(), rocksdb::DB::Properties::kTotalSstFilesSize, &bytes);
  return bytes;
}

absl::Status RocksDbStore::DropMilestones() {
  if (absl::Status writable = CheckWritable(); !writable.ok()) return writable;
  if (absl::Status replaced = database_->ReplaceFamily(Family::kMilestone); !replaced.ok()) return Fail(replaced);
  return absl::OkStatus();
}

absl::Status RocksDbStore::Flush() {
  if (absl::Status writable = CheckWritable(); !writable.ok()) return writable;
  MUSTER_FAILPOINT("flush:before");
  if (absl::Status flushed = database_->Flush(); !flushed.ok()) return flushed;
  MUSTER_FAILPOINT("flush:after-tables");
  // It need not be synced, but a disk that cannot is one that fails.
  if (absl::Status synced = mark_->Sync(); !synced.ok()) return Fail(std::move(synced));
  MUSTER_FAILPOINT("flush:after");
  return absl::OkStatus();
}

absl::StatusOr<BackupReport> RocksDbStore::Backup(const BackupOptions& options) const {
  // What a failed write left on disk is not known: it must not get into a backup.
  if (absl::Status writable = CheckWritable(); !writable.ok()) return writable;
  return WriteBackup(*database_, last_position(), options);
}

absl::Status RocksDbStore::CheckWritable() const {
  if (!failed_.load(std::memory_order_acquire)) return absl::OkStatus();
  const std::lock_guard lock(failure_mutex_);
  return absl::UnavailableError(
      absl::StrCat("the store in '", database_->directory(),
                   "' takes no more writes since one failed, until it is opened again: ", failure_));
}

absl::Status RocksDbStore::Write(rocksdb::WriteBatch& batch, absl::string_view what) {
  const rocksdb::Status written = database_->db().Write(SyncedWrite(), &batch);
  if (written.ok()) return absl::OkStatus();
  return Fail(FromRocksDb(written, absl::StrCat("write ", Of(what))));
}

absl::Status RocksDbStore::Fail(absl::Status status) {
  const std::lock_guard lock(failure_mutex_);
  if (failure_.empty()) failure_ = std::string(status.message());
  failed_.store(true, std::memory_order_release);
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(options);
  if (!database.ok()) return database.status();
  rocksdb::Env* const env = options.environment != nullptr ? options.environment : rocksdb::Env::Default();
  const uint64_t keep_free_bytes =
      options.keep_free_bytes != 0 ? options.keep_free_bytes : KeepFreeBytes(options.directory);
  auto store = std::make_unique<RocksDbStore>(*std::move(database), env, keep_free_bytes);
  if (const absl::Status recovered = store->Recover(); !recovered.ok()) return recovered;
  return store;
}

absl::StatusOr<StoreInspection> Store::Inspect(const std::string& directory) {
  const absl::StatusOr<bool> is_store = Database::IsStore(directory);
  if (!is_store.ok()) return is_store.status();
  std::error_code error;
  const bool is_there = std::filesystem::exists(directory, error);
  const std::string disk_of = is_there ? directory : ParentFolder(directory);
  const std::filesystem::space_info space = std::filesystem::space(disk_of, error);
  if (error) {
    return absl::FailedPreconditionError(absl::StrCat("cannot look at the disk of '", disk_of, "': ", error.message()));
  }
  return StoreInspection{
      .holds_store = *is_store, .free_bytes = space.available, .keep_free_bytes = KeepFreeBytes(disk_of)};
}

}  // namespace muster
