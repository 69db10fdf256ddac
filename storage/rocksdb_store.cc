#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/check.h"
#include "rocksdb/db.h"
#include "rocksdb/iterator.h"
#include "rocksdb/options.h"
#include "rocksdb/write_batch.h"
#include "storage/database.h"
#include "storage/keys.h"
#include "storage/log_chunk.h"
#include "storage/records.h"
#include "storage/status.h"
#include "storage/store.h"

namespace muster {
namespace {

// How far a replay reads ahead.
constexpr size_t kReplayReadaheadBytes = size_t{2} << 20;
// Keys that are looked up together.
constexpr size_t kMultiGetKeys = 256;
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

// Walks over the chunks of the log as they were when it was made. For one thread.
class LogCursor {
 public:
  // What `options` point to must outlive this object.
  LogCursor(const Database& database, const rocksdb::ReadOptions& options)
      : where_(absl::StrCat("the log of '", database.directory(), "'")),
        iterator_(database.db().NewIterator(options, database.family(Family::kLog))) {}

  // Moves to the chunk that holds `position`. DATA_LOSS if none does.
  absl::Status SeekTo(LogPosition position) {
    const std::array<char, kLogKeyBytes> key = EncodeLogKey(position);
    iterator_->SeekForPrev(ToSlice(key));
    if (const absl::Status loaded = Load(); !loaded.ok()) return loaded;
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
    if (const absl::Status loaded = Load(); !loaded.ok()) return loaded;
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
    const absl::StatusOr<LogPosition> first = DecodeLogKey(ToView(iterator_->key()));
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
  explicit RocksDbStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  // Finds the end of the log and checks what opening the database cannot have checked. Once, before anything else.
  absl::Status Recover();

  LogPosition last_position() const override { return last_position_.load(std::memory_order_acquire); }
  absl::Status Append(const LogGroup& group, absl::Span<const NewestRevisionUpdate> updates) override;
  absl::StatusOr<std::vector<std::optional<NewestRevision>>> ReadNewestRevisions(
      absl::Span<const ResultKey> keys) const override;
  absl::StatusOr<std::vector<NewestRevisionUpdate>> ListNewestRevisions(absl::string_view operation,
                                                                        absl::string_view force,
                                                                        absl::string_view after,
                                                                        int limit) const override;
  absl::StatusOr<std::vector<LoggedEntry>> ReadEntries(absl::Span<const LogPosition> positions) const override;
  absl::Status Replay(LogPosition first, const std::function<absl::Status(const LoggedEntry&)>& visit) const override;
  absl::StatusOr<std::vector<muster::v1::Operation>> ReadOperations() const override;
  absl::Status WriteCheckpoint(const store::v1::CheckpointHeader& header, absl::Span<const CheckpointPart> changed,
                               bool replace) override;
  absl::StatusOr<std::optional<store::v1::CheckpointHeader>> ReadCheckpointHeader() const override;
  absl::Status ReadCheckpoint(const std::function<absl::Status(CheckpointPart)>& visit) const override;
  absl::Status Flush() override;

 private:
  // An update of the group that is being written, with its key in update_keys_.
  struct OrderedUpdate {
    size_t key_begin;
    size_t key_bytes;
    const NewestRevision* newest;
  };
  using PartVisitor =
      std::function<absl::Status(const CheckpointPartKey& key, LogPosition position, absl::string_view record)>;

  // "the log of '/data'", for messages.
  std::string Of(absl::string_view what) const {
    return absl::StrCat("the ", what, " of the store in '", database_->directory(), "'");
  }

  absl::Status CheckRecoveredLog(LogCursor& cursor) const;
  absl::Status CheckGroup(const LogGroup& group, absl::Span<const NewestRevisionUpdate> updates) const;
  absl::Status PutGroup(const LogGroup& group, absl::Span<const NewestRevisionUpdate> updates);
  absl::StatusOr<NewestRevision> DecodeNewest(absl::string_view key, absl::string_view record) const;

  // Visits every part of the checkpoint, and returns its header, nullopt if there is no checkpoint. DATA_LOSS, though
  // parts may have been visited by then, if a part is missing or of an earlier checkpoint than it should be.
  absl::StatusOr<std::optional<CheckpointHeaderRecord>> ScanCheckpoint(const PartVisitor& visit) const;

  // UNAVAILABLE once a write has failed.
  absl::Status CheckWritable() const;
  // Writes `batch`, synced. Whatever fails is the last that is written.
  absl::Status Write(rocksdb::WriteBatch& batch, absl::string_view what);
  absl::Status Fail(absl::Status status);

  const std::unique_ptr<Database> database_;
  std::atomic<LogPosition> last_position_ = 0;

  // Touched by the thread that appends alone. Memory is kept from one group to the next.
  int64_t last_accept_time_us_ = 0;
  rocksdb::WriteBatch group_batch_;
  LogChunkWriter chunk_writer_;
  std::string update_keys_;
  std::vector<OrderedUpdate> update_order_;

  // Touched by the thread that writes checkpoints alone: the parts of the checkpoint on disk by key, each with the
  // position of the checkpoint that wrote it; nullopt before it was looked at.
  std::optional<std::map<std::string, LogPosition>> part_positions_;

  std::atomic<bool> failed_ = false;
  mutable std::mutex failure_mutex_;  // Guards failure_.
  std::string failure_;               // Why the first failed write failed.
};

absl::Status RocksDbStore::Recover() {
  LogCursor cursor(*database_, ScanOptions());
  if (const absl::Status found = cursor.SeekToLast(); !found.ok()) return found;
  if (cursor.at_chunk()) {
    last_position_.store(cursor.last(), std::memory_order_release);
    last_accept_time_us_ = cursor.accept_time_us();
    if (const absl::Status whole = CheckRecoveredLog(cursor); !whole.ok()) return whole;
  }

  // A damaged checkpoint keeps no store from opening: whoever reads it is told, and makes it anew.
  const absl::StatusOr<std::optional<store::v1::CheckpointHeader>> checkpoint = ReadCheckpointHeader();
  if (checkpoint.ok() && checkpoint->has_value() && (*checkpoint)->position() > last_position()) {
    return DataLossAt(Of("log"),
                      absl::StrCat("it ends at position ", last_position(), ", but a checkpoint was made at ",
                                   (*checkpoint)->position(), ": the end of the write-ahead log is lost"));
  }
  return absl::OkStatus();
}

// What came from the write-ahead log may have a hole that RocksDB does not notice (database.cc says how). The table
// files from before were written whole, and are listed in the manifest.
absl::Status RocksDbStore::CheckRecoveredLog(LogCursor& cursor) const {
  for (uint64_t left = database_->recovered_chunk_count(); left > 0; --left) {
    const LogPosition first = cursor.first();
    if (const absl::Status moved = cursor.Previous(); !moved.ok()) return moved;
    if (!cursor.at_chunk()) return first == 1 ? absl::OkStatus() : cursor.Missing(first - 1);
    if (cursor.last() != first - 1) return cursor.Missing(first - 1);
  }
  return absl::OkStatus();
}

absl::Status RocksDbStore::CheckGroup(const LogGroup& group, absl::Span<const NewestRevisionUpdate> updates) const {
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
  for (const store::v1::LogEntry& entry : group.entries) {
    if (entry.has_operation()) {
      const std::string& id = entry.operation().operation().id();
      if (!IsKeyPart(id)) return BadKeyPart("operation", id);
    } else if (entry.result().result().result_id().empty()) {
      return absl::InvalidArgumentError("an entry of the group is neither a result with a result_id nor an operation");
    }
  }
  const LogPosition last = last_position() + static_cast<LogPosition>(group.entries.size());
  for (const NewestRevisionUpdate& update : updates) {
    if (const absl::Status fits = CheckResultKey(update.key); !fits.ok()) return fits;
    if (update.newest.position < group.first_position || update.newest.position > last || update.newest.revision < 1) {
      return absl::InvalidArgumentError(absl::StrCat("the newest revision of '", update.key.result_id,
                                                     "' is no revision of this group: revision ",
                                                     update.newest.revision, ", position ", update.newest.position));
    }
  }
  return absl::OkStatus();
}

// Nothing here allocates for an entry once the batch and the buffers have grown to the size of a group. Operations are
// few.
absl::Status RocksDbStore::PutGroup(const LogGroup& group, absl::Span<const NewestRevisionUpdate> updates) {
  group_batch_.Clear();
  rocksdb::Status put;

  rocksdb::ColumnFamilyHandle* const log = database_->family(Family::kLog);
  const absl::Span<const store::v1::LogEntry> entries = group.entries;
  for (size_t begin = 0; put.ok() && begin < entries.size();) {
    const size_t taken = chunk_writer_.Write(group.accept_time_us, entries.subspan(begin));
    const auto key = EncodeLogKey(group.first_position + static_cast<LogPosition>(begin));
    put = group_batch_.Put(log, ToSlice(key), ToSlice(chunk_writer_.bytes()));
    begin += taken;
  }

  // In the order of their keys: neighbours in the memtable are found from each other, and of what a force sends in one
  // piece most are neighbours. Of a key that comes twice the later update is put later, and stays.
  update_keys_.clear();
  update_order_.clear();
  for (const NewestRevisionUpdate& update : updates) {
    const size_t begin = update_keys_.size();
    AppendNewestKey(update.key, update_keys_);
    update_order_.push_back({begin, update_keys_.size() - begin, &update.newest});
  }
  const auto key_of = [&](const OrderedUpdate& update) {
    return absl::string_view(update_keys_).substr(update.key_begin, update.key_bytes);
  };
  std::sort(update_order_.begin(), update_order_.end(), [&](const OrderedUpdate& a, const OrderedUpdate& b) {
    const int order = key_of(a).compare(key_of(b));
    return order != 0 ? order < 0 : a.newest < b.newest;
  });
  rocksdb::ColumnFamilyHandle* const newest = database_->family(Family::kNewest);
  for (const OrderedUpdate& update : update_order_) {
    if (!put.ok()) break;
    put = group_batch_.Put(newest, ToSlice(key_of(update)), ToSlice(EncodeNewestRecord(*update.newest)));
  }

  rocksdb::ColumnFamilyHandle* const operations = database_->family(Family::kOperation);
  for (const store::v1::LogEntry& entry : entries) {
    if (!put.ok()) break;
    if (!entry.has_operation()) continue;
    const muster::v1::Operation& operation = entry.operation().operation();
    put = group_batch_.Put(operations, EncodeOperationKey(operation.id()), operation.SerializeAsString());
  }
  return FromRocksDb(put, absl::StrCat("make a group for ", Of("log")));
}

absl::Status RocksDbStore::Append(const LogGroup& group, absl::Span<const NewestRevisionUpdate> updates) {
  if (const absl::Status writable = CheckWritable(); !writable.ok()) return writable;
  if (const absl::Status fits = CheckGroup(group, updates); !fits.ok()) return fits;
  if (const absl::Status put = PutGroup(group, updates); !put.ok()) return put;
  if (const absl::Status written = Write(group_batch_, "log"); !written.ok()) return written;
  if (group_batch_.GetDataSize() > kKeptBatchBytes) group_batch_ = rocksdb::WriteBatch();

  last_accept_time_us_ = group.accept_time_us;
  last_position_.store(group.first_position + static_cast<LogPosition>(group.entries.size()) - 1,
                       std::memory_order_release);
  return absl::OkStatus();
}

absl::StatusOr<NewestRevision> RocksDbStore::DecodeNewest(absl::string_view key, absl::string_view record) const {
  absl::StatusOr<NewestRevision> newest = DecodeNewestRecord(record);
  if (newest.ok()) return newest;
  return DataLossAt(absl::StrCat("key '", PrintableBytes(key), "' in ", Of("newest revisions")),
                    newest.status().message());
}

absl::StatusOr<std::vector<std::optional<NewestRevision>>> RocksDbStore::ReadNewestRevisions(
    absl::Span<const ResultKey> keys) const {
  std::vector<std::optional<NewestRevision>> found;
  found.reserve(keys.size());

  const size_t most = std::min(keys.size(), kMultiGetKeys);
  std::string key_bytes;
  std::vector<size_t> key_ends(most);
  std::vector<rocksdb::Slice> slices(most);
  std::vector<rocksdb::PinnableSlice> records(most);
  std::vector<rocksdb::Status> statuses(most);
  for (size_t begin = 0; begin < keys.size(); begin += most) {
    const size_t count = std::min(most, keys.size() - begin);
    key_bytes.clear();
    for (size_t i = 0; i < count; ++i) {
      const ResultKey& key = keys[begin + i];
      if (const absl::Status fits = CheckResultKey(key); !fits.ok()) return fits;
      AppendNewestKey(key, key_bytes);
      key_ends[i] = key_bytes.size();
    }
    // The bytes have stopped moving.
    for (size_t i = 0, start = 0; i < count; start = key_ends[i++]) {
      slices[i] = rocksdb::Slice(key_bytes.data() + start, key_ends[i] - start);
      records[i].Reset();
    }
    database_->db().MultiGet(LookUpOptions(), database_->family(Family::kNewest), count, slices.data(), records.data(),
                             statuses.data());
    for (size_t i = 0; i < count; ++i) {
      if (statuses[i].IsNotFound()) {
        found.emplace_back(std::nullopt);
        continue;
      }
      if (!statuses[i].ok()) {
        return FromRocksDb(statuses[i], absl::StrCat("read key '", PrintableBytes(ToView(slices[i])), "' in ",
                                                     Of("newest revisions")));
      }
      const absl::StatusOr<NewestRevision> newest = DecodeNewest(ToView(slices[i]), ToView(records[i]));
      if (!newest.ok()) return newest.status();
      found.emplace_back(*newest);
    }
  }
  return found;
}

absl::StatusOr<std::vector<NewestRevisionUpdate>> RocksDbStore::ListNewestRevisions(absl::string_view operation,
                                                                                    absl::string_view force,
                                                                                    absl::string_view after,
                                                                                    int limit) const {
  if (const absl::Status fits = CheckForceKey(operation, force); !fits.ok()) return fits;
  const std::string prefix = EncodeNewestPrefix(operation, force);
  const std::string end = AfterPrefix(prefix);
  // No result_id holds a zero byte, so nothing lies between `after` and `after` with one.
  std::string start = absl::StrCat(prefix, after);
  if (!after.empty()) start.push_back('\0');

  const rocksdb::Slice upper_bound = end;
  rocksdb::ReadOptions options = LookUpOptions();
  options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> iterator(
      database_->db().NewIterator(options, database_->family(Family::kNewest)));
  std::vector<NewestRevisionUpdate> found;
  for (iterator->Seek(start); iterator->Valid() && static_cast<int64_t>(found.size()) < limit; iterator->Next()) {
    absl::StatusOr<ResultKey> key = DecodeNewestKey(ToView(iterator->key()));
    if (!key.ok()) return DataLossAt(Of("newest revisions"), key.status().message());
    const absl::StatusOr<NewestRevision> newest = DecodeNewest(ToView(iterator->key()), ToView(iterator->value()));
    if (!newest.ok()) return newest.status();
    found.push_back({*std::move(key), *newest});
  }
  if (!iterator->status().ok()) {
    return FromRocksDb(iterator->status(), absl::StrCat("read ", Of("newest revisions")));
  }
  return found;
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

  const std::array<char, kLogKeyBytes> end = EncodeLogKey(last + 1);
  const rocksdb::Slice upper_bound = ToSlice(end);
  rocksdb::ReadOptions options = ScanOptions();
  options.iterate_upper_bound = &upper_bound;
  options.readahead_size = kReplayReadaheadBytes;
  LogCursor cursor(*database_, options);
  if (const absl::Status found = cursor.SeekTo(first); !found.ok()) return found;
  LoggedEntry logged;
  for (LogPosition position = first; position <= last; ++position) {
    if (position > cursor.last()) {
      if (const absl::Status moved = cursor.Next(); !moved.ok()) return moved;
    }
    if (const absl::Status read = cursor.Read(position, logged); !read.ok()) return read;
    if (const absl::Status visited = visit(logged); !visited.ok()) return visited;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<muster::v1::Operation>> RocksDbStore::ReadOperations() const {
  const std::unique_ptr<rocksdb::Iterator> iterator(
      database_->db().NewIterator(ScanOptions(), database_->family(Family::kOperation)));
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
  if (const absl::Status writable = CheckWritable(); !writable.ok()) return writable;
  if (header.position() < 0 || header.position() > last_position()) {
    return absl::InvalidArgumentError(absl::StrCat("a checkpoint at position ", header.position(),
                                                   " is not of this log, which ends at ", last_position()));
  }
  for (const CheckpointPart& part : changed) {
    if (const absl::Status fits = CheckForceKey(part.operation, part.force); !fits.ok()) return fits;
  }

  if (replace) {
    // Not by deletions: a family that is damaged could not be compacted any more, and would stop all writing.
    part_positions_.reset();
    if (const absl::Status replaced = database_->ReplaceCheckpointFamily(); !replaced.ok()) return Fail(replaced);
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

  const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->checkpoint_family();
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
  return Write(batch, "checkpoint");
}

absl::StatusOr<std::optional<CheckpointHeaderRecord>> RocksDbStore::ScanCheckpoint(const PartVisitor& visit) const {
  const auto damaged = [&](absl::string_view problem) {
    return DataLossAt(Of("checkpoint"), problem, kMendCheckpoint);
  };
  const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->checkpoint_family();
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
  const std::shared_ptr<rocksdb::ColumnFamilyHandle> family = database_->checkpoint_family();
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

absl::Status RocksDbStore::Flush() {
  if (const absl::Status writable = CheckWritable(); !writable.ok()) return writable;
  const std::shared_ptr<rocksdb::ColumnFamilyHandle> checkpoint = database_->checkpoint_family();
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  for (const Family family : kFamilies) {
    families.push_back(family == Family::kCheckpoint ? checkpoint.get() : database_->family(family));
  }
  return FromRocksDb(database_->db().Flush(rocksdb::FlushOptions(), families),
                     absl::StrCat("flush the store in '", database_->directory(), "'"));
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
  auto store = std::make_unique<RocksDbStore>(*std::move(database));
  if (const absl::Status recovered = store->Recover(); !recovered.ok()) return recovered;
  return store;
}

}  // namespace muster
